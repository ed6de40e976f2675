import CDA
import ExchangeCore
import XDSMetadata
import XML

/// What a document itself says for its registry entry, and what it leaves open (ITI-106; IHE PCC TF-2 4.1).
package struct DerivedMetadata: Sendable {
    /// One thing missing or doubtful, for the person who publishes.
    package struct Finding: Hashable, Sendable {
        /// Whether the document can be published all the same.
        package let isError: Bool
        /// Where in the document.
        package let path: String
        /// What to do; no patient data.
        package let message: String

        /// A finding from its parts.
        package init(isError: Bool, path: String, message: String) {
            self.isError = isError
            self.path = path
            self.message = message
        }
    }

    /// The entry as far as the document tells it.
    package var draft: DocumentDraft
    /// The patient it is about, by the identifiers and demographics it gives.
    package var patient: SubmittedPatient
    /// What is missing or doubtful, worst first.
    package var findings: [Finding]

    /// Whether it can be published.
    package var isPublishable: Bool { !findings.contains(where: \.isError) }
}

/// ITI-106 Generate Metadata: a C-CDA gives its own registry entry.
package enum MetadataDerivation {
    /// Derives metadata from the bytes of a CDA document.
    ///
    /// - Throws: `.badRequest` when it is not XML or not a ClinicalDocument; `.tooLarge` past a limit of the XML
    /// reader.
    package static func derive(
        _ bytes: [UInt8], limits: ExchangeLimits = ExchangeLimits(), labeler: SensitivityLabeler = .standard,
    ) throws(ExchangeError) -> DerivedMetadata {
        try derive(ClinicalDocument.read(bytes, limits: xmlLimits(limits)), of: bytes, labeler: labeler)
    }

    /// The XML reader's limits for a document that may be registered.
    package static func xmlLimits(_ limits: ExchangeLimits) -> XMLLimits {
        var xml = XMLLimits()
        xml.bytesMax = min(xml.bytesMax, limits.documentBytesMax)
        return xml
    }

    /// Derives metadata, with hashes and size, from a document that was read from these bytes.
    package static func derive(
        _ document: ClinicalDocument, of bytes: [UInt8], labeler: SensitivityLabeler = .standard,
    ) -> DerivedMetadata {
        var derived = derive(document, labeler: labeler)
        derived.draft.digest = ContentDigest(bytes)
        derived.draft.sha1 = derived.draft.digest?.sha1
        derived.draft.size = bytes.count
        return derived
    }

    /// Derives metadata from a document that was read.
    package static func derive(_ document: ClinicalDocument, labeler: SensitivityLabeler = .standard)
        -> DerivedMetadata
    {
        var draft = DocumentDraft(mimeType: "text/xml")
        draft.uniqueID = document.uniqueID
        draft.title = document.title
        draft.language = document.language
        draft.creationTime = document.effectiveTime
        draft.serviceStart = document.serviceStart
        draft.serviceStop = document.serviceStop
        draft.typeCode = document.code
        draft.classCode = document.code.map { DocumentClasses.classCode(of: $0) ?? $0 }
        draft.formatCode = formatCode(document)
        draft.facilityType = document.encounter?.facilityType
        draft.practiceSetting = document.authors.compactMap(\.role).first
        draft.eventCodes = document.serviceEvents.compactMap(\.code)
        draft.securityCodes = labeler.labels(stated: [confidentiality(document)], of: document)
        draft.authors = document.authors.map(author)
        let target = document.recordTargets.first
        draft.sourcePatient = target?.identifiers.first
        draft.related = (document.encounter?.identifiers ?? []).compactMap(\.patientIdentifier)
            .map { $0.system + "|" + $0.value }
        draft.relations = relations(document)
        return DerivedMetadata(
            draft: draft,
            patient: SubmittedPatient(
                identifiers: target?.identifiers ?? [], demographics: target?.demographics),
            findings: document.problems.map {
                .init(isError: $0.severity == .error, path: $0.path, message: $0.message)
            })
    }

    /// What the document says; `R` when it says nothing that we know.
    private static func confidentiality(_ document: ClinicalDocument) -> CodedValue {
        let restricted = CodedValue(code: Confidentiality.restricted.rawValue, system: CodeSystems.confidentiality)
        guard let stated = document.confidentiality.flatMap({ Confidentiality(rawValue: $0.code) }) else {
            return restricted
        }
        return CodedValue(code: stated.rawValue, system: CodeSystems.confidentiality)
    }

    private static func formatCode(_ document: ClinicalDocument) -> CodedValue? {
        let isRelease2 = document.templates.contains { $0.extension != nil }
        let version = isRelease2 ? "2.1" : "1.1"
        switch document.body {
        case .structured:
            return CodedValue(
                code: "urn:hl7-org:sdwg:ccda-structuredBody:" + version, system: CodeSystems.documentFormat)
        case .unstructured:
            return CodedValue(code: "urn:hl7-org:sdwg:ccda-nonXMLBody:" + version, system: CodeSystems.documentFormat)
        case .missing: return nil
        }
    }

    private static func author(_ participant: Participant) -> DocumentAuthor {
        let organization = participant.organization
        return DocumentAuthor(
            person: participant.person,
            personIdentifier: participant.identifiers.lazy.compactMap(\.patientIdentifier).first,
            institution: organization?.name ?? participant.device,
            institutionIdentifier: organization?.identifiers.first?.uri,
            role: participant.role.map { $0.display ?? $0.code })
    }

    private static func relations(_ document: ClinicalDocument) -> [DocumentDraft.Relation] {
        document.relatedDocuments.flatMap { related -> [DocumentDraft.Relation] in
            let kind: RelationKind
            switch related.kind {
            case "RPLC": kind = .replaces
            case "APND": kind = .appends
            case "XFRM": kind = .transforms
            default: return []
            }
            return related.identifiers.map { DocumentDraft.Relation(kind, target: nil, reference: $0.uri) }
        }
    }
}
