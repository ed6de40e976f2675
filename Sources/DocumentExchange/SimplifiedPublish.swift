import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// ITI-105 Simplified Publish: one DocumentReference with its bytes inside; the recipient makes the submission set.
package enum SimplifiedPublish {
    /// Reads and checks a DocumentReference with `content.attachment.data`.
    ///
    /// - Throws: `.badRequest` with IHE's code word and the path of the element; `.tooLarge` past a limit.
    package static func read(_ reference: JSONObject, limits: ExchangeLimits = ExchangeLimits())
        throws(ExchangeError) -> ProvideRequest
    {
        let path = "DocumentReference"
        guard reference["resourceType"]?.string == path else {
            throw ExchangeError(.badRequest, "a DocumentReference is wanted here", at: "resourceType")
        }
        if let place = BundleParts.mustUnderstand(.object(reference), at: path) {
            throw ExchangeError(.badRequest, "an extension that changes the meaning is not understood here", at: place)
        }
        let lookup = ResourceLookup(container: reference)
        let (draft, content) = try DraftReading(path: path, lookup: lookup).draft(reference)
        guard case .inline(let bytes) = content else {
            throw ExchangeError(
                .badRequest, "XDSMissingDocument: the document's bytes must be in data",
                at: path + ".content[0].attachment.data")
        }
        let subject = FHIRReference(json: reference["subject"])
        let source = FHIRReference(json: reference["context"]?["sourcePatientInfo"])
        guard subject != nil || source != nil else {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the document names no patient", at: path + ".subject")
        }
        var request = ProvideRequest(patient: PatientReading.patient(subject, sourceInfo: source, lookup))
        request.documents = [(draft, bytes)]
        try SubmissionRules.withinLimits(request.documents, limits)
        request.documents[0].draft.digest = try SubmissionRules.statedContent(draft, bytes, at: path)
        request.contentType = draft.typeCode
        request.parts = [.document(0)]
        return request
    }
}
