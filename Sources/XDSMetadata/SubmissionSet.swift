import ExchangeCore

/// What was submitted together, by whom and when (ITI TF-3 4.2.3.3, FHIR `List` with code `submissionset`).
package struct SubmissionSet: Hashable, Sendable {
    /// `entryUUID`, also the FHIR id of the List.
    package let id: SubmissionID
    /// `uniqueId` as a URI; may be used once in a registry.
    package let uniqueID: String
    /// The patient all its documents belong to.
    package let patient: PatientID
    /// `sourceId`: the system that sent it, as a URI.
    package var sourceID: String?
    /// When it was submitted.
    package var submissionTime: PartialDate
    /// `contentTypeCode`, MHD's designation type.
    package var contentType: CodedValue?
    /// Document entries in the submission, in order.
    package var documents: [DocumentID]
    /// Folders that it made or put documents into, in order.
    package var folders: [FolderID] = []
    /// Who submitted it, FHIR `source`.
    package var author: DocumentAuthor?
    /// What people read in a list.
    package var title: String?
    /// `comments`, FHIR `note`.
    package var comments: String?
    /// `intendedRecipient`: names such as `urn:oid:...`, `Practitioner/7`, or words for people.
    package var recipients: [String] = []

    /// A submission set from its parts.
    package init(
        id: SubmissionID, uniqueID: String, patient: PatientID, sourceID: String? = nil, submissionTime: PartialDate,
        contentType: CodedValue? = nil, documents: [DocumentID],
    ) {
        self.id = id
        self.uniqueID = uniqueID
        self.patient = patient
        self.sourceID = sourceID
        self.submissionTime = submissionTime
        self.contentType = contentType
        self.documents = documents
    }
}
