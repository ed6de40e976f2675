import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import Synchronization
import Transactions
import XDSMetadata

/// Submission sets and folders.
extension MemoryProjection {
    /// A list as it was registered.
    struct StoredList {
        let content: RegisteredList.Content
        let registered: Timestamp
        var members: [RegisteredList.Member]

        var list: RegisteredList { RegisteredList(content, members: members) }
    }

    static func applyLists(
        _ record: SubmissionRecord, _ entry: CommittedEntry, _ subject: PatientID, to tables: inout Tables,
    ) {
        tables.lists[record.set.id.description] = StoredList(
            content: .submissionSet(record.set), registered: entry.time,
            members: record.set.documents.map { .init($0, added: entry.time) })
        for submitted in record.folders {
            let id = submitted.folder.id.description
            if submitted.isNew {
                tables.sets.insert(submitted.folder.uniqueID)
                tables.lists[id] = StoredList(content: .folder(submitted.folder), registered: entry.time, members: [])
            }
            for document in submitted.documents { put(document, into: id, entry.time, &tables) }
        }
        for document in record.entries {
            for relation in document.relations where relation.kind == .replaces {
                for (id, list) in tables.lists where list.members.contains(where: { $0.document == relation.target }) {
                    if case .folder = list.content { put(document.id, into: id, entry.time, &tables) }
                }
            }
        }
    }

    private static func put(_ document: DocumentID, into list: String, _ time: Timestamp, _ tables: inout Tables) {
        guard tables.lists[list]?.members.contains(where: { $0.document == document }) == false else { return }
        tables.lists[list]?.members.append(.init(document, added: time))
        tables.lists[list]?.members.sort { ($0.added, $0.document) < ($1.added, $1.document) }
    }

    static func eraseLists(of patient: PatientID, _ documents: [DocumentID], from tables: inout Tables) {
        tables.lists = tables.lists.filter { $0.value.list.patient != patient }
        takeOut(documents, from: &tables)
    }

    /// Erased documents are in no folder any more.
    static func takeOut(_ documents: [DocumentID], from tables: inout Tables) {
        for (id, list) in tables.lists {
            guard case .folder = list.content else { continue }
            tables.lists[id]?.members.removeAll { documents.contains($0.document) }
        }
    }

    package func lists(about patient: PatientID) async throws -> ListFacts {
        let found = tables.withLock { tables in Result { try Self.lists(about: patient, tables) } }
        await latency()
        return try found.get()
    }

    package func lists(aboutList id: String) async throws -> ListFacts? {
        let found = tables.withLock { tables in
            Result { () -> ListFacts? in
                guard let list = FolderID(id).flatMap({ tables.lists[$0.description] }) else { return nil }
                return try Self.lists(about: list.list.patient, tables)
            }
        }
        await latency()
        return try found.get()
    }

    private static func lists(about patient: PatientID, _ tables: Tables) throws -> ListFacts {
        let records = try records(with: patient, tables)
        let documents = records.flatMap { (tables.documents[$0] ?? [:]).values }
            .sorted { ($1.registered, $0.facts.id) < ($0.registered, $1.facts.id) }
        let lists = tables.lists.values.filter { records.contains($0.list.patient) }
            .sorted { ($1.registered, $0.list.id) < ($0.registered, $1.list.id) }
        return ListFacts(facts: try facts(about: patient, documents, tables), lists: lists.map(\.list))
    }

    package func folder(_ id: FolderID) async throws -> Folder? {
        tables.withLock { tables in
            if case .folder(let folder)? = tables.lists[id.description]?.content { folder } else { nil }
        }
    }

    package func folder(uniqueID: String) async throws -> Folder? {
        tables.withLock { tables in
            for list in tables.lists.values {
                if case .folder(let folder) = list.content, folder.uniqueID.utf8.elementsEqual(uniqueID.utf8) { return folder }
            }
            return nil
        }
    }
}
