import ExchangeCore
import GossipDirectory
import Journal
import Synchronization
import Transactions

/// A witness's memory, without a disk: what it kept survives a restart of the simulated node.
package final class MemoryWitnessStore: WitnessStore {
    private let kept = Mutex<[String: String]>([:])

    /// An empty memory.
    package init() {}

    package func texts() async throws(ExchangeError) -> [String: String] { kept.withLock { $0 } }

    package func keep(_ text: String, as name: String) async throws(ExchangeError) { kept.withLock { $0[name] = text } }
}

/// One node's way to the other witnesses of a simulated network.
package struct SimulatedWitnessClient: WitnessClient {
    private let community: CommunityID
    private let network: SimulatedNetwork
    private let world: World

    /// A client of a community.
    package init(of community: CommunityID, network: SimulatedNetwork, world: World) {
        self.community = community
        self.network = network
        self.world = world
    }

    package func ask(_ question: WitnessQuestion, _ text: String, of target: DirectoryTarget)
        async throws(ExchangeError) -> WitnessAnswer
    {
        guard let peer = target.community else { throw ExchangeError(.unavailable, "no such host") }
        let own = community
        return try await network.carry(from: own, to: peer, before: world.uptime() + .seconds(5)) {
            exchange throws(ExchangeError) in try await exchange.answerWitness(question, text, from: own)
        }
    }
}
