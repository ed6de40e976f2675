import ExchangeCore
import GossipDirectory
import Trust

/// Carries directory messages to other nodes: POST to `/directory` on the peer port, TLS alone, no assertion.
package struct DirectoryClient: Sendable {
    /// How long one message and its answer may take.
    package static let timeout = Duration.seconds(5)

    private let connections: PeerConnections
    private let world: World

    /// A client over a node's connections.
    package init(connections: PeerConnections, world: World) {
        self.connections = connections
        self.world = world
    }

    /// Sends a message; the answer comes with the community that the certificate names.
    ///
    /// `.forbidden` when this node is not admitted there, `.badRequest` for an answer that is no directory message,
    /// otherwise as `PeerConnections.send`.
    package func send(_ message: DirectoryMessage, to target: DirectoryTarget)
        async throws(ExchangeError) -> (answer: DirectoryMessage, from: CommunityID)
    {
        var request = ClientRequest(
            .post, "/directory", body: message.bytes, responseBytesMax: DirectoryMessage.bytesMax, isRepeatable: true)
        request.headers = [("Content-Type", DirectoryMessage.mediaType), ("Accept", DirectoryMessage.mediaType)]
        let (response, certificate) = try await connections.send(
            request, to: target.url, of: target.community, deadline: world.uptime() + Self.timeout)
        try PeerAnswer.check(response.status)
        guard let community = certificate.community else {
            throw ExchangeError(.unavailable, "the node that answered names no community")
        }
        return (try DirectoryMessage(response.body), community)
    }
}
