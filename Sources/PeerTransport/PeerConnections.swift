import ExchangeCore
import GossipDirectory
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Trust

/// The connections to other nodes: one pool for each community and address, all under one certificate and one policy.
///
/// Addresses come from directory records and the operator's seeds alone, and are connected to as the rule of dialling has it. What
/// answers must hold a certificate of the community that was meant.
package final class PeerConnections: Sendable {
    private struct Key: Hashable {
        let community: CommunityID?
        let host: String
        let port: Int
    }

    private struct State {
        var identity: TLSIdentity
        var context: NIOSSLContext
        var pools: [Key: HTTPConnectionPool] = [:]
    }

    /// The most destinations for which connections are kept; beyond it all are let go.
    static let poolsMax = 4096

    /// The connections to other nodes' directories.
    package let gossip: GossipLinks
    /// Communities that closed a kept connection: their processes may be gone.
    let lost: AsyncStream<CommunityID>
    private let losses: AsyncStream<CommunityID>.Continuation
    private let policy: @Sendable () -> TrustPolicy
    private let world: World
    private let group: any EventLoopGroup
    private let dial: DialRule
    private let state: Mutex<State>

    /// Connections under a node's certificate; `policy` is the newest trust policy of the network, `dial` says which addresses
    /// a record may lead to.
    package init(
        identity: TLSIdentity, policy: @escaping @Sendable () -> TrustPolicy, world: World, dial: DialRule,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    ) throws(ExchangeError) {
        self.dial = dial
        let context = try MutualTLS.callerContext(identity: identity, roots: policy().roots, isPeer: true)
        self.policy = policy
        self.world = world
        self.group = group
        (lost, losses) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
        gossip = GossipLinks(
            context: try Self.gossipContext(identity, policy()), policy: policy, world: world, group: group,
            dial: dial, losses: losses)
        state = Mutex(State(identity: identity, context: context))
    }

    /// This node's certificate and key, as shown to others now.
    package var identity: TLSIdentity { state.withLock { $0.identity } }

    /// Goes on under another certificate, and with the policy's newest roots; kept connections are let go.
    package func rotate(to identity: TLSIdentity) throws(ExchangeError) {
        let context = try MutualTLS.callerContext(identity: identity, roots: policy().roots, isPeer: true)
        let old = state.withLock { state in
            let old = state.pools
            state = State(identity: identity, context: context)
            return old
        }
        for pool in old.values { pool.close() }
        gossip.rotate(to: try Self.gossipContext(identity, policy()))
    }

    private static func gossipContext(_ identity: TLSIdentity, _ policy: TrustPolicy) throws(ExchangeError)
        -> NIOSSLContext
    {
        try MutualTLS.callerContext(
            identity: identity, roots: policy.roots, isPeer: true, speaking: GossipPacket.protocolName)
    }

    /// Asks a node; the answer comes with what its certificate says.
    ///
    /// `target` of the request is below the URL's path. `.unavailable` when what answers is not the community meant, or
    /// nothing answers; `.timeout` at the deadline, a moment of `World.uptime`.
    package func send(_ request: ClientRequest, to url: EndpointURL, of community: CommunityID?, deadline: Duration)
        async throws(ExchangeError) -> (response: ClientResponse, from: TrustedCertificate)
    {
        var request = request
        request.target = url.path + request.target
        let (response, certificate) = try await pool(url, community).exchange(request, deadline: deadline)
        guard let certificate, let answering = certificate.community, community == nil || community == answering else {
            throw ExchangeError(.unavailable, "the node that answered is not the one that was meant")
        }
        return (response, certificate)
    }

    /// Asks a node and hands its answer over while it comes; errors as `send`.
    package func stream(_ request: ClientRequest, to url: EndpointURL, of community: CommunityID, deadline: Duration)
        async throws(ExchangeError) -> ClientStreamedResponse
    {
        var request = request
        request.target = url.path + request.target
        let (response, certificate) = try await pool(url, community).stream(request, deadline: deadline)
        guard let certificate, certificate.community == community else {
            response.body.cancel()
            throw ExchangeError(.unavailable, "the node that answered is not the one that was meant")
        }
        return response
    }

    /// Lets the kept connections to a community go: its admission is not what it was.
    package func cut(_ community: CommunityID) {
        let old = state.withLock { state in
            let keys = state.pools.keys.filter { $0.community == community }
            return keys.compactMap { state.pools.removeValue(forKey: $0) }
        }
        for pool in old { pool.close() }
        gossip.cut(community)
    }

    /// Lets every kept connection go.
    package func close() {
        let old = state.withLock { state in
            defer { state.pools = [:] }
            return state.pools
        }
        for pool in old.values { pool.close() }
        gossip.close()
    }

    private func pool(_ url: EndpointURL, _ community: CommunityID?) -> HTTPConnectionPool {
        let key = Key(community: community, host: url.host, port: url.port)
        var dropped: [HTTPConnectionPool] = []
        defer { for pool in dropped { pool.close() } }
        return state.withLock { state in
            if let found = state.pools[key] { return found }
            if state.pools.count >= Self.poolsMax {
                dropped = Array(state.pools.values)
                state.pools = [:]
            }
            let made = HTTPConnectionPool(
                destination: .host(url.host, port: url.port),
                tls: CallerTLS(context: state.context, kind: .peer(community), policy: policy, now: world.now),
                uptime: world.uptime, group: group, dial: dial,
                lost: { [losses] in if let community { losses.yield(community) } })
            state.pools[key] = made
            return made
        }
    }
}
