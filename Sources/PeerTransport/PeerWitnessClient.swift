import ExchangeCore
import GossipDirectory
import Transactions
import Trust

/// Carries witnesses' questions to other nodes: POST below `/witness` on the peer port, TLS alone, no assertion.
package struct PeerWitnessClient: WitnessClient {
    /// How long one question and its answer may take.
    package static let timeout = Duration.seconds(5)

    private let connections: PeerConnections
    private let world: World

    /// A client over a node's connections.
    package init(connections: PeerConnections, world: World) {
        self.connections = connections
        self.world = world
    }

    package func ask(_ question: WitnessQuestion, _ text: String, of target: DirectoryTarget)
        async throws(ExchangeError) -> WitnessAnswer
    {
        var request = ClientRequest(
            .post, "/witness/" + question.rawValue, body: Array(text.utf8), responseBytesMax: WitnessQuestion.bytesMax,
            isRepeatable: true)
        request.headers = [("Content-Type", "text/plain; charset=utf-8"), ("Accept", "*/*")]
        let (response, _) = try await connections.send(
            request, to: target.url, of: target.community, deadline: world.uptime() + Self.timeout)
        guard let answer = String(validating: response.body, as: UTF8.self) else {
            throw ExchangeError(.badRequest, "the peer's answer is no text")
        }
        return WitnessAnswer(response.status, answer)
    }
}
