import ConsentEngine
import DocumentExchange
import ExchangeCore
import Simulation
import Testing
import Transactions
import Trust
import XDSMetadata

/// Three simulated facilities through the scene of the demonstration, on one thread, from a seed.
@Suite struct ThreeFacilitiesTests {
    @Test(arguments: Seeds.all)
    func `the whole exchange, from gossip to a killed node`(seed: UInt64) throws {
        let scheduler = SeededScheduler(seed: seed)
        let world = scheduler.world
        try scheduler.run {
            let cluster = try await Cluster(world)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in cluster.nodes { group.addTask { try? await node.gossip() } }
                try await cluster.play()
                group.cancelAll()
            }
        }
    }
}

/// Every seed that ever failed, and a few more.
enum Seeds {
    static let all: [UInt64] = Array(1...16)
}
