/// Where the bytes of a code table lie: a mapped file on a node, memory in a test. The bytes do not change.
package protocol CodeTableStore: Sendable {
    /// Lends the bytes for the length of a call.
    func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value,
    ) throws(Failure) -> Value
}

/// A code table in memory.
package struct MemoryCodeTableStore: CodeTableStore {
    private let bytes: [UInt8]

    /// A table of these bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value,
    ) throws(Failure) -> Value {
        try bytes.withUnsafeBufferPointer { buffer throws(Failure) in try body(UnsafeRawBufferPointer(buffer)) }
    }
}
