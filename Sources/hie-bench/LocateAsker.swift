import ConsentEngine
import ExchangeCore
import ExchangeNode
import GossipDirectory
import Logging
import PatientIndex
import PeerTransport
import RecordLocation
import Transactions
import Trust
import XDSMetadata

/// The asking node, in this process so that its CPU can be read around a question: a real store on disk, a real
/// directory, real peers over mutual TLS. What is left out are its listeners, since nobody asks it from outside.
struct LocateAsker: Sendable {
    /// How a question went.
    struct Sample: Sendable {
        /// From the question to the answer, journaled on both ways.
        let milliseconds: Double
        /// Whether every community answered.
        let isComplete: Bool
        /// Communities that answered.
        let answered: Int
        /// What kept the question from being answered at all.
        let fault: String?
    }

    /// As the node is delivered.
    let exchange: Exchange
    /// The same node, one request a community and no more: what it is held against.
    let plain: Exchange
    /// Its connections to others.
    let connections: PeerConnections
    /// The patients it asks about.
    let patients: [PatientID]
    private let store: NodeStore

    /// Makes the node below the network's folder.
    init(in network: LocateNetwork) async throws {
        let world = World.system
        let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        let home = NodeHome(network.folder + "/asker")
        let yaml = NodeSetup.yaml(
            name: "Bench asker", community: "1.3.6.1.4.1.21367.2026.99", clients: "127.0.0.1:0", peers: "127.0.0.1:1",
            consent: "opt-out", seeds: [])
        try NodeSetup.create(home, yaml: yaml, world: world)
        try network.authority.certify(home)
        let configuration = try NodeConfiguration(of: home)
        store = try await NodeStore.open(home, configuration: configuration, world: world, logger: logger)
        let trust = try TrustDomains(home, configuration)
        var state = DirectoryState(
            identity: DirectoryIdentity(
                authorities: trust.networkKeys, community: configuration.community, key: trust.node.key),
            store: world.randomBits())
        let refused = state.restore(network.facts, now: world.now())
        guard refused.isEmpty else { throw ExchangeError(.internal, "the directory refused: \(refused.prefix(1))") }
        let directory = DirectoryBook(state, world: world)
        let policy = trust.peerPolicy(directory, now: world.now())
        connections = try PeerConnections(identity: trust.node, policy: { policy }, world: world, dial: DialRule(own: ["127.0.0.1"]))
        var limits = configuration.limits
        limits.fanOutMax = max(limits.fanOutMax, network.plan.places.count)
        let settings = ExchangeSettings(
            community: configuration.community, name: configuration.name, clientBase: configuration.clientBase,
            consentDefault: configuration.consentDefault, limits: limits)
        let (store, connections) = (store, connections)
        func node(_ settings: ExchangeSettings) -> Exchange {
            Exchange(
                settings: settings, world: world, journal: store.writer, reader: store.reader,
                projection: store.projection, directory: directory,
                peers: FHIRPeerClient(
                    community: configuration.community, connections: connections, world: world, limits: limits),
                logger: logger)
        }
        exchange = node(settings)
        plain = node(Self.plain(settings))
        var patients: [PatientID] = []
        for number in 1...8 { patients.append(try await Self.register(number, at: exchange)) }
        self.patients = patients
    }

    /// Neither hedges nor breakers.
    private static func plain(_ settings: ExchangeSettings) -> ExchangeSettings {
        var plain = settings
        plain.asking.hedges = false
        plain.asking.breakers = false
        return plain
    }

    private static func register(_ number: Int, at exchange: Exchange) async throws -> PatientID {
        guard let identifier = PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.99.1", value: "L-\(number)") else {
            throw ExchangeError(.internal, "no identifier")
        }
        let person = Demographics(
            names: [PersonName(family: "Locate\(number)", given: ["Petra"])], birthDate: PartialDate("1961-04-\(10 + number)"),
            sex: .female,
            addresses: [PostalAddress(lines: ["\(number) Main Street"], city: "Eastside", postalCode: "01234")])
        let context = AccessContext(
            door: .administration, user: "bench", role: "administrator", organization: "Bench",
            community: exchange.settings.community, purpose: "HOPERAT", deadline: World.system.uptime() + .seconds(30),
            traceID: World.system.newTraceID())
        return try await exchange.registerPatient(
            PatientRegistration(identifiers: [identifier], demographics: person), for: context
        ).id
    }

    /// Asks one question.
    ///
    /// - Parameters:
    ///   - letter: the first of its trace id, by which the responders count.
    ///   - only: ask only these.
    func ask(
        _ number: Int, by exchange: Exchange, letter: Character, within deadline: Duration,
        only: Set<CommunityID>? = nil,
    ) async -> Sample {
        let watch = Stopwatch()
        let context = AccessContext(
            door: .client, user: "dr.bench-\(number % 64)", role: "physician", organization: "Bench",
            community: exchange.settings.community, purpose: "TREAT",
            deadline: exchange.world.uptime() + deadline, traceID: String(letter) + exchange.world.newTraceID().dropFirst())
        do throws(ExchangeError) {
            let found = try await exchange.locateDocuments(
                of: patients[number % patients.count], matching: DocumentQuery(), Locating(only: only), for: context)
            found.ticket?.end()
            let milliseconds = watch.milliseconds
            let answered = found.receipt.communities.count { if case .answered = $0.state { true } else { false } }
            return Sample(
                milliseconds: milliseconds, isComplete: found.receipt.isComplete, answered: answered, fault: nil)
        } catch {
            return Sample(milliseconds: watch.milliseconds, isComplete: false, answered: 0, fault: error.description)
        }
    }

    /// Closes the store and the connections.
    func close() async throws {
        connections.close()
        try await store.close()
    }
}
