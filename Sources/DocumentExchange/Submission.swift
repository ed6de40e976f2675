import ExchangeCore
import XDSMetadata

/// One document of a submission: what is said of it, and its bytes.
package struct SubmittedDocument: Hashable, Sendable {
    /// The metadata, with hash and size of the bytes.
    package let entry: DocumentEntry
    /// The document itself.
    package let bytes: [UInt8]

    /// A document from its entry and bytes.
    package init(entry: DocumentEntry, bytes: [UInt8]) {
        self.entry = entry
        self.bytes = bytes
    }
}

/// What is registered at once: all of it, or nothing (ITI-41, ITI-65).
package struct Submission: Hashable, Sendable {
    /// The submission set.
    package let set: SubmissionSet
    /// Its documents in order.
    package let documents: [SubmittedDocument]
    /// What it puts into folders, in order.
    package let folders: [SubmittedFolder]
    /// Entries that are no longer current once this is registered.
    package let superseded: [DocumentID]
    /// What was accepted in part or is doubtful, each with its code word, for the answer.
    package var warnings: [String]

    /// A submission from its parts.
    package init(
        set: SubmissionSet, documents: [SubmittedDocument], folders: [SubmittedFolder] = [], superseded: [DocumentID] = [],
        warnings: [String] = [],
    ) {
        self.folders = folders
        self.warnings = warnings
        self.set = set
        self.documents = documents
        self.superseded = superseded
    }
}
