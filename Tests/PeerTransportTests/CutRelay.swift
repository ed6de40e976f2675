import NIOCore
import NIOPosix
import Synchronization

/// Passes TCP on to a server, and breaks it off without a word: how a process that was killed ends its connections.
final class CutRelay: Sendable {
    private let server: any Channel
    private let open: OpenChannels

    private final class OpenChannels: Sendable {
        let all = Mutex<[any Channel]>([])
    }

    private final class Glue: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel

        init(_ other: any Channel) { self.other = other }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    }

    private init(_ server: any Channel, _ open: OpenChannels) {
        self.server = server
        self.open = open
    }

    /// A relay to a port of this machine.
    static func start(to port: Int) async throws -> CutRelay {
        let open = OpenChannels()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { inbound in
                ClientBootstrap(group: inbound.eventLoop).connect(host: "127.0.0.1", port: port).flatMapThrowing { outbound in
                    open.all.withLock { $0 += [inbound, outbound] }
                    try inbound.pipeline.syncOperations.addHandler(Glue(outbound))
                    try outbound.pipeline.syncOperations.addHandler(Glue(inbound))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return CutRelay(server, open)
    }

    /// The port to connect to.
    var port: Int? { server.localAddress?.port }

    /// Ends every connection; new ones are passed on again.
    func cut() {
        let ending = open.all.withLock { all in
            defer { all = [] }
            return all
        }
        for channel in ending { channel.close(promise: nil) }
    }

    func stop() async throws {
        cut()
        try await server.close()
    }
}
