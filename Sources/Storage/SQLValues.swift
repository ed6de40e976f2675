import ExchangeCore
import Foundation
import GRDB

extension [UInt8] {
    /// As a blob.
    var sql: Data { Data(self) }
}

extension LocalID {
    /// The 16 bytes, as a blob.
    var sql: Data { Data(bytes) }
}

extension Row {
    /// A blob's bytes.
    func bytes(_ column: Int) throws -> [UInt8] {
        guard let blob = self[column] as Data? else {
            throw ExchangeError(.corrupted, "a row cannot be read; hie journal rebuild makes it anew")
        }
        return [UInt8](blob)
    }
}
