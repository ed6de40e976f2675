import ExchangeCore
import GRDB
import Journal
import Transactions

extension SQLiteProjection {
    package func takenMessages(atMost count: Int) async throws -> [TakenMessage] {
        try await read { database in
            try database.all("SELECT kind, key, content FROM taken ORDER BY number DESC LIMIT ?", [count]) { row in
                guard let kind = UInt8(exactly: row.integer(0)).flatMap(TakenMessage.Kind.init) else {
                    throw ExchangeError(.corrupted, "a row cannot be read; hie journal rebuild makes it anew")
                }
                return TakenMessage(kind, key: row.bytes(1), content: UInt64(bitPattern: row.integer(2)))
            }.reversed()
        }
    }
}

extension ProjectionRows {
    /// One more; the one that so many came after is forgotten.
    static func keep(_ message: TakenMessage, _ database: Database) throws {
        try database.run(
            "INSERT INTO taken(kind, key, content) VALUES (?, ?, ?)",
            [
                .integer(Int64(message.kind.rawValue)), .bytes(message.key), .integer(Int64(bitPattern: message.content)),
            ])
        try database.run(
            "DELETE FROM taken WHERE number = ?",
            [.integer(database.lastInsertedRowID - Int64(TakenMessage.rememberedMax))])
    }
}
