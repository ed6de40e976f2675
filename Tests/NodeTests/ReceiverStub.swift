import ExchangeCore
import HL7v2
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A system that takes HL7 v2 messages over MLLP, and answers as a test wants.
final class ReceiverStub: Sendable {
    /// What a message is answered with.
    struct Reply: Sendable {
        var code = AcknowledgementCode.applicationAccept
        var condition: HL7Error.Condition?
        /// No answer at all: the connection is closed.
        var isDropped = false
    }

    private final class Inbound: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var decoder = MLLPDecoder()
        private let stub: ReceiverStub

        init(_ stub: ReceiverStub) { self.stub = stub }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            for event in decoder.feed(Array(unwrapInboundIn(data).readableBytesView)) {
                guard case .message(let bytes) = event, let message = try? MessageReader.read(bytes) else { continue }
                let reply = stub.take(message)
                guard !reply.isDropped else { return context.close(promise: nil) }
                let errors = reply.condition.map { [HL7Error($0, "so it is told to answer")] } ?? []
                let answer = Acknowledgement(answering: bytes).bytes(
                    reply.code, errors: errors, time: "20260809", controlID: "S")
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: MLLPFrame.encode(answer))), promise: nil)
            }
        }
    }

    private let messages = Mutex<[HL7Message]>([])
    private let replies: Mutex<@Sendable (HL7Message) -> Reply> = Mutex { _ in Reply() }
    private let server = Mutex<(any Channel)?>(nil)
    private let open = Mutex<[any Channel]>([])

    /// Listens at a port of this machine.
    func start(_ port: Int) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                self.open.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Inbound(self))
                }
            }.bind(host: "127.0.0.1", port: port).get()
        server.withLock { $0 = channel }
    }

    /// Listens no more, and closes what is open.
    func stop() async throws {
        let channel = server.withLock { server in
            defer { server = nil }
            return server
        }
        try await channel?.close().get()
        for channel in open.withLock({ $0 }) { channel.close(promise: nil) }
    }

    /// Answers so from now on.
    func reply(_ reply: @escaping @Sendable (HL7Message) -> Reply) { replies.withLock { $0 = reply } }

    /// What came, in order.
    var received: [HL7Message] { messages.withLock { $0 } }

    /// The numbers of the documents that came (TXA-12), each at its first arrival.
    var numbers: [String] {
        var seen: Set<String> = []
        return received.compactMap { message in
            (try? message.first("TXA")?.field(12).text()).flatMap(\.self)
        }.filter { seen.insert($0).inserted }
    }

    private func take(_ message: HL7Message) -> Reply {
        messages.withLock { $0.append(message) }
        return replies.withLock { $0 }(message)
    }
}
