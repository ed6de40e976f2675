import ExchangeCore
import GRDB
import Journal
import Transactions

extension SQLiteProjection {
    package func changes(withDecided: Bool, limit: Int) async throws -> [ChangeRequest] {
        try await read { database in
            try database.all(
                "SELECT stored FROM change_request WHERE decided <= ? ORDER BY id DESC LIMIT ?", [withDecided ? 1 : 0, limit]
            ) { try ChangeRequest(stored: $0.bytes(0)) }
        }
    }

    package func change(_ id: JournalPosition) async throws -> ChangeRequest? {
        guard let number = Int64(exactly: id) else { return nil }
        return try await read { database in
            try database.one("SELECT stored FROM change_request WHERE id = ?", [number]) {
                try ChangeRequest(stored: $0.bytes(0))
            }
        }
    }
}

extension ProjectionRows {
    /// A request whose patient was erased is not there any more, and what was decided about it changes nothing.
    static func note(_ act: ChangeRequest.Act, _ database: Database) throws {
        guard let number = Int64(exactly: act.request) else { return }
        let request = try database.one("SELECT stored FROM change_request WHERE id = ?", [number]) {
            try ChangeRequest(stored: $0.bytes(0))
        }
        guard var request else { return }
        request.add(act)
        try keep(request, database)
    }

    static func keep(_ request: ChangeRequest, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO change_request(id, patient, decided, stored) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [
            Int64(request.id), request.subject?.sql, !request.acts.isEmpty, request.stored.sql,
        ])
    }
}
