import AdminEndpoint
import DocumentExchange
import ExchangeCore
import FHIREndpoint
import Foundation
import GossipDirectory
import Hummingbird
import HummingbirdCore
import Journal
import Logging
import NIOCore
import NIOPosix
import PeerTransport
import ServiceLifecycle
import Storage
import Transactions
import Trust
import UnixSignals

/// One running node: floors 2 to 4 joined, three listeners, gossip, and the journal's checkpoints.
///
/// The same constructor serves `hie run`, the tests and the benchmarks; only the world and the folder differ.
package struct Node: Sendable {
    /// The program's version, as status and metadata state it.
    package static let version = "0.1.0"

    /// Its transactions.
    package let exchange: Exchange
    /// Where it listens, once `run` has bound its ports.
    package let bound = BoundAddresses()
    private let stopping = StopNotice()
    /// Its journal, keyring and projection.
    package let store: NodeStore
    let home: NodeHome
    let configuration: NodeConfiguration
    let trust: TrustDomains
    let connections: PeerConnections
    let world: World
    let logger: Logger
    let started: Timestamp

    /// Opens a node's folder: locks the store, recovers the journal, brings the projection up to it, restores the directory.
    ///
    /// Throws `.notFound` when the folder holds no node or no certificate, `.conflict` when another process runs it,
    /// `.corrupted` when the journal is damaged, `.forbidden` when others may read its keys.
    package init(_ home: NodeHome, world: World = .system, logger: Logger) async throws(ExchangeError) {
        // SQLite and others make files as the mask allows: nobody else reads what this process writes (security.md L17).
        umask(0o077)
        let configuration = try NodeConfiguration(of: home)
        let trust = try TrustDomains(home, configuration)
        let store = try await NodeStore.open(home, configuration: configuration, world: world, logger: logger)
        let directory = DirectoryBook(
            try await Self.directory(home, configuration, trust, store.projection, world: world, logger: logger),
            world: world)
        connections = try PeerConnections(
            identity: trust.node, policy: { trust.peerPolicy(directory, now: world.now()) }, world: world)
        exchange = Exchange(
            settings: ExchangeSettings(
                community: configuration.community, name: configuration.name, clientBase: configuration.clientBase,
                consentDefault: configuration.consentDefault, withheldNotice: configuration.withheldNotice,
                labeler: try Self.labeler(home, configuration), limits: configuration.limits),
            world: world, journal: store.writer, reader: store.reader, projection: store.projection,
            directory: directory,
            peers: FHIRPeerClient(
                community: configuration.community, connections: connections, world: world,
                limits: configuration.limits),
            logger: logger)
        self.home = home
        self.configuration = configuration
        self.trust = trust
        self.store = store
        self.world = world
        self.logger = logger
        started = world.now()
        try await announce()
    }

    /// What labels documents: the table the configuration names, else the standard one.
    private static func labeler(_ home: NodeHome, _ configuration: NodeConfiguration) throws(ExchangeError)
        -> SensitivityLabeler
    {
        guard let path = configuration.sensitivity else { return .standard }
        let table = try PlainFile.text(URL(fileURLWithPath: path, relativeTo: home.folder))
        do {
            return try SensitivityLabeler(table: table)
        } catch {
            throw ExchangeError(error.code, error.message, at: "\(path), \(error.location ?? "line 1")")
        }
    }

    /// The directory as it was kept, before anything new is heard.
    private static func directory(
        _ home: NodeHome, _ configuration: NodeConfiguration, _ trust: TrustDomains, _ projection: SQLiteProjection,
        world: World, logger: Logger,
    ) async throws(ExchangeError) -> DirectoryState {
        let seeds = configuration.seeds.compactMap { seed in
            EndpointURL("https://\(seed)").map { DirectoryTarget(community: nil, url: $0) }
        }
        let identity = DirectoryIdentity(
            authorities: trust.networkKeys, community: configuration.community, key: trust.node.key, seeds: seeds)
        var state = DirectoryState(identity: identity, store: world.randomBits())
        let facts: [DirectoryFact]
        do { facts = try await projection.directoryFacts() } catch {
            throw ExchangeError(.unavailable, "the directory cannot be read")
        }
        for notice in state.restore(facts, now: world.now()) {
            logger.notice("directory", metadata: ["notice": "\(notice)"])
        }
        return state
    }

    /// Brings the admission of this folder and what the node says of itself into the directory.
    private func announce() async throws(ExchangeError) {
        if FileManager.default.fileExists(atPath: home.admission.path) {
            try await exchange.advanceDirectory(.admitted(PlainFile.text(home.admission)))
        }
        // Directory messages go beside the FHIR base, not below it (`RouteTable`: `/directory`).
        let base = configuration.peerBase
        let root = base.hasSuffix("/fhir") ? String(base.dropLast("/fhir".count)) : base
        guard let url = EndpointURL(base), let gossip = EndpointURL(root) else {
            throw ExchangeError(.badRequest, "peer-base of node.yaml is no https URL that others could reach")
        }
        try await exchange.advanceDirectory(
            .profiled(
                DirectoryProfile(
                    organization: configuration.name,
                    endpoints: [
                        DirectoryEndpoint(role: "fhir", url: url), DirectoryEndpoint(role: "gossip", url: gossip),
                    ],
                    capabilities: ["mhd/4.2", "pdqm/3.2"])))
    }

    /// Serves until SIGTERM, SIGINT or graceful shutdown; then finishes answers under way and closes the store.
    ///
    /// Throws when a listener cannot be bound, and when the journal can no longer be written: a node that cannot keep its
    /// promises ends, so that its supervisor starts it anew (security.md L1).
    package func run(signals: [UnixSignal] = [.sigterm, .sigint]) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        var services: [any Service] = [try clientService(group), try peerService(group), try adminService()]
        services.append(GossipService(shell: GossipShell(
            exchange: exchange, client: DirectoryClient(connections: connections, world: world))))
        services.append(FollowingService(exchange: exchange))
        services.append(CheckpointService(store: store, world: world, logger: logger))
        services.append(stopping)
        var setup = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            }, gracefulShutdownSignals: signals, logger: logger)
        // What is being answered may end; who holds a connection open without a word may not hold the node up.
        setup.maximumGracefulShutdownDuration = .seconds(
            configuration.limits.locateSecondsMax + configuration.limits.drainSecondsMax)
        do {
            try await ServiceGroup(configuration: setup).run()
        } catch {
            await close()
            throw error
        }
        await close()
    }

    private func close() async {
        exchange.directory.close()
        connections.close()
        unlink(home.adminSocket.path)
        do { try await store.close() } catch {
            logger.error("the store did not close well", metadata: ["error": "\(error.message)"])
        }
    }

    private func clientService(_ group: any EventLoopGroup) throws -> any Service {
        let trust = trust
        let service = FHIRService(
            exchange: exchange, door: .client,
            authenticator: AccessTokenAuthenticator(
                community: configuration.community,
                audiences: [configuration.community.urn, configuration.clientBase], policy: { trust.clientPolicy },
                issuers: { trust.issuers }, now: world.now),
            logger: logger, base: configuration.clientBase, isStopping: { [stopping] in stopping.isHeard })
        let tls = try MutualTLS.clientListener(
            identity: trust.listener, policy: { trust.clientPolicy }, now: world.now, refused: refusals("clients"))
        return try TLSListener.service(
            "clients", at: configuration.clients, tls: tls, limits: configuration.limits, group: group, bound: bound,
            logger: logger, responder: service.responder)
    }

    private func peerService(_ group: any EventLoopGroup) throws -> any Service {
        let trust = trust
        let directory = exchange.directory
        let world = world
        let policy: @Sendable () -> TrustPolicy = { trust.peerPolicy(directory, now: world.now()) }
        let service = FHIRService(
            exchange: exchange, door: .peer,
            authenticator: PeerAssertionAuthenticator(
                community: configuration.community, policy: policy,
                key: { directory.key($1, of: $0, at: world.now()) }, now: world.now),
            logger: logger, base: configuration.peerBase, isStopping: { [stopping] in stopping.isHeard })
        let tls = try MutualTLS.peerListener(
            identity: trust.node, policy: policy, now: world.now, refused: refusals("peers"))
        return try TLSListener.service(
            "peers", at: configuration.peers, tls: tls, limits: configuration.limits, group: group, bound: bound,
            logger: logger, responder: service.responder)
    }

    private func refusals(_ listener: String) -> @Sendable (TrustRefusal) -> Void {
        { [logger] why in
            logger.warning("certificate refused", metadata: ["listener": "\(listener)", "because": "\(why)"])
        }
    }

    private func adminService() throws -> any Service {
        let path = home.adminSocket.path
        guard path.utf8.count < 104 else {
            throw ExchangeError(.badRequest, "the path of the administrator's socket is too long; use a shorter --home")
        }
        // The store's lock is ours, so a socket that lies here is a dead process's.
        unlink(path)
        let bound = bound
        return Application(
            router: AdminService(exchange: exchange, vitals: vitals).router(),
            configuration: .init(address: .unixDomainSocket(path: path), serverName: nil),
            onServerRunning: { _ in
                chmod(path, 0o600)
                bound.note("administration", path)
            }, logger: logger)
    }

    private var vitals: NodeVitals {
        let (bound, store, trust, exchange, world) = (bound, store, trust, exchange, world)
        return NodeVitals(
            version: Self.version, home: home.folder.path, started: started,
            listeners: { bound.all.map { ListenerStatus(name: $0.name, address: $0.address) } },
            certificates: {
                [("clients", trust.listener), ("peers", trust.node)].compactMap { use, identity in
                    identity.chain.first.map {
                        CertificateStatus(use: use, keyThumbprint: $0.spkiThumbprint.text, validUntil: $0.validUntil)
                    }
                }
            },
            reach: {
                var reach: [CommunityID: PeerReach] = [:]
                for community in exchange.directory.communities(at: world.now()) {
                    guard let contact = community.lastContact else { continue }
                    reach[community.community] = PeerReach(
                        isReachable: world.now() - contact < .seconds(60), lastContact: contact)
                }
                return reach
            },
            verifyJournal: { await JournalAudit.verify(home, running: store.store) })
    }
}

/// The gossip shell as a service that ends with the group.
private struct GossipService: Service {
    let shell: GossipShell

    func run() async throws {
        await cancelWhenGracefulShutdown { await shell.run() }
    }
}

/// Carries consent to other communities, as a service that ends with the group.
private struct FollowingService: Service {
    let exchange: Exchange

    func run() async throws {
        await cancelWhenGracefulShutdown { await exchange.followPatients() }
    }
}

/// Signs the journal's head once a second while it grows, and ends the node when the journal has failed.
private struct CheckpointService: Service {
    let store: NodeStore
    let world: World
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var signed: UInt64?
            while !Task.isCancelled {
                try await world.sleep(.seconds(1))
                if store.writer.failure != nil { return }
                let size = store.writer.size
                guard size != signed else { continue }
                _ = try await store.checkpoints.publish()
                signed = size
            }
        }
        if let failure = store.writer.failure {
            logger.critical("the journal cannot be written any more; the node ends", metadata: ["error": "\(failure.message)"])
            throw failure
        }
    }
}
