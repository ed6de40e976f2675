import ExchangeCore

/// Documents of one patient that somebody put together (ITI TF-3 4.2.3.4, FHIR `List` with code `folder`).
///
/// Which documents are in it stands beside it: they come by submissions, and none is ever taken out.
package struct Folder: Hashable, Sendable {
    /// `entryUUID`, also the FHIR id of the List.
    package let id: FolderID
    /// `uniqueId` as a URI; may be used once in a registry.
    package let uniqueID: String
    /// The patient all its documents belong to.
    package let patient: PatientID
    /// What people read in a list.
    package var title: String?
    /// `codeList`, MHD's designation types.
    package var codes: [CodedValue]
    /// `comments`, FHIR `note`.
    package var comments: String?

    /// A folder from its parts.
    package init(
        id: FolderID, uniqueID: String, patient: PatientID, title: String? = nil, codes: [CodedValue] = [],
        comments: String? = nil,
    ) {
        self.id = id
        self.uniqueID = uniqueID
        self.patient = patient
        self.title = title
        self.codes = codes
        self.comments = comments
    }
}
