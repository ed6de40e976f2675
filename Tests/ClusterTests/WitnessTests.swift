import ExchangeCore
import Journal
import Simulation
import Testing
import Transactions
import Trust

/// Three simulated nodes that witness each other's logs.
@Suite struct WitnessTests {
    /// Runs a test with three nodes that know each other, and whose journals have entries.
    private func run(seed: UInt64, _ body: @escaping @Sendable (Cluster) async throws -> Void) throws {
        let scheduler = SeededScheduler(seed: seed)
        let world = scheduler.world
        try scheduler.run {
            let cluster = try await Cluster(world)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in cluster.nodes { group.addTask { try await node.gossip() } }
                _ = try await cluster.settle()
                try await body(cluster)
                group.cancelAll()
            }
        }
    }

    private func client(_ node: SimulatedNode, _ cluster: Cluster) -> SimulatedWitnessClient {
        SimulatedWitnessClient(of: node.facility.community, network: cluster.network, world: cluster.world)
    }

    /// Every node signs its head and shows it round, some times over.
    private func rounds(_ nodes: [SimulatedNode], _ cluster: Cluster, _ count: Int = 4) async throws {
        for _ in 0..<count {
            for node in nodes {
                _ = try await node.checkpoints.publish()
                try await node.exchange.witnessRound(by: client(node, cluster))
            }
            try await cluster.world.sleep(.seconds(2))
        }
    }

    private func book(_ node: SimulatedNode) throws -> WitnessBook { try #require(node.exchange.witness) }

    private func found(_ node: SimulatedNode, about other: SimulatedNode) async throws -> [WitnessEvidence.Kind] {
        let origin = try book(other).origin
        return try await book(node).evidence.filter { $0.origin == origin && $0.isSound }.map(\.kind)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `each node cosigns the others' heads, and what it cosigned spreads`(
        _ seed: UInt64,
    ) throws {
        try run(seed: seed) { cluster in
            try await rounds(cluster.nodes, cluster)
            _ = try await cluster.register(cluster.hospital, mrn: "RH-2", given: ["Ana"], phone: "8025550199")
            try await rounds(cluster.nodes, cluster)
            for owner in cluster.nodes {
                let origin = try book(owner).origin
                let size = owner.exchange.journal.size
                for holder in cluster.nodes {
                    let head = try #require(await book(holder).heads.first { $0.checkpoint.origin == origin })
                    #expect(head.checkpoint.size == size)
                    for witness in cluster.nodes where witness.facility.community != owner.facility.community {
                        let isThere = try book(witness).key.cosigned(head.note) != nil
                        #expect(isThere, "\(witness.facility.name) on \(owner.facility.name), held by \(holder.facility.name)")
                    }
                }
                #expect(try await book(owner).evidence.isEmpty)
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `T48 T69 a node on an older copy of itself learns it from the others`(
        _ seed: UInt64,
    ) throws {
        try run(seed: seed) { cluster in
            let aside = cluster.hospital.facility.with(disk: cluster.hospital.facility.disk.copy())
            _ = try await cluster.register(cluster.hospital, mrn: "RH-2", given: ["Ana"], phone: "8025550199")
            try await rounds(cluster.nodes, cluster)
            let old = try await SimulatedNode(
                aside, seeds: [cluster.facilities[1]], authority: cluster.authority.publicKey, network: cluster.network,
                remembering: cluster.hospital.exchange.projection.directoryFacts(), world: cluster.world)
            _ = try await old.checkpoints.publish()
            await #expect(throws: ExchangeError(.corrupted, "")) {
                for _ in 0..<3 { try await old.exchange.witnessRound(by: self.client(old, cluster)) }
            }
            let past = try #require(await book(old).ownPast)
            #expect(past.checkpoint.size > old.exchange.journal.size)
            #expect(try await found(cluster.clinic, about: old) == [.rollback])
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func `T49 T50 an administrator who goes on from an older copy is found by both others`(
        _ seed: UInt64,
    ) throws {
        try run(seed: seed) { cluster in
            let aside = cluster.hospital.facility.with(disk: cluster.hospital.facility.disk.copy())
            _ = try await cluster.register(cluster.hospital, mrn: "RH-2", given: ["Ana"], phone: "8025550199")
            try await rounds(cluster.nodes, cluster)
            // The same name, the same key, another story: grown beyond what the others know before it is shown.
            let forked = try await SimulatedNode(
                aside, seeds: [cluster.facilities[1]], authority: cluster.authority.publicKey, network: cluster.network,
                remembering: cluster.hospital.exchange.projection.directoryFacts(), world: cluster.world)
            for number in 0..<6 {
                _ = try await cluster.register(forked, mrn: "RH-9\(number)", given: ["Bea\(number)"], phone: "80255501\(number)0")
            }
            _ = try await forked.checkpoints.publish()
            try? await forked.exchange.witnessRound(by: client(forked, cluster))
            try await rounds([cluster.clinic, cluster.emergency], cluster)
            for witness in [cluster.clinic, cluster.emergency] {
                #expect(try await found(witness, about: forked) == [.unproven], "\(witness.facility.name)")
                let told = try await witness.exchange.reader.entries(from: 0, limit: 1000).filter {
                    $0.kind == .administration && String(decoding: $0.payload, as: UTF8.self).contains("\"witness\":\"unproven\"")
                }
                #expect(told.count == 1, "the journal keeps the trace, once")
            }
        }
    }
}
