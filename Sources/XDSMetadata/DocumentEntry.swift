import ExchangeCore

/// Whether a document is the valid one or was replaced (XDS `availabilityStatus`, FHIR `status`).
package enum AvailabilityStatus: String, Sendable, CaseIterable {
    /// XDS Approved, FHIR `current`.
    case current
    /// XDS Deprecated, FHIR `superseded`.
    case superseded
}

/// Who wrote a document (ITI TF-3 4.2.3.1.4).
package struct DocumentAuthor: Hashable, Sendable {
    /// The person, where one is named.
    package var person: PersonName?
    /// The person's identifier, such as an NPI.
    package var personIdentifier: PatientIdentifier?
    /// The institution's name.
    package var institution: String?
    /// The institution's identifier as an OID or URI.
    package var institutionIdentifier: String?
    /// The author's role or specialty, as text.
    package var role: String?

    /// An author from its parts.
    package init(
        person: PersonName? = nil, personIdentifier: PatientIdentifier? = nil, institution: String? = nil,
        institutionIdentifier: String? = nil, role: String? = nil,
    ) {
        self.person = person
        self.personIdentifier = personIdentifier
        self.institution = institution
        self.institutionIdentifier = institutionIdentifier
        self.role = role
    }
}

/// How a document relates to an earlier one (XDS association types, FHIR `relatesTo`).
package enum RelationKind: String, Sendable, CaseIterable {
    /// RPLC.
    case replaces
    /// XFRM.
    case transforms
    /// APND.
    case appends
    /// Signs.
    case signs
}

/// One relation of a document to an earlier document entry.
package struct DocumentRelation: Hashable, Sendable {
    /// What the relation says.
    package let kind: RelationKind
    /// The earlier document entry.
    package let target: DocumentID

    /// A relation to an earlier entry.
    package init(_ kind: RelationKind, _ target: DocumentID) {
        self.kind = kind
        self.target = target
    }
}

/// The metadata of one document (ITI TF-3 4.2.3.2, FHIR `DocumentReference` as MHD profiles it).
package struct DocumentEntry: Hashable, Sendable {
    /// `entryUUID`, also the FHIR id of reference and Binary.
    package let id: DocumentID
    /// `uniqueId` of the document itself: an OID or UUID as a URI (`urn:oid:...`), same wherever a copy lies.
    package let uniqueID: String
    /// The patient record the document was registered for.
    package let patient: PatientID
    /// The community that holds it.
    package let home: CommunityID
    /// Valid or replaced.
    package var status: AvailabilityStatus
    /// Media type of the bytes, such as `text/xml`.
    package var mimeType: String
    /// SHA-1 of the bytes, which MHD and XDS ask for (20 bytes); empty where another community does not say.
    package var sha1: [UInt8]
    /// SHA-256 of the bytes, which decides sameness here (32 bytes); empty where another community does not say.
    package var sha256: [UInt8]
    /// Length of the bytes; -1 where another community does not say.
    package var size: Int
    /// What people read in a list.
    package var title: String?
    /// Language, as BCP 47.
    package var language: String?
    /// When the document was written.
    package var creationTime: PartialDate?
    /// When the reported care began.
    package var serviceStart: PartialDate?
    /// When the reported care ended.
    package var serviceStop: PartialDate?
    /// When this node registered it.
    package var registered: Timestamp
    /// `classCode`, FHIR `category`.
    package var classCode: CodedValue?
    /// `typeCode`, FHIR `type`.
    package var typeCode: CodedValue?
    /// `formatCode`, FHIR `content.format`.
    package var formatCode: CodedValue?
    /// `healthcareFacilityTypeCode`, FHIR `context.facilityType`.
    package var facilityType: CodedValue?
    /// `practiceSettingCode`, FHIR `context.practiceSetting`.
    package var practiceSetting: CodedValue?
    /// `eventCodeList`, FHIR `context.event`.
    package var eventCodes: [CodedValue]
    /// `confidentialityCode` and sensitivity labels as submitted, FHIR `securityLabel`.
    package var securityCodes: [CodedValue]
    /// Authors in order.
    package var authors: [DocumentAuthor]
    /// `sourcePatientId`: the identifier the source knows the patient by.
    package var sourcePatient: PatientIdentifier?
    /// What it came from or refers to (`referenceIdList`, FHIR `context.encounter` and `context.related`): names such as
    /// `Encounter/7` or `system|value`.
    package var related: [String]
    /// Relations to earlier entries of this node.
    package var relations: [DocumentRelation]
    /// Where another community serves the bytes: path and query below its FHIR base, beginning with a slash. Nil for
    /// `/Binary/` and the id. Known to the node that asked, never stored.
    package var location: String?

    /// Which version of the metadata this is: all that ever changes is that it was replaced.
    package var version: Int { status == .current ? 1 : 2 }

    /// The version as HTTP's entity tag.
    package var versionTag: String { EntityTag.weak("\(version)") }

    /// The labels that consent judges, from `securityCodes`.
    package var labels: SecurityLabels { SecurityLabels(codes: securityCodes) }

    /// An entry from what every entry has; the rest is set after.
    package init(
        id: DocumentID, uniqueID: String, patient: PatientID, home: CommunityID, mimeType: String, sha1: [UInt8],
        sha256: [UInt8], size: Int, registered: Timestamp,
    ) {
        self.id = id
        self.uniqueID = uniqueID
        self.patient = patient
        self.home = home
        self.status = .current
        self.mimeType = mimeType
        self.sha1 = sha1
        self.sha256 = sha256
        self.size = size
        self.registered = registered
        self.eventCodes = []
        self.securityCodes = []
        self.authors = []
        self.related = []
        self.relations = []
    }
}
