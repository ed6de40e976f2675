import ExchangeCore
import Foundation
import GossipDirectory
import Logging
import PeerTransport
import ServiceLifecycle
import Synchronization
import Transactions
import UnixSignals

/// What a node hears of itself before it serves anything: whether others hold a head of its log that its journal does not
/// continue. A restored node goes on only when somebody has answered; others must not be kept from serving by a network that
/// is down.
final class HearingService: Service {
    private static let othersMax = 8

    let exchange: Exchange
    let client: PeerWitnessClient
    let configuration: NodeConfiguration
    let home: NodeHome
    private let state = Mutex<(isThrough: Bool, failure: ExchangeError?)>((false, nil))

    init(exchange: Exchange, client: PeerWitnessClient, configuration: NodeConfiguration, home: NodeHome) {
        self.exchange = exchange
        self.client = client
        self.configuration = configuration
        self.home = home
    }

    /// Whether the node may serve; false when it was told to stop while it waited.
    func passes() throws(ExchangeError) -> Bool {
        let (isThrough, failure) = state.withLock { $0 }
        if let failure { throw failure }
        return isThrough
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            do throws(ExchangeError) { try await self.hear() } catch { self.state.withLock { $0.failure = error } }
        }
    }

    private func hear() async throws(ExchangeError) {
        while !Task.isCancelled {
            let others = others
            let heard = try await exchange.hearOfOwnLog(from: others, by: client)
            guard !Task.isCancelled else { return }
            if heard > 0, mustHear { try SecretFile.replace(home.heard, [], mode: 0o600) }
            // Nobody there, and a folder that says so: the network has no other member yet.
            let isAlone = others.isEmpty && KnownPeers.kept(in: home) != nil
            guard mustHear, !isAlone else { return state.withLock { $0.isThrough = true } }
            exchange.logger.critical(
                "a restored node serves nothing before it has heard what others hold of its journal, and nobody answers",
                metadata: ["asked": "\(others.map(\.url.description).joined(separator: " "))", "next": "\(Self.next(home))"])
            do { try await exchange.world.sleep(.seconds(5)) } catch { return }
        }
    }

    /// Whether the store was restored, and nobody was heard since.
    var mustHear: Bool { Self.mustHear(home) }

    static func mustHear(_ home: NodeHome) -> Bool {
        let files = FileManager.default
        return files.fileExists(atPath: home.restored.path) && !files.fileExists(atPath: home.heard.path)
    }

    /// What an administrator does while it waits.
    static func next(_ home: NodeHome) -> String {
        "see that one of the others runs, or name one under seeds in node.yaml; if there is none, remove \(home.restored.path)"
    }

    /// Whom to ask: where the directory, the folder and the configuration say that others are.
    private var others: [DirectoryTarget] {
        let known = exchange.directory.communities(at: exchange.world.now()).filter {
            $0.standing == .active && $0.community != configuration.community
        }.compactMap { $0.endpoint("gossip") ?? $0.endpoint("fhir") }
        let seeds = configuration.seeds.compactMap { EndpointURL("https://\($0)") }
        var urls: [EndpointURL] = []
        var random = exchange.world.random
        for url in seeds + (known + (KnownPeers.kept(in: home) ?? [])).shuffled(using: &random) where !urls.contains(url) {
            urls.append(url)
        }
        return urls.prefix(Self.othersMax).map { DirectoryTarget(community: nil, url: $0) }
    }
}

extension Node {
    /// Carries questions to other witnesses.
    var witnessClient: PeerWitnessClient { PeerWitnessClient(connections: connections, world: world) }

    /// Hears what others hold of this node, and keeps where they are; closed when it may not serve: false when it was told to
    /// stop meanwhile.
    func mayServe(signals: [UnixSignal]) async throws -> Bool {
        do {
            let isHeard = try await hearOthers(signals: signals)
            if isHeard { try KnownPeers.keep(exchange, in: home) } else { await close() }
            return isHeard
        } catch {
            await close()
            throw error
        }
    }

    /// Hears what others hold of this node; false when it was told to stop meanwhile.
    private func hearOthers(signals: [UnixSignal]) async throws -> Bool {
        let hearing = HearingService(
            exchange: exchange, client: witnessClient, configuration: configuration, home: home)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let setup = ServiceGroupConfiguration(
            services: [.init(service: hearing, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: signals, logger: quiet)
        try await ServiceGroup(configuration: setup).run()
        do throws(ExchangeError) {
            return try hearing.passes()
        } catch {
            logger.critical("the node ends", metadata: ["error": "\(error.message)", "log": "\(error.location ?? "")"])
            throw error
        }
    }
}
