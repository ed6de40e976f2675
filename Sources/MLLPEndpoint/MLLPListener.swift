import ExchangeCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Transactions

/// A feed's port: MLLP (HL7 Transport Specification, MLLP Release 1), in clear or behind what the node puts before it.
package struct MLLPListener: Sendable {
    private let receiver: FeedReceiver
    private let secure: @Sendable (any Channel) throws -> Void
    private let identify: @Sendable (any Channel) async -> FeedSender
    private let logger: Logger

    /// How long connections that are being answered are waited for when the port is closed.
    private static let quiescingMax = TimeAmount.seconds(5)

    /// A listener of one feed.
    ///
    /// - Parameters:
    ///   - secure: puts TLS into a new connection; nothing in clear.
    ///   - identify: who is at the other end, asked for each message anew.
    package init(
        receiver: FeedReceiver, secure: @escaping @Sendable (any Channel) throws -> Void,
        identify: @escaping @Sendable (any Channel) async -> FeedSender, logger: Logger,
    ) {
        self.receiver = receiver
        self.secure = secure
        self.identify = identify
        self.logger = logger
    }

    /// Listens until the task is cancelled, then answers what came whole and closes.
    ///
    /// - Parameter bound: told the address, once it is bound.
    package func run(on group: any EventLoopGroup, bound: @escaping @Sendable (String) -> Void) async throws {
        let open = OpenChannels()
        let (receiver, secure, identify) = (receiver, secure, identify)
        let settings = receiver.settings
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard receiver.figures.open(atMost: settings.connectionsMax) else {
                        throw ExchangeError(.unavailable, "too many connections")
                    }
                    open.add(channel)
                    channel.closeFuture.whenComplete { _ in
                        open.remove(channel)
                        receiver.figures.note { $0.connections -= 1 }
                    }
                    try secure(channel)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(Int64(settings.idleSecondsMax))))
                    try pipeline.addHandler(MLLPConnection(receiver: receiver, identify: identify))
                }
            }.bind(host: settings.host, port: settings.port).get()
        let address = "\(settings.host):\(server.localAddress?.port ?? settings.port)"
        receiver.figures.note { $0.address = address }
        bound(address)
        logger.info("listening", metadata: ["listener": "feed \(settings.name)", "address": "\(address)"])
        try await withTaskCancellationHandler {
            try await server.closeFuture.get()
        } onCancel: {
            server.close(promise: nil)
        }
        receiver.figures.note { $0.address = nil }
        await open.quiesce(within: Self.quiescingMax)
    }
}

/// The connections of a port.
private final class OpenChannels: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) { channels.withLock { $0[ObjectIdentifier(channel)] = channel } }

    func remove(_ channel: any Channel) { channels.withLock { $0[ObjectIdentifier(channel)] = nil } }

    /// Lets each finish what it is doing; cuts those that take longer.
    func quiesce(within limit: TimeAmount) async {
        let open = channels.withLock { Array($0.values) }
        let cuts = open.map { channel in
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            return channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        }
        for (channel, cut) in zip(open, cuts) {
            try? await channel.closeFuture.get()
            cut.cancel()
        }
    }
}
