import AdminEndpoint
import ExchangeCore
import FHIREndpoint
import Foundation
import GossipDirectory
import Journal
import MLLPEndpoint
import PeerTransport
import Storage
import Transactions
import Trust
import X509

/// What a running node says of itself: to its administrator, to supervisors and to Prometheus.
extension Node {
    /// How the store is at this moment, also before the service that watches it has looked.
    var storeStatus: @Sendable () -> StoreStatus {
        { [store, health, world] in
            if let failure = store.failure { health.note(failure, of: store, at: world.now()) }
            return health.status
        }
    }

    var isBound: @Sendable () -> Bool {
        let second = configuration.administrators.isStated ? ["administrators"] : []
        let names = ["clients", "peers", "administration"] + second + configuration.feeds.map { "feed " + $0.name }
        return { [bound] in names.allSatisfy { bound[$0] != nil } }
    }

    var healthSource: HealthService.Source {
        let (exchange, vitals, storeStatus, isBound, stopping) = (exchange, vitals, storeStatus, isBound, stopping)
        let figures = NodeFigures(
            started: started, version: Self.version, requests: [("clients", clientFigures), ("peers", peerFigures)],
            feeds: feeds.desk, outboxes: receivers.desk(exchange.subscriptions), traces: traceFeed,
            limits: { [shares] in
                LimitFigures(
                    questions: [("clients", shares.clients.totals), ("peers", shares.peers.totals)],
                    personsRefused: exchange.discoveriesRefused)
            })
        return HealthService.Source(
            findings: { vitals.findings(of: exchange) },
            isReady: { isBound() && !stopping.isHeard && storeStatus().failure == nil },
            figures: {
                figures.page(
                    vitals.findings(of: exchange), entries: exchange.journal.size, store: storeStatus(),
                    certificates: vitals.certificates())
            })
    }

    var vitals: NodeVitals {
        let (bound, store, trust, exchange, world, auditFeed) = (bound, store, trust, exchange, world, auditFeed)
        return NodeVitals(
            version: Self.version, home: home.folder.path, started: started,
            listeners: { bound.all.map { ListenerStatus(name: $0.name, address: $0.address) } },
            certificates: {
                [("clients", trust.listener), ("peers", trust.node)].compactMap { use, identity in
                    identity.chain.first.map {
                        CertificateStatus(
                            use: use, keyThumbprint: $0.spkiThumbprint.text, validFrom: $0.validFrom,
                            validUntil: $0.validUntil)
                    }
                }
            },
            reach: {
                var reach: [CommunityID: PeerReach] = [:]
                for community in exchange.directory.communities(at: world.now()) {
                    guard let contact = community.lastContact else { continue }
                    reach[community.community] = PeerReach(
                        isReachable: community.reach == .reachable, lastContact: contact)
                }
                return reach
            },
            ping: { [connections] community throws(ExchangeError) in
                try await DirectoryClient(connections: connections, world: world).ping(community, of: exchange.directory)
            },
            verifyJournal: { await JournalAudit.verify(home, running: store.store) }, store: storeStatus,
            journalEnd: {
                let end = store.store.end
                return JournalExtent(segment: end.segment, offset: end.offset, entries: end.entries, root: end.root)
            },
            reloadCertificates: certificateTaking, reloadConfiguration: configurationReloading,
            configurationDigest: configurationDigest,
            rotateKeyring: { () throws(ExchangeError) in
                try await WrappingKeyFile.rotate(home, keyring: store.keyring, world: world)
            },
            rotateLogKey: { [health] (user) throws(ExchangeError) in
                let key = try await LogKeyFile.rotate(home, store: store, user: user, world: world)
                health.askToReopen()
                return key.text
            }, reopen: { [health] in health.askToReopen() }, isReopening: { [health] in health.isAskedToReopen },
            auditFeed: { auditFeed?.status }, feeds: feeds.desk, outboxes: receivers.desk(exchange.subscriptions),
            askers: { [shares] in shares.clients.figures + shares.peers.figures })
    }
}
