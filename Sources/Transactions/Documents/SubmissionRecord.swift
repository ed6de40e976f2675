import DocumentExchange
import ExchangeCore
import JSON
import XDSMetadata

/// What the journal says of one submission: its set, its documents' metadata as FHIR, and what it replaced.
///
/// It is the payload of a `submission` entry, sealed under the patient's key.
package struct SubmissionRecord: Sendable {
    /// The submission set.
    package let set: SubmissionSet
    /// The document entries, in the order of the entry's contents.
    package let entries: [DocumentEntry]
    /// The same entries as `DocumentReference` JSON, rendered once.
    package let references: [[UInt8]]
    /// What it puts into folders.
    package let folders: [SubmittedFolder]
    /// Entries that this submission made superseded.
    package let superseded: [DocumentID]
    /// Who published; nil where nobody wrote it down.
    package let author: Author?

    /// On whose behalf something was published.
    package struct Author: Sendable, Hashable {
        /// The user.
        package let user: String
        /// The user's role.
        package let role: String?
        /// The user's organisation.
        package let organization: String
        /// The trace id of the request.
        package let traceID: String

        /// Whoever asks.
        package init(_ context: AccessContext) {
            user = context.user
            role = context.role
            organization = context.organization
            traceID = context.traceID
        }

        init(_ json: JSONValue) throws(ExchangeError) {
            user = try PayloadReading.text(json, "user")
            role = json["role"]?.string
            organization = try PayloadReading.text(json, "organization")
            traceID = try PayloadReading.text(json, "trace")
        }

        var json: JSONValue {
            var object: JSONObject = ["user": .string(user)]
            object["role"] = role.map { .string($0) }
            object["organization"] = .string(organization)
            object["trace"] = .string(traceID)
            return .object(object)
        }
    }

    /// A submission; `references` are rendered against the node's own base URL.
    package init(
        set: SubmissionSet, entries: [DocumentEntry], folders: [SubmittedFolder] = [], superseded: [DocumentID],
        by author: Author? = nil, base: String,
    ) {
        self.folders = folders
        self.author = author
        self.set = set
        self.entries = entries
        self.superseded = superseded
        references = entries.map { JSONWriter.bytes(.object(DocumentReferenceMapping.json($0, base: base))) }
    }

    /// The canonical JSON that is sealed and hashed.
    package var payload: [UInt8] {
        var bytes = Array(#"{"set":"#.utf8)
        JSONWriter.append(ListStoredForm.json(set), to: &bytes)
        bytes += Array(#","superseded":"#.utf8)
        JSONWriter.append(.array(superseded.map { .string($0.description) }), to: &bytes)
        if !folders.isEmpty {
            bytes += Array(#","folders":"#.utf8)
            JSONWriter.append(.array(folders.map { ListStoredForm.json($0) }), to: &bytes)
        }
        if let author {
            bytes += Array(#","by":"#.utf8)
            JSONWriter.append(author.json, to: &bytes)
        }
        bytes += Array(#","documents":["#.utf8)
        for (index, reference) in references.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += reference
        }
        bytes += Array("]}".utf8)
        return bytes
    }

    /// Reads a payload back; `.corrupted` when it is not one.
    package init(payload: [UInt8], base: String) throws(ExchangeError) {
        let json = try PayloadReading.json(payload)
        guard let object = json["set"] else { throw PayloadReading.damaged("set") }
        var entries: [DocumentEntry] = []
        for item in json["documents"]?.items ?? [] {
            guard let reference = item.object else { throw PayloadReading.damaged("documents") }
            entries.append(try DocumentReferenceMapping.entry(reference))
        }
        let folders = (json["folders"]?.items ?? []).compactMap { ListStoredForm.submittedFolder($0) }
        guard folders.count == json["folders"]?.items.count ?? 0 else { throw PayloadReading.damaged("folders") }
        guard let set = ListStoredForm.set(object, documents: entries.map(\.id), folders: folders.map(\.folder.id)) else {
            throw PayloadReading.damaged("set")
        }
        let superseded = (json["superseded"]?.items ?? []).compactMap { $0.string.flatMap { DocumentID($0) } }
        let author = try json["by"].map { json throws(ExchangeError) in try Author(json) }
        self.init(set: set, entries: entries, folders: folders, superseded: superseded, by: author, base: base)
    }
}
