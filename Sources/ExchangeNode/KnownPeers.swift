import ExchangeCore
import Foundation
import GossipDirectory
import Logging
import ServiceLifecycle
import Transactions

/// Where the others were last known to be, one address a line. Backups and standbys carry it: whoever is restored has somebody
/// to ask, seeds or not.
enum KnownPeers {
    /// Addresses kept.
    static let max = 64

    /// The addresses kept; nil when nothing was ever kept, which is not the same as nobody.
    static func kept(in home: NodeHome) -> [EndpointURL]? {
        FileManager.default.contents(atPath: home.peers.path).map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(max).compactMap { EndpointURL(String($0)) }
        }
    }

    /// Whom the directory asks first: the seeds. The first node of a network has none, and asks those it knew when its tables are lost.
    static func firstAsked(_ configuration: NodeConfiguration, in home: NodeHome) -> [DirectoryTarget] {
        let addresses =
            configuration.seeds.isEmpty ? kept(in: home) ?? [] : configuration.seeds.compactMap { EndpointURL("https://\($0)") }
        return addresses.map { DirectoryTarget(community: nil, url: $0) }
    }

    /// Keeps what the directory says now; what was kept before when it knows nobody.
    static func keep(_ exchange: Exchange, in home: NodeHome) throws(ExchangeError) {
        let before = kept(in: home)
        let now = exchange.directory.communities(at: exchange.world.now()).filter {
            $0.standing == .active && $0.community != exchange.settings.community
        }.sorted { $0.community.urn < $1.community.urn }.compactMap { $0.endpoint("gossip") ?? $0.endpoint("fhir") }.prefix(max)
        guard before == nil || !now.isEmpty && Array(now) != before else { return }
        try SecretFile.replace(home.peers, Array(now.map { "\($0)\n" }.joined().utf8), mode: 0o600)
    }
}

/// Keeps where the others are, as a service that ends with the group.
struct KnownPeersService: Service {
    static let interval = Duration.seconds(5)

    let exchange: Exchange
    let home: NodeHome

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do throws(ExchangeError) { try KnownPeers.keep(exchange, in: home) } catch {
                    exchange.logger.warning("where the others are was not kept", metadata: ["error": "\(error.description)"])
                }
                do { try await exchange.world.sleep(Self.interval) } catch { return }
            }
        }
    }
}
