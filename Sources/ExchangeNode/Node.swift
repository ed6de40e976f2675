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
    let stopping = StopNotice()
    /// Who is at the other end of connections on the peer port.
    let peersConnected = ConnectionIdentities()
    /// Who is at the other end of connections on the client port.
    let clientsConnected = ConnectionIdentities()
    /// Who is at the other end of connections on the ports of feeds.
    let feedsConnected = ConnectionIdentities()
    let clientFigures = RequestFigures()
    let peerFigures = RequestFigures()
    /// Who has how many questions under way at each listener.
    let shares: (clients: AskerShares, peers: AskerShares)
    /// Its journal, keyring and projection.
    package let store: NodeStore
    let home: NodeHome
    let configuration: NodeConfiguration
    let trust: TrustDomains
    let connections: PeerConnections
    let world: World
    let logger: Logger
    let started: Timestamp
    let health: StoreHealth
    let auditFeed: AuditFeed?
    let traceFeed: TraceFeed?
    let feeds: NodeFeeds
    let receivers: NodeReceivers
    let notifications: HTTPNotificationClient?
    let inForce: ConfigurationInForce
    let logThreshold: LogThreshold?
    /// How the feed of audit events to a repository fares; nil where none is configured, or before it began.
    package var feedStatus: OutboxStatus? { auditFeed?.status }

    /// How a node's run ended.
    package enum Ending: Sendable {
        /// It was told to stop.
        case stopped
        /// Its store had failed and the disk takes writes again: open the folder anew, without the projection's file when
        /// that was what was damaged.
        case reopens(discardsProjection: Bool)
    }

    /// Opens a node's folder: locks the store, recovers the journal, brings the projection up to it, restores the directory.
    ///
    /// Throws `.notFound` when the folder holds no node or no certificate, `.conflict` when another process runs it,
    /// `.corrupted` when the journal is damaged, `.forbidden` when others may read its keys.
    ///
    /// - Parameters:
    ///   - discardsProjection: the tables' file was found damaged; it is made anew.
    ///   - logThreshold: the logger's, for `hie config reload` to change; nil leaves its level as it is.
    package init(
        _ home: NodeHome, discardsProjection: Bool = false, world: World = .system, logger: Logger,
        logThreshold: LogThreshold? = nil,
    ) async throws(ExchangeError) {
        // SQLite and others make files as the mask allows: nobody else reads what this process writes (security.md L17).
        umask(0o077)
        let configuration = try NodeConfiguration(of: home)
        let trust = try TrustDomains(home, configuration, world: world)
        let store = try await NodeStore.open(
            home, configuration: configuration, discardsProjection: discardsProjection, world: world, logger: logger)
        let directory = DirectoryBook(
            try await Self.directory(home, configuration, trust, store.projection, world: world, logger: logger),
            world: world)
        connections = try PeerConnections(
            identity: trust.node, policy: { trust.peerPolicy(directory, now: world.now()) }, world: world,
            dial: configuration.dialRule)
        traceFeed = try configuration.traces?.feed(home, trust: trust, world: world)
        exchange = Exchange(
            settings: ExchangeSettings(
                community: configuration.community, name: configuration.name, clientBase: configuration.clientBase,
                consentDefault: configuration.consentDefault, treating: configuration.treating,
                notifications: configuration.subscriptions?.rules ?? NotificationRules(), withheldNotice: configuration.withheldNotice,
                labeler: try Self.labeler(home, configuration), limits: configuration.limits,
                alerts: configuration.alerts, retention: configuration.retention),
            world: world, journal: store.writer, reader: store.reader, projection: store.projection,
            directory: directory,
            peers: FHIRPeerClient(
                community: configuration.community, connections: connections, world: world,
                limits: configuration.limits, traces: traceFeed?.recorder ?? .none),
            witness: try await NodeWitness.book(home, store: store, directory: directory, world: world),
            terminology: TerminologyShelf(TerminologyFolder(home.terminology.path)), logger: logger)
        shares = (AskerShares(.client, limits: configuration.limits), AskerShares(.peer, limits: configuration.limits))
        self.home = home
        self.configuration = configuration
        self.logThreshold = logThreshold
        inForce = ConfigurationInForce(configuration)
        self.trust = trust
        self.store = store
        self.world = world
        self.logger = logger
        started = world.now()
        health = StoreHealth(
            folder: home.store.path, room: UInt64(configuration.limits.segmentBytes) + 16 << 20)
        auditFeed = try configuration.auditRepository?.feed(
            home, trust: trust, exchange: exchange, origin: store.store.origin)
        feeds = try await NodeFeeds(configuration.feeds, home, exchange: exchange)
        notifications = try configuration.subscriptions?.client(home, trust: trust, world: world)
        receivers = try NodeReceivers(configuration.receivers, home, trust: trust, exchange: exchange)
        closeWhatIsCut()
        // Before anything is served: a copy that was restored may hold keys of people who were erased.
        try await exchange.finishErasures()
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
        let identity = DirectoryIdentity(
            authorities: trust.networkKeys, community: configuration.community, key: trust.node.key,
            seeds: KnownPeers.firstAsked(configuration, in: home))
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

    /// Lets a revoked, blocked or rotated community's live connections end at once, both ways (security.md T27).
    private func closeWhatIsCut() {
        let (connections, peers, trust, directory, world) = (connections, peersConnected, trust, exchange.directory, world)
        directory.onCut { community in
            connections.cut(community)
            let policy = trust.peerListenerPolicy(directory, now: world.now())
            peers.close { $0.community == community && policy.refusal(of: $0, now: world.now()) != nil }
        }
    }

    /// Brings the admission of this folder and what the node says of itself into the directory.
    private func announce() async throws(ExchangeError) {
        if FileManager.default.fileExists(atPath: home.admission.path) {
            try await exchange.advanceDirectory(.admitted(PlainFile.text(home.admission)))
        }
        for path in configuration.admissions {
            let file = URL(fileURLWithPath: path, relativeTo: home.folder)
            try await exchange.advanceDirectory(.admitted(try PlainFile.text(file)))
        }
        // Directory messages go beside the FHIR base, not below it (`RouteTable`: `/directory`).
        let base = configuration.peerBase
        let root = base.hasSuffix("/fhir") ? String(base.dropLast("/fhir".count)) : base
        guard let url = EndpointURL(base), let gossip = EndpointURL(root) else {
            throw ExchangeError(.badRequest, "peer-base of node.yaml is no https URL that others could reach")
        }
        let also = configuration.peerAlso.compactMap { EndpointURL($0) }
        try await exchange.advanceDirectory(
            .profiled(
                DirectoryProfile(
                    organization: configuration.name,
                    endpoints: [
                        DirectoryEndpoint(role: "fhir", url: url), DirectoryEndpoint(role: "gossip", url: gossip),
                    ] + also.map { DirectoryEndpoint(role: "fhir", url: $0) },
                    capabilities: ["mhd/4.2", "pdqm/3.2"] + (exchange.witness.map { [DirectoryBook.capability($0.key)] } ?? []))))
    }

    /// Serves until SIGTERM, SIGINT or graceful shutdown; then finishes answers under way and closes the store.
    ///
    /// When the store fails the node stands still (`StoreService`), and ends as soon as it can be opened anew. Throws when a
    /// listener cannot be bound, and when the journal is damaged.
    ///
    /// - Parameter isDirectoryOnly: listeners and directory alone, without consent's rounds and the journals' witnesses: what
    ///   the directory costs by itself, for benchmarks.
    @discardableResult package func run(
        signals: [UnixSignal] = [.sigterm, .sigint], isDirectoryOnly: Bool = false,
    ) async throws -> Ending {
        if !isDirectoryOnly, try await !mayServe(signals: signals) { return .stopped }
        let group = MultiThreadedEventLoopGroup.singleton
        var services: [any Service] = [try clientService(group), try peerService(group)]
        services += try adminServices()
        services.append(GossipService(shell: GossipShell(
            exchange: exchange, client: DirectoryClient(connections: connections, world: world))))
        if !isDirectoryOnly {
            services.append(FollowingService(exchange: exchange))
            services.append(SearchService(exchange: exchange))
            services.append(DoubtService(exchange: exchange))
        }
        services.append(
            StoreService(store: store, health: health, folder: home.store.path, world: world, logger: logger))
        if let address = configuration.health {
            services.append(HealthService.application(at: address, source: healthSource, bound: bound, logger: logger))
        }
        services.append(
            SystemdNotice(world: world, environment: ProcessInfo.processInfo.environment, isBound: isBound))
        services.append(WatchService(exchange: exchange))
        if !trust.remoteSets.isEmpty { services.append(KeySetService(trust: trust, world: world, logger: logger)) }
        if !signals.isEmpty {
            let waits = configuration.administrators.waits.contains(.configReload)
            services.append(HangUpService(reload: configurationReloading, waits: waits, logger: logger))
        }
        if let traceFeed {
            let resource = OTLPResource(community: configuration.community, version: Self.version)
            services.append(TraceService(feed: traceFeed, resource: resource, world: world, logger: logger))
        }
        if let auditFeed {
            services.append(OutboxService(exchange: exchange, outbox: auditFeed, origin: store.store.origin, start: 0))
        }
        if !isDirectoryOnly {
            services.append(KnownPeersService(exchange: exchange, home: home))
            services.append(CertificateService(taking: certificateTaking, home: home, world: world, logger: logger))
            services.append(WitnessService(exchange: exchange, client: witnessClient))
        }
        services += try feedServices(group)
        if let notifications, let subscriptions = configuration.subscriptions {
            services.append(SubscriptionService(
                exchange: exchange, client: notifications, folder: home.outboxes.path, origin: store.store.origin,
                giveUpHours: subscriptions.giveUpHours))
        }
        services += receivers.outboxes.map { _, outbox in
            OutboxService(exchange: exchange, outbox: outbox, origin: store.store.origin, start: exchange.journal.size)
        }
        services.append(stopping)
        // Below `info` the lifecycle's library writes down what its services are made of, keys perhaps among it.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .info)
        var setup = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            }, gracefulShutdownSignals: signals, logger: quiet)
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
        return health.reopens ? .reopens(discardsProjection: store.projection.damage != nil) : .stopped
    }

    func close() async {
        exchange.directory.close()
        connections.close()
        unlink(home.adminSocket.path)
        if let second = configuration.administrators.socket, bound["administrators"] != nil { unlink(second) }
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
                issuers: { trust.issuers }, sets: { trust.sets }, roles: { trust.roles }, missed: { trust.note(missed: $0) }, now: world.now),
            logger: logger, base: configuration.clientBase, tokens: tokenDesk, connections: clientsConnected,
            figures: clientFigures, traces: traceFeed?.recorder ?? .none, shares: shares.clients, isStopping: { [stopping] in stopping.isHeard })
        let tls = try MutualTLS.clientListener(
            identity: trust.shownToClients, policy: { trust.clientPolicy }, now: world.now, refused: refusals("clients"))
        return try TLSListener.service(
            "clients", at: configuration.clients, tls: tls, limits: configuration.limits, group: group, bound: bound,
            logger: logger, responder: service.responder)
    }

    /// Where the facility's own systems get their tokens.
    private var tokenDesk: TokenDesk {
        let (home, trust) = (home, trust)
        return TokenDesk(
            base: configuration.clientBase, community: configuration.community, organization: configuration.name,
            key: { () throws(ExchangeError) in try SigningKey(pem: SecretFile.text(home.tokenKey)) },
            clients: { trust.backendClients }, world: world)
    }

    private func peerService(_ group: any EventLoopGroup) throws -> any Service {
        let trust = trust
        let directory = exchange.directory
        let world = world
        let policy: @Sendable () -> TrustPolicy = { trust.peerListenerPolicy(directory, now: world.now()) }
        let authenticator = PeerAssertionAuthenticator(
            community: configuration.community, policy: policy, key: { directory.key($1, of: $0, at: world.now()) },
            now: world.now)
        let service = FHIRService(
            exchange: exchange, door: .peer, authenticator: authenticator, logger: logger, base: configuration.peerBase,
            connections: peersConnected, figures: peerFigures,
            traces: traceFeed?.recorder ?? .none, shares: shares.peers, isStopping: { [stopping] in stopping.isHeard })
        let tls = try MutualTLS.peerListener(
            identity: trust.shownToPeers, policy: policy, now: world.now, refused: refusals("peers"))
        return try TLSListener.service(
            "peers", at: configuration.peers, tls: tls, limits: configuration.limits, group: group, bound: bound,
            logger: logger, gossip: gossipServer(authenticator), responder: service.responder)
    }

    /// The directory's own protocol on the peer port: the certificate alone says who asks, strangers included.
    private func gossipServer(_ authenticator: PeerAssertionAuthenticator) -> GossipServer {
        let (peers, exchange, logger) = (peersConnected, exchange, logger)
        return GossipServer(
            identify: { channel in
                switch await peers.identity(of: channel, judge: { await authenticator.judge($0) }) {
                case .refused(let reason):
                    logger.info("gossip refused", metadata: ["because": "\(reason)"])
                    return nil
                case .identity(let identity):
                    return {
                        authenticator.refusal(of: identity.certificate) == nil ? identity.certificate.community : nil
                    }
                }
            },
            answer: { (frame, peer) async throws(ExchangeError) in
                try await exchange.exchangeDirectory(frame, from: peer)
            })
    }

    /// Closes the connections of certificates that a listener does not believe any more, after its pins have changed.
    var closingWhatIsPinnedOut: @Sendable () -> Void {
        let (clients, peers, trust) = (clientsConnected, peersConnected, trust)
        let (directory, world) = (exchange.directory, world)
        return {
            let (ours, others) = (trust.clientPolicy, trust.peerListenerPolicy(directory, now: world.now()))
            clients.close { ours.refusal(of: $0, now: world.now()) != nil }
            peers.close { others.refusal(of: $0, now: world.now()) != nil }
        }
    }

    func refusals(_ listener: String) -> @Sendable (TrustRefusal) -> Void {
        { [logger] why in
            logger.warning("certificate refused", metadata: ["listener": "\(listener)", "because": "\(why)"])
        }
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

/// Asks other communities on behalf of requests, as a service that ends with the group.
private struct SearchService: Service {
    let exchange: Exchange

    func run() async throws {
        await cancelWhenGracefulShutdown { await exchange.conductSearches() }
    }
}
