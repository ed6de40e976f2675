import ExchangeCore
import JSON
import XDSMetadata

/// What MHD's comprehensive metadata demands beyond the minimal (IHE.MHD.Comprehensive.DocumentReference).
enum MetadataCompleteness {
    static func check(_ draft: DocumentDraft, _ reference: JSONObject, at path: String) throws(ExchangeError) {
        let demanded: [(String, Bool)] = [
            ("type", draft.typeCode != nil),
            ("category", draft.classCode != nil),
            ("subject", reference["subject"] != nil),
            ("date", reference["date"] != nil),
            ("securityLabel", !draft.securityCodes.isEmpty),
            ("content[0].format", draft.formatCode != nil),
            ("content[0].attachment.hash", draft.sha1 != nil),
            ("content[0].attachment.size", draft.size != nil),
            ("content[0].attachment.creation", draft.creationTime != nil),
            ("context.facilityType", draft.facilityType != nil),
            ("context.practiceSetting", draft.practiceSetting != nil),
            ("context.sourcePatientInfo", reference["context"]?["sourcePatientInfo"] != nil),
        ]
        for (element, isThere) in demanded where !isThere {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: comprehensive metadata needs this element",
                at: "\(path).\(element)")
        }
    }
}
