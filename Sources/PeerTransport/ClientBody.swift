import ExchangeCore
import NIOCore

/// An answer whose body is read while it comes.
package struct ClientStreamedResponse: Sendable {
    /// Status and headers.
    package let head: ClientResponseHead
    /// The body, to be read once; letting go of it closes the connection.
    package let body: ClientBody
}

/// A body in pieces; reading slowly slows the sender, at the most 16 pieces wait.
package struct ClientBody: AsyncSequence, Sendable {
    /// A piece, as it came.
    package typealias Element = ByteBuffer
    typealias Producer = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Reading
    >

    /// Turns demand into reading from the socket.
    final class Reading: NIOAsyncSequenceProducerDelegate, Sendable {
        private let channel: any Channel

        init(channel: any Channel) { self.channel = channel }

        func produceMore() { channel.setOption(ChannelOptions.autoRead, value: true).whenComplete { _ in } }

        /// Also called after the last piece: the connection is closed then, streams are for the few large answers.
        func didTerminate() { channel.close(promise: nil) }
    }

    /// The sending end; lives on the event loop.
    struct Source: Sendable {
        let source: Producer.Source
        let channel: any Channel

        func yield(_ part: ByteBuffer) {
            switch source.yield(part) {
            case .produceMore: break
            case .stopProducing: channel.setOption(ChannelOptions.autoRead, value: false).whenComplete { _ in }
            case .dropped: channel.close(promise: nil)
            }
        }

        func finish(_ error: ExchangeError?) {
            if let error { source.finish(error) } else { source.finish() }
        }
    }

    let producer: Producer
    private let source: Source

    /// Closes the connection: nobody wants the rest; a reader that waits is told at once.
    package func cancel() {
        source.finish(ExchangeError(.unavailable, "nobody wants the rest of the answer"))
        source.channel.close(promise: nil)
    }

    static func make(channel: any Channel) -> (ClientBody, Source) {
        let made = Producer.makeSequence(
            elementType: ByteBuffer.self, failureType: (any Error).self,
            backPressureStrategy: .init(lowWatermark: 4, highWatermark: 16), finishOnDeinit: true,
            delegate: Reading(channel: channel))
        let source = Source(source: made.source, channel: channel)
        return (ClientBody(producer: made.sequence, source: source), source)
    }

    /// Reads pieces; throws `ExchangeError` when the connection breaks or the limit is crossed.
    package struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: Producer.AsyncIterator

        package mutating func next() async throws -> ByteBuffer? { try await iterator.next() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(iterator: producer.makeAsyncIterator()) }
}
