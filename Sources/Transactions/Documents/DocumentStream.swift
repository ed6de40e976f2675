/// A document's bytes on their way, in pieces, to be read once: never whole in memory.
package struct DocumentStream: AsyncSequence, Sendable {
    /// A piece, as it came.
    package typealias Element = [UInt8]
    /// Gives the next piece; nil after the last.
    package typealias Step = () async throws -> [UInt8]?

    private let start: @Sendable () -> Step
    private let stop: @Sendable () -> Void

    /// Bytes from wherever they come.
    ///
    /// - Parameters:
    ///   - stop: lets go of where they come from; a reader that waits is told at once. Called any number of times.
    ///   - start: begins reading; called once.
    package init(stop: @escaping @Sendable () -> Void = {}, start: @escaping @Sendable () -> Step) {
        self.start = start
        self.stop = stop
    }

    /// Bytes that are there already, in pieces of 64 KiB.
    package init(_ bytes: [UInt8]) {
        self.init {
            var rest = bytes[...]
            return {
                let piece = rest.prefix(1 << 16)
                rest = rest.dropFirst(1 << 16)
                return piece.isEmpty ? nil : Array(piece)
            }
        }
    }

    /// Lets go of where the bytes come from: nobody wants the rest.
    package func cancel() { stop() }

    /// Reads pieces.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let step: Step

        package mutating func next() async throws -> [UInt8]? { try await step() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(step: start()) }
}
