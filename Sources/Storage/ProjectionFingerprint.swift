import Crypto
import ExchangeCore
import GRDB
import GRDBSQLite

extension SQLiteProjection {
    /// SHA-256 over every row that follows from the journal: equal to that of a projection made anew, or one of the two is
    /// wrong.
    ///
    /// What is kept of the directory does not come from the journal, and is left out. Throws `.corrupted`, `.unavailable`.
    ///
    /// - Parameter only: just these tables; nil for all.
    package func fingerprint(of only: Set<String>? = nil) async throws(ExchangeError) -> [UInt8] {
        try await read { database in
            var hash = SHA256()
            for table in ProjectionSchema.tables where only?.contains(table) ?? true {
                let columns = try database.columns(in: table).count
                let order = (1...min(columns, 3)).map(String.init).joined(separator: ", ")
                hash.update(data: Array("\(table)\u{0}".utf8))
                // Names of our own tables and numbers of columns: no value comes near this text.
                try database.rows("SELECT * FROM " + table + " ORDER BY " + order, []) { row in
                    for column in 0..<Int32(columns) {
                        let value = row.bytes(column)
                        hash.update(data: Array("\(value.count):".utf8))
                        value.withUnsafeBytes { hash.update(bufferPointer: $0) }
                    }
                }
            }
            return Array(hash.finalize())
        }
    }
}
