import ExchangeCore
import XDSMetadata

/// How a submission names its patient: any of these, to be resolved against the patient index.
package struct SubmittedPatient: Hashable, Sendable {
    /// The reference as written, such as `Patient/0190...` or `https://mpi.example.org/fhir/Patient/994`.
    package var reference: String?
    /// The record, when the reference is `Patient/` and an id of this node's form.
    package var record: PatientID?
    /// Identifiers: of the reference, or of the contained or bundled Patient.
    package var identifiers: [PatientIdentifier]
    /// The contained or bundled Patient's demographics.
    package var demographics: Demographics?

    /// A patient from how it was named.
    package init(
        reference: String? = nil, record: PatientID? = nil, identifiers: [PatientIdentifier] = [],
        demographics: Demographics? = nil,
    ) {
        self.reference = reference
        self.record = record
        self.identifiers = identifiers
        self.demographics = demographics
    }
}

/// A document entry before the node has given it an id, a patient and a time: what the source says of it.
package struct DocumentDraft: Hashable, Sendable {
    /// A relation to an earlier document, as the source names it.
    package struct Relation: Hashable, Sendable {
        /// What the relation says.
        package let kind: RelationKind
        /// The earlier entry's id, when the reference is of this node's form.
        package let target: DocumentID?
        /// The reference as written.
        package let reference: String

        /// A relation as submitted.
        package init(_ kind: RelationKind, target: DocumentID?, reference: String) {
            self.kind = kind
            self.target = target
            self.reference = reference
        }
    }

    /// `uniqueId`; nil when the source gave none (simplified publish, generated metadata).
    package var uniqueID: String?
    /// Media type.
    package var mimeType: String
    /// SHA-1 as the source states it.
    package var sha1: [UInt8]?
    /// Size as the source states it.
    package var size: Int?
    /// Title.
    package var title: String?
    /// Language, BCP 47.
    package var language: String?
    /// When it was written.
    package var creationTime: PartialDate?
    /// When the reported care began.
    package var serviceStart: PartialDate?
    /// When the reported care ended.
    package var serviceStop: PartialDate?
    /// `classCode`.
    package var classCode: CodedValue?
    /// `typeCode`.
    package var typeCode: CodedValue?
    /// `formatCode`.
    package var formatCode: CodedValue?
    /// `healthcareFacilityTypeCode`.
    package var facilityType: CodedValue?
    /// `practiceSettingCode`.
    package var practiceSetting: CodedValue?
    /// `eventCodeList`.
    package var eventCodes: [CodedValue] = []
    /// `confidentialityCode` and sensitivity labels.
    package var securityCodes: [CodedValue] = []
    /// Authors.
    package var authors: [DocumentAuthor] = []
    /// `sourcePatientId`.
    package var sourcePatient: PatientIdentifier?
    /// Relations to earlier documents.
    package var relations: [Relation] = []

    /// A draft of which only the media type is known.
    package init(mimeType: String) { self.mimeType = mimeType }

    /// The entry, with what only the node knows; relations to targets it cannot name are left out.
    package func entry(
        id: DocumentID, uniqueID: String, patient: PatientID, home: CommunityID, bytes: [UInt8],
        registered: Timestamp,
    ) -> DocumentEntry {
        let digest = ContentDigest(bytes)
        var entry = DocumentEntry(
            id: id, uniqueID: uniqueID, patient: patient, home: home, mimeType: mimeType, sha1: digest.sha1,
            sha256: digest.sha256, size: bytes.count, registered: registered)
        entry.title = title
        entry.language = language
        entry.creationTime = creationTime
        entry.serviceStart = serviceStart
        entry.serviceStop = serviceStop
        entry.classCode = classCode
        entry.typeCode = typeCode
        entry.formatCode = formatCode
        entry.facilityType = facilityType
        entry.practiceSetting = practiceSetting
        entry.eventCodes = eventCodes
        entry.securityCodes = securityCodes
        entry.authors = authors
        entry.sourcePatient = sourcePatient
        entry.relations = relations.compactMap { relation in
            relation.target.map { DocumentRelation(relation.kind, $0) }
        }
        return entry
    }
}

/// A submission as read and checked by itself, before patient and registry are looked at (ITI-65, ITI-105).
package struct ProvideRequest: Sendable {
    /// What one entry of the request was, for the answer, which has one entry per request entry in order.
    package enum Part: Hashable, Sendable {
        /// The submission set.
        case submissionSet
        /// The reference of the document with that index.
        case document(Int)
        /// The bytes of the document with that index.
        case content(Int)
        /// The patch that supersedes this reference.
        case supersede(String)
        /// The bundled Patient, which is not stored but resolved.
        case patient
        /// Something taken note of but not stored: a Practitioner, an Organization.
        case ignored(String)
    }

    /// The patient of the submission.
    package var patient: SubmittedPatient
    /// `uniqueId` of the submission set; nil when the recipient makes it (ITI-105).
    package var setUniqueID: String?
    /// `sourceId`.
    package var sourceID: String?
    /// When the source submitted it.
    package var submissionTime: PartialDate?
    /// `contentTypeCode`.
    package var contentType: CodedValue?
    /// The documents with their bytes, in order.
    package var documents: [(draft: DocumentDraft, bytes: [UInt8])]
    /// References that the source marks superseded by patch.
    package var superseded: [String]
    /// What the request's entries were, in order.
    package var parts: [Part]
    /// What was accepted in part, with its IHE code word.
    package var warnings: [String]

    /// A request from its patient and parts.
    package init(patient: SubmittedPatient) {
        self.patient = patient
        documents = []
        superseded = []
        parts = []
        warnings = []
    }

    /// The submission for a resolved patient; new ids are drawn in order: set, then documents.
    ///
    /// - Throws: `.notFound` (UnresolvedReferenceException) for a relation whose target is no entry of this node's form.
    package func submission(
        patient: PatientID, home: CommunityID, now: Timestamp, using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) -> Submission {
        throw ExchangeError(.unavailable, "not yet")
    }
}
