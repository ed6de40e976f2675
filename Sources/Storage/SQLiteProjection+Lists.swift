import ConsentEngine
import DocumentExchange
import ExchangeCore
import GRDB
import JSON
import Transactions
import XDSMetadata

extension SQLiteProjection {
    package func lists(about patient: PatientID) async throws -> ListFacts {
        let (home, consents) = (home, consents)
        return try await read { try Self.lists(about: patient, home, consents, $0) }
    }

    package func lists(aboutList id: String) async throws -> ListFacts? {
        guard let id = FolderID(id) else { return nil }
        let (home, consents) = (home, consents)
        return try await read { database in
            let patient = try database.one("SELECT patient FROM list_place WHERE id = ?", [id.sql]) { row in
                try row.id(0) as PatientID
            }
            return try patient.map { try Self.lists(about: $0, home, consents, database) }
        }
    }

    package func folder(_ id: FolderID) async throws -> Folder? {
        try await read { try Self.folder(id, $0) }
    }

    package func folder(uniqueID: String) async throws -> Folder? {
        try await read { database in
            let id = try database.one("SELECT folder FROM submission WHERE unique_id = ?", [uniqueID]) { row in
                FolderID(bytes: row.bytes(0))
            }
            return try id.flatMap { $0 }.flatMap { try Self.folder($0, database) }
        }
    }

    private static func folder(_ id: FolderID, _ database: Database) throws -> Folder? {
        try database.one(
            """
            SELECT l.stored FROM list_place p JOIN list l ON l.patient = p.patient AND l.registered = p.registered AND l.id = p.id
            WHERE p.id = ? AND l.kind = 1
            """, [id.sql]
        ) { row in
            guard let folder = ListStoredForm.folder(try JSONReader.read(row.bytes(0))) else { throw unreadable }
            return folder
        }
    }

    /// Every list of a person's records, and all of their documents, in one snapshot.
    private static func lists(about patient: PatientID, _ home: CommunityID, _ consents: ConsentCache, _ database: Database)
        throws -> ListFacts
    {
        let person = try PersonRecords(with: patient, database)
        var documents: [RegisteredDocument] = []
        var lists: [(registered: Int64, list: RegisteredList)] = []
        for record in person.records {
            documents += try Self.documents(
                of: record,
                """
                SELECT id, unique_id, sha256, mime, registered, facts, segment, offset, length, sealed, reference
                FROM document WHERE patient = ? ORDER BY patient, registered DESC, id
                """, [record.sql], matching: DocumentQuery(), home: home, database)
            lists += try Self.lists(of: record, database)
        }
        if person.records.count > 1 {
            documents.sort { ($1.registered, $0.facts.id) < ($0.registered, $1.facts.id) }
            lists.sort { ($1.registered, $0.list.id) < ($0.registered, $1.list.id) }
        }
        return ListFacts(
            facts: try Self.facts(about: patient, person, documents, consents, database), lists: lists.map(\.list))
    }

    private static func lists(of record: PatientID, _ database: Database) throws
        -> [(registered: Int64, list: RegisteredList)]
    {
        let rows = try database.all(
            """
            SELECT id, kind, stored, members, folders, registered FROM list WHERE patient = ?
            ORDER BY patient, registered DESC, id
            """, [record.sql]
        ) { row in
            (
                id: try row.id(0) as FolderID, isFolder: row.integer(1) == 1, stored: row.bytes(2), members: row.bytes(3),
                folders: row.bytes(4), registered: row.integer(5)
            )
        }
        return try rows.map { row in
            let json = try JSONReader.read(row.stored)
            if row.isFolder {
                guard let folder = ListStoredForm.folder(json) else { throw unreadable }
                let members = try database.all(
                    "SELECT document, added FROM folder_member WHERE folder = ? ORDER BY added, document", [row.id.sql]
                ) { RegisteredList.Member(try $0.id(0), added: Timestamp(milliseconds: $0.integer(1))) }
                return (row.registered, RegisteredList(.folder(folder), members: members))
            }
            let documents: [DocumentID] = ids(row.members)
            guard let set = ListStoredForm.set(json, documents: documents, folders: ids(row.folders)) else { throw unreadable }
            let registered = Timestamp(milliseconds: row.registered)
            return (
                row.registered,
                RegisteredList(.submissionSet(set), members: documents.map { .init($0, added: registered) })
            )
        }
    }

    /// Identifiers of this node, one behind the other.
    private static func ids<Subject>(_ bytes: [UInt8]) -> [LocalID<Subject>] {
        stride(from: 0, to: bytes.count, by: 16).compactMap { LocalID(bytes: bytes[$0..<min($0 + 16, bytes.count)]) }
    }

    private static let unreadable = ExchangeError(.corrupted, "a row cannot be read; hie journal rebuild makes it anew")
}
