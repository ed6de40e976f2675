import ExchangeCore
import XDSMetadata

/// What the document exchange reads of the entries registered here; the projection on floor 4 implements it.
package protocol RegistryProjection: Sendable {
    /// A patient's entries that match (`QueryMatcher` says what that means), newest registration first, then by id.
    func entries(of patient: PatientID, matching query: DocumentQuery) async throws -> [DocumentEntry]
    /// The entry of one id; nil when there is none.
    func entry(_ id: DocumentID) async throws -> DocumentEntry?
    /// The entries with a `uniqueId`, of any patient, newest registration first.
    func entries(uniqueID: String) async throws -> [DocumentEntry]
    /// A folder by its id; nil when there is none.
    func folder(_ id: FolderID) async throws -> Folder?
    /// A folder by its `uniqueId`; nil when there is none.
    func folder(uniqueID: String) async throws -> Folder?
    /// Whether any submission set, folder or document already uses a `uniqueId`.
    func submissionExists(uniqueID: String) async throws -> Bool
}
