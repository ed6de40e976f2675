import ExchangeCore
import ExchangeNode
import Foundation
import Synchronization
import Testing

/// Every test against real nodes, one after another: they share two cores with everything else.
@Suite(.serialized) enum RealNodes {}

/// A network's authority and the nodes it certified, all below one folder that goes when the test ends.
final class Network: Sendable {
    let folder: URL
    let authority: NetworkAuthorityFolder
    let log = LogLines()
    private let nodes = Mutex<[RunningNode]>([])

    private init() throws {
        // Short: the administrator's socket has 104 bytes for its path.
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "hie-" + World.system.newTraceID().prefix(12))
        try SecretFile.makeFolder(folder)
        authority = NetworkAuthorityFolder(folder.appendingPathComponent("network").path, world: .system)
        try authority.create(name: "Test network")
    }

    /// Runs a test with a network of its own; stops every node and holds the log against the canary at the end.
    static func run<Value>(_ body: (Network) async throws -> Value) async throws -> Value {
        let network = try Network()
        do {
            let value = try await body(network)
            try await network.end()
            return value
        } catch {
            try? await network.end()
            throw error
        }
    }

    /// Runs a test with one running node.
    static func one<Value>(
        _ plan: RunningNode.Plan = .init(), _ body: (Network, RunningNode) async throws -> Value,
    ) async throws -> Value {
        try await run { network in
            let node = try network.add(plan)
            try await node.start()
            return try await body(network, node)
        }
    }

    /// Makes a node, not started.
    func add(_ plan: RunningNode.Plan = .init()) throws -> RunningNode {
        let node = try RunningNode(plan, in: folder, authority: authority, log: log)
        nodes.withLock { $0.append(node) }
        return node
    }

    /// The line that gives the reason of a refusal, logged from a place on; waits for it, since the answer may be sooner.
    func reason(since place: Int, _ words: String...) async throws -> String {
        var found: String?
        try await until("a log line with \(words)", within: .seconds(5)) {
            found = log.since(place).first { line in words.allSatisfy { $0.isEmpty || line.contains($0) } }
            return found != nil
        }
        return try #require(found)
    }

    private func end() async throws {
        for node in nodes.withLock({ $0 }) { try await node.stop() }
        let leaks = Canary.found(in: log.all)
        #expect(leaks.isEmpty, "patient data in the log")
        try FileManager.default.removeItem(at: folder)
    }
}
