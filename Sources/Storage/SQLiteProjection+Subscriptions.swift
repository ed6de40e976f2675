import ExchangeCore
import GRDB
import Journal
import Transactions

extension SQLiteProjection {
    package func subscriptions() async throws -> [RecordedSubscription] {
        try await read { database in
            try database.all("SELECT payload, patient, position FROM subscription ORDER BY id", [], Self.subscription)
        }
    }

    package func subscription(_ id: SubscriptionID) async throws -> RecordedSubscription? {
        try await read { database in
            try database.one("SELECT payload, patient, position FROM subscription WHERE id = ?", [id.sql], Self.subscription)
        }
    }

    private static func subscription(_ row: SQLRow) throws -> RecordedSubscription {
        RecordedSubscription(
            try DocumentSubscription(payload: row.bytes(0), patient: row.id(1)), position: UInt64(clamping: row.integer(2)))
    }
}

extension ProjectionRows {
    /// As it stands now, under the position of its first entry.
    static func keep(_ entry: CommittedEntry, subscriptionOf patient: PatientID, _ database: Database) throws {
        let made = try entry.decoded { () throws(ExchangeError) in
            try DocumentSubscription(payload: entry.payload, patient: patient)
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO subscription(id, patient, position, payload) VALUES (?, ?, ?, ?)
                ON CONFLICT(id) DO UPDATE SET payload = excluded.payload
                """
        ).execute(arguments: [made.id.sql, patient.sql, Int64(entry.position), entry.payload.sql])
    }
}
