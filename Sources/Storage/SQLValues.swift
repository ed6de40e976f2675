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
        guard let blob = self[column] as Data? else { throw Self.damaged }
        return [UInt8](blob)
    }

    /// An identifier of this node.
    func id<Subject>(_ column: Int) throws -> LocalID<Subject> {
        guard let id = LocalID<Subject>(bytes: try bytes(column)) else { throw Self.damaged }
        return id
    }

    private static var damaged: ExchangeError {
        ExchangeError(.corrupted, "a row cannot be read; hie journal rebuild makes it anew")
    }
}
