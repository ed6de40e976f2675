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
        try withBlob(column) { [UInt8]($0) }
    }

    /// An identifier of this node.
    func id<Subject>(_ column: Int) throws -> LocalID<Subject> {
        guard let id = try withBlob(column, { LocalID<Subject>(bytes: $0) }) else { throw Self.damaged }
        return id
    }

    /// A blob where SQLite has it: one copy instead of two.
    private func withBlob<Value>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> Value) throws -> Value {
        try withUnsafeData(atIndex: column) { blob in
            guard let blob else { throw Self.damaged }
            return blob.withUnsafeBytes(body)
        }
    }

    private static var damaged: ExchangeError {
        ExchangeError(.corrupted, "a row cannot be read; hie journal rebuild makes it anew")
    }
}
