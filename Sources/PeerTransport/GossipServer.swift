import ExchangeCore
import GossipDirectory
import NIOCore
import Synchronization
import Trust

/// Answers directory frames on connections of the peer port that were negotiated as `hie-dir/1`.
///
/// Who asks is known by the certificate alone and judged anew for each frame. Limits: frames, questions at once, connections
/// for each community, and how long one may lie idle.
package struct GossipServer: Sendable {
    /// A connection ready to be served.
    package typealias Connection = NIOAsyncChannel<GossipPacket, GossipPacket>
    /// Who is at the other end of a channel: asked once; what it gives is asked before each answer, nil once the certificate
    /// is not to be served any more.
    package typealias Identify = @Sendable (any Channel) async -> (@Sendable () -> CommunityID?)?
    /// Answers the bytes of a directory frame.
    package typealias Answer = @Sendable ([UInt8], CommunityID) async throws(ExchangeError) -> [UInt8]

    /// The most questions of one connection answered at the same time; the next waits in the network.
    static let atOnceMax = 8
    /// The most connections of one community; the oldest goes when there is one more.
    static let connectionsMax = 4
    /// How long a connection may say nothing.
    static let idleMax = TimeAmount.minutes(15)

    private let identify: Identify
    private let answer: Answer
    private let open = OpenConnections()

    /// A server of one listener.
    package init(identify: @escaping Identify, answer: @escaping Answer) {
        self.identify = identify
        self.answer = answer
    }

    /// Puts the protocol's handlers into a channel behind its TLS.
    package func setup(_ channel: any Channel) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(IdleStateHandler(readTimeout: Self.idleMax))
            try pipeline.addHandler(GossipEnding())
            try pipeline.addHandler(ByteToMessageHandler(GossipDecoder()))
            try pipeline.addHandler(MessageToByteHandler(GossipEncoder()))
            return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        }
    }

    /// Answers until the connection ends, this side's listener goes down, or the certificate is not served any more.
    package func serve(_ connection: Connection) async {
        let channel = connection.channel
        // A broken connection or a broken frame ends it; the other side dials anew.
        try? await connection.executeThenClose { inbound, outbound in
            guard let caller = await identify(channel), let community = caller() else { return }
            open.add(channel, of: community)
            defer { open.remove(channel, of: community) }
            try await withThrowingDiscardingTaskGroup { group in
                var places = Slots(Self.atOnceMax)
                for try await packet in inbound {
                    guard packet.kind == .question else { throw ExchangeError(.badRequest, "only questions come here") }
                    guard caller() == community else {
                        return try await outbound.write(Self.refusal(.forbidden, packet))
                    }
                    // A probe costs little and is answered in its turn: behind a long message it would show nothing.
                    if packet.payload.count == Probe.bytes {
                        try await outbound.write(await reply(to: packet, from: community))
                        continue
                    }
                    guard await places.take() else { return }
                    let done = places.done
                    group.addTask {
                        defer { done.yield() }
                        try await outbound.write(await reply(to: packet, from: community))
                    }
                }
            }
        }
    }

    private func reply(to packet: GossipPacket, from community: CommunityID) async -> GossipPacket {
        do throws(ExchangeError) {
            return GossipPacket(.answer, packet.number, try await answer(packet.payload, community))
        } catch { return Self.refusal(GossipPacket.Refusal(error), packet) }
    }

    private static func refusal(_ why: GossipPacket.Refusal, _ packet: GossipPacket) -> GossipPacket {
        GossipPacket(.refusal, packet.number, [why.rawValue])
    }
}

/// The connections of each community in the order they came.
private final class OpenConnections: Sendable {
    private let channels = Mutex<[CommunityID: [any Channel]]>([:])

    func add(_ channel: any Channel, of community: CommunityID) {
        let oldest = channels.withLock { channels -> (any Channel)? in
            channels[community, default: []].append(channel)
            guard let held = channels[community], held.count > GossipServer.connectionsMax else { return nil }
            return channels[community]?.removeFirst()
        }
        oldest?.close(promise: nil)
    }

    func remove(_ channel: any Channel, of community: CommunityID) {
        channels.withLock { channels in
            channels[community]?.removeAll { $0 === channel }
            if channels[community]?.isEmpty ?? false { channels[community] = nil }
        }
    }
}

/// Ends a connection that says nothing for too long, or whose listener goes down.
private final class GossipEnding: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent || event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
