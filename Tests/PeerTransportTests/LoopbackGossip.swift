import ExchangeCore
import GossipDirectory
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing
import Trust

@testable import PeerTransport

/// A listener of the directory's own protocol on a loopback port of the system's choice, behind the real TLS.
final class LoopbackGossip: Sendable {
    let port: Int
    private let channel: any Channel
    private let accepted: Accepted

    private final class Accepted: Sendable {
        let channels = Mutex<[any Channel]>([])
        let served = AsyncStream<GossipServer.Connection>.makeStream()
    }

    /// How many connections came.
    var connections: Int { accepted.channels.withLock { $0.count } }

    /// Serves while `body` runs; `caller` is who every connection is taken for.
    static func serve(
        _ tls: MutualTLS.Listener, as caller: @escaping @Sendable () -> CommunityID?,
        answer: @escaping GossipServer.Answer, _ body: (LoopbackGossip) async throws -> Void,
    ) async throws {
        let server = GossipServer(identify: { _ in caller }, answer: answer)
        let context = try NIOSSLContext(configuration: tls.configuration)
        let accepted = Accepted()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLServerHandler(context: context, customVerificationCallback: tls.verify, configuration: .init()))
                }.flatMap { server.setup(channel) }.map { connection in
                    accepted.channels.withLock { $0.append(channel) }
                    accepted.served.continuation.yield(connection)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let loopback = LoopbackGossip(try #require(channel.localAddress?.port), channel, accepted)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                await withDiscardingTaskGroup { connections in
                    for await connection in accepted.served.stream {
                        connections.addTask { await server.serve(connection) }
                    }
                }
            }
            defer {
                loopback.stop()
                accepted.served.continuation.finish()
            }
            try await body(loopback)
        }
    }

    private init(_ port: Int, _ channel: any Channel, _ accepted: Accepted) {
        self.port = port
        self.channel = channel
        self.accepted = accepted
    }

    /// Ends every connection, as a process that is killed does.
    func hangUp() {
        for channel in accepted.channels.withLock({ $0 }) { channel.close(promise: nil) }
    }

    /// Nobody listens any more.
    func stop() {
        channel.close(promise: nil)
        hangUp()
    }

    /// The target of this listener.
    func target(_ community: CommunityID?) throws -> DirectoryTarget {
        DirectoryTarget(community: community, url: try #require(EndpointURL("https://127.0.0.1:\(port)")))
    }
}
