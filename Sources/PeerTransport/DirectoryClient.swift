import ExchangeCore
import GossipDirectory
import Transactions
import Trust

/// Carries directory frames to other nodes: `hie-dir/1` on the peer port, TLS alone, no assertion.
package struct DirectoryClient: Sendable {
    /// How long one message and its answer may take.
    package static let timeout = Duration.seconds(5)

    private let connections: PeerConnections
    private let world: World

    /// Communities that closed a kept connection.
    var lost: AsyncStream<CommunityID> { connections.lost }

    /// What a failure says about the other side.
    static func failure(_ error: ExchangeError) -> DirectoryFailure {
        switch error.code {
        case .forbidden, .badRequest, .tooLarge, .notFound, .unauthenticated: .declined
        default: error.message == HTTPFailure.refused.message ? .refused : .silent
        }
    }

    /// A client over a node's connections.
    package init(connections: PeerConnections, world: World) {
        self.connections = connections
        self.world = world
    }

    /// Probes a community's node; how long its answer took. `.notFound` when the directory has no address of it.
    package func ping(_ community: CommunityID, of directory: DirectoryBook) async throws(ExchangeError) -> Duration {
        let known = directory.communities(at: world.now()).first { $0.community == community }
        guard let url = known?.endpoint("gossip") else {
            throw ExchangeError(.notFound, "no address of that community is known; see hie directory doctor")
        }
        let begun = world.uptime()
        let probe = Probe(root: 0, hour: 0, at: world.now())
        _ = try await send(.probe(probe), to: DirectoryTarget(community: community, url: url))
        return world.uptime() - begun
    }

    /// Sends a message; the answer comes with the community that the certificate names.
    ///
    /// `.forbidden` when this node is not admitted there, `.badRequest` for an answer that is no directory message,
    /// otherwise as `GossipLinks.ask`.
    package func send(_ frame: DirectoryFrame, to target: DirectoryTarget)
        async throws(ExchangeError) -> (answer: DirectoryFrame, from: CommunityID)
    {
        let (answer, community) = try await connections.gossip.ask(frame.bytes, of: target, timeout: Self.timeout)
        return (try DirectoryFrame(answer), community)
    }
}
