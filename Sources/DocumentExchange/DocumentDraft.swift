import ExchangeCore
import XDSMetadata

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
    /// What it came from or refers to, as names (`DocumentEntry.related`).
    package var related: [String] = []
    /// Relations to earlier documents.
    package var relations: [Relation] = []

    /// The digest of the bytes, once a rule has computed it to compare it with what the source states.
    var digest: ContentDigest?

    /// A draft of which only the media type is known.
    package init(mimeType: String) { self.mimeType = mimeType }

    /// The entry, with what only the node knows; relations to targets it cannot name are left out.
    package func entry(
        id: DocumentID, uniqueID: String, patient: PatientID, home: CommunityID, bytes: [UInt8],
        registered: Timestamp,
    ) -> DocumentEntry {
        let digest = self.digest ?? ContentDigest(bytes)
        var entry = DocumentEntry(
            id: id, uniqueID: uniqueID, patient: patient, home: home, mimeType: mimeType, sha1: digest.sha1,
            sha256: digest.sha256, size: bytes.count, registered: registered)
        describe(&entry)
        return entry
    }

    /// Fills what the source says.
    func describe(_ entry: inout DocumentEntry) {
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
        entry.related = related
        entry.relations = relations.compactMap { relation in
            relation.target.map { DocumentRelation(relation.kind, $0) }
        }
    }
}
