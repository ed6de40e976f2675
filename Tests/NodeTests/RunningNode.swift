import ConsentEngine
import ExchangeCore
import ExchangeNode
import Foundation
import Journal
import Logging
import PatientIndex
import PeerTransport
import ServiceLifecycle
import Storage
import Synchronization
import Testing
import Transactions
import Trust

/// A node's folder and, while it runs, the node itself: real TLS, real SQLite, real sockets, in this process.
final class RunningNode: Sendable {
    private struct Life {
        let node: Node
        let group: ServiceGroup
        let task: Task<Void, any Error>
    }

    private struct NodeService: Service {
        let node: Node
        func run() async throws { try await node.run(signals: []) }
    }

    let name: String
    let community: CommunityID
    let home: NodeHome
    let clients: ReservedPort
    let peers: ReservedPort
    private let log: LogLines
    private let life = Mutex<Life?>(nil)

    /// Makes a node's folder below `folder`, certified by the network's authority; does not start it.
    init(_ plan: Plan, in folder: URL, authority: NetworkAuthorityFolder, log: LogLines) throws {
        name = plan.name
        community = try #require(CommunityID(plan.community))
        home = NodeHome(folder.appendingPathComponent(plan.name).path)
        clients = try ReservedPort()
        peers = try ReservedPort()
        self.log = log
        try NodeSetup.create(home, yaml: yaml(plan), world: .system)
        try authority.certify(home)
    }

    /// What a node is made from.
    struct Plan: Sendable {
        var name = "hospital"
        var community = "1.3.6.1.4.1.21367.2026.10"
        var consent = "opt-out"
        var seeds: [RunningNode] = []
        /// Lines of the section `limits`, such as `idle-seconds: 1`.
        var limits: [String] = []
    }

    private func yaml(_ plan: Plan) -> String {
        let yaml = NodeSetup.yaml(
            name: plan.name, community: plan.community, clients: "127.0.0.1:\(clients.number)",
            peers: "127.0.0.1:\(peers.number)", consent: plan.consent,
            seeds: plan.seeds.map { "127.0.0.1:\($0.peers.number)" })
        return yaml + (plan.limits.isEmpty ? "" : "limits:\n" + plan.limits.map { "  \($0)\n" }.joined())
    }

    /// Changes lines of `node.yaml`; the next start reads them.
    func reconfigure(_ change: (String) -> String) throws {
        let text = String(decoding: try Data(contentsOf: home.configuration), as: UTF8.self)
        try Data(change(text).utf8).write(to: home.configuration)
    }

    /// Opens the folder, binds the ports, and returns when both listen.
    func start(world: World = .system) async throws {
        try #require(life.withLock { $0 == nil }, "\(name) runs already")
        let node = try await Node(home, world: world, logger: log.logger(name))
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: NodeService(node: node))], logger: log.logger("tests")))
        let hasEnded = Ended()
        let task = Task {
            defer { hasEnded.note() }
            try await group.run()
        }
        life.withLock { $0 = Life(node: node, group: group, task: task) }
        try await until("\(name) listens") {
            // One that hears that it runs on an older copy of itself ends before it listens.
            hasEnded.isNoted || node.bound["clients"] != nil && node.bound["peers"] != nil && node.bound["administration"] != nil
        }
    }

    /// Stops it in order, as SIGTERM would; nothing when it does not run.
    func stop() async throws {
        let ending = life.withLock { life in
            defer { life = nil }
            return life
        }
        guard let ending else { return }
        await ending.group.triggerGracefulShutdown()
        try await ending.task.value
    }

    /// Waits until it has ended by itself; the error it ended with.
    func endsByItself() async throws -> ExchangeError? {
        let ending = life.withLock { life in
            defer { life = nil }
            return life
        }
        do {
            try await #require(ending, "\(name) does not run").task.value
            return nil
        } catch { return error as? ExchangeError }
    }

    /// The node, while it runs.
    var node: Node { get throws { try #require(life.withLock { $0?.node }, "\(name) does not run") } }

    /// What it and the others of its network logged.
    var logged: LogLines { log }

    /// Its transactions.
    var exchange: Exchange { get throws { try node.exchange } }

    /// Entries in its journal.
    var journalSize: UInt64 { get throws { try node.store.writer.size } }

    /// What it holds.
    func counts() async throws -> ExchangeCounts { try await node.store.projection.counts() }

    /// The administrator's context.
    var administrator: AccessContext {
        AccessContext(
            door: .administration, user: "admin", role: "administrator", organization: community.urn, community: community,
            purpose: "HOPERAT", deadline: World.system.uptime() + .seconds(30),
            traceID: World.system.newTraceID())
    }

    /// The system of its medical record numbers.
    var numbers: String { "\(community.urn).1" }

    /// Registers a patient under a number; the canary unless told otherwise.
    @discardableResult
    func register(
        _ number: String = Canary.number, of system: String? = nil, _ person: Demographics = Canary.demographics,
    ) async throws -> PatientRecord {
        let identifier = try #require(PatientIdentifier(system: system ?? numbers, value: number))
        return try await exchange.registerPatient(
            PatientRegistration(identifiers: [identifier], demographics: person), for: administrator)
    }

    /// Records that a patient denies everything to everybody.
    func refuse(_ patient: PatientID) async throws -> ConsentDirective {
        var random = World.system.random
        let now = World.system.now()
        let directive = ConsentDirective(
            id: .ordered(at: now, using: &random), patient: patient, base: ConsentRule(.deny), recorded: now)
        try await exchange.recordConsent(directive, for: administrator)
        return directive
    }
}

/// Whether something has ended.
private final class Ended: Sendable {
    private let state = Mutex(false)

    var isNoted: Bool { state.withLock { $0 } }

    func note() { state.withLock { $0 = true } }
}
