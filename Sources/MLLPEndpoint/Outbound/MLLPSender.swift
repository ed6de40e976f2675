import ExchangeCore
import HL7v2
import NIOCore
import NIOPosix
import Synchronization

/// A receiver of HL7 v2 messages over MLLP: one kept connection, one message at a time, each waited for.
package final class MLLPSender: Sendable {
    /// Longest wait for a connection, TLS included.
    static let connectMax = Duration.seconds(5)
    /// Longest wait for an acknowledgement.
    static let answerMax = Duration.seconds(30)

    private let host: String
    private let port: Int
    private let secure: @Sendable (any Channel) throws -> Void
    private let kept = Mutex<MLLPLink?>(nil)

    /// A receiver at an address.
    ///
    /// - Parameter secure: puts TLS into a new connection; nothing in clear.
    package init(host: String, port: Int, secure: @escaping @Sendable (any Channel) throws -> Void) {
        self.host = host
        self.port = port
        self.secure = secure
    }

    /// The connection, made where there is none. Throws `.unavailable` or `.timeout`.
    func connect() async throws(ExchangeError) -> MLLPLink {
        if let link = kept.withLock({ $0 }), link.isOpen { return link }
        let secure = secure
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(Self.connectMax.components.seconds))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try secure(channel)
                        try channel.pipeline.syncOperations.addHandler(MLLPAnswers())
                    }
                }.connect(host: host, port: port).get()
            let link = try await channel.eventLoop.submit {
                MLLPLink(
                    channel: channel,
                    answers: NIOLoopBound(
                        try channel.pipeline.syncOperations.handler(type: MLLPAnswers.self), eventLoop: channel.eventLoop))
            }.get()
            kept.withLock { $0 = link }
            return link
        } catch {
            throw ExchangeError(.unavailable, "the receiver cannot be reached at its address")
        }
    }
}

/// One connection to a receiver.
final class MLLPLink: Sendable {
    private let channel: any Channel
    private let answers: NIOLoopBound<MLLPAnswers>

    init(channel: any Channel, answers: NIOLoopBound<MLLPAnswers>) {
        self.channel = channel
        self.answers = answers
    }

    var isOpen: Bool { channel.isActive }

    func close() { channel.close(promise: nil) }

    /// Sends a message and waits for what it is answered with. Throws `.unavailable` when the connection breaks, `.timeout`;
    /// after either it is closed: an answer that comes late is never taken for that of the next message.
    func ask(_ message: [UInt8], within limit: Duration) async throws(ExchangeError) -> [UInt8] {
        let promise = channel.eventLoop.makePromise(of: [UInt8].self)
        let frame = MLLPFrame.encode(message)
        channel.eventLoop.execute { [answers, channel] in
            answers.value.waiting = promise
            let cut = channel.eventLoop.scheduleTask(in: .milliseconds(max(1, limit.components.seconds * 1000))) {
                answers.value.fail(.timeout)
                channel.close(promise: nil)
            }
            promise.futureResult.whenComplete { _ in cut.cancel() }
            channel.writeAndFlush(channel.allocator.buffer(bytes: frame)).whenFailure { _ in
                answers.value.fail(.unavailable)
                channel.close(promise: nil)
            }
        }
        do {
            return try await promise.futureResult.get()
        } catch let error as ExchangeError {
            throw error
        } catch {
            throw ExchangeError(.unavailable, "the connection to the receiver broke")
        }
    }
}

/// Takes answers out of the stream.
final class MLLPAnswers: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var decoder: MLLPDecoder
    /// Who waits for the next answer.
    var waiting: EventLoopPromise<[UInt8]>?

    init() {
        var limits = HL7Limits()
        // An acknowledgement is small.
        limits.messageBytesMax = 1 << 20
        decoder = MLLPDecoder(limits: limits)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for event in decoder.feed(unwrapInboundIn(data).readableBytesView) {
            switch event {
            case .message(let bytes):
                waiting?.succeed(bytes)
                waiting = nil
            case .refused:
                fail(.unavailable)
                context.close(promise: nil)
            case .passedOver: continue
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.unavailable)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(.unavailable)
        context.close(promise: nil)
    }

    func fail(_ code: ExchangeError.Code) {
        waiting?.fail(
            code == .timeout
                ? ExchangeError(.timeout, "the receiver did not answer in time")
                : ExchangeError(.unavailable, "the connection to the receiver broke, or is not trusted"))
        waiting = nil
    }
}
