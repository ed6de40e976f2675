import ConsentEngine
import ExchangeCore
import JSON
import Journal
import Transactions

extension AdminService {
    func status() async throws -> AdminAnswer {
        let now = exchange.world.now()
        let store = vitals.store()
        let failure = store.failure ?? exchange.journal.failure
        // What cannot be counted now must not keep the node from saying why.
        let counts = try? await exchange.projection.counts()
        let peers = reachOfPeers()
        let open = try await exchange.projection.alerts(withClosed: false, limit: 1000).count
            + exchange.projection.ruleAlerts(withClosed: false, limit: 1000).count
        let waiting = try await exchange.projection.changes(withDecided: false, limit: 1000)
            .count { $0.state(at: now) == .waiting }
        var journal: JSONObject = [
            "entries": .number(String(exchange.journal.size)),
            "root": .string(Hexadecimal.encode(exchange.journal.root)), "working": .bool(failure == nil),
        ]
        journal["failure"] = failure.map { .string($0.description) }
        return AdminAnswer([
            "community": .string(exchange.settings.community.urn), "name": .string(exchange.settings.name),
            "version": .string(vitals.version), "home": .string(vitals.home),
            "started": .string(vitals.started.description),
            "uptimeSeconds": .number(String((now - vitals.started).components.seconds)),
            "healthy": .bool(failure == nil), "journal": .object(journal),
            "store": Self.json(store),
            "reopening": .bool(vitals.isReopening()),
            "counts": [
                "patients": counts.map { .number(String($0.patients)) } ?? .null,
                "documents": counts.map { .number(String($0.documents)) } ?? .null,
                "directives": counts.map { .number(String($0.directives)) } ?? .null,
            ],
            "listeners": .array(
                vitals.listeners().map { ["name": .string($0.name), "address": .string($0.address)] }),
            "peers": [
                "known": .number(String(peers.count)),
                "reachable": .number(String(peers.filter { $0.reach?.isReachable == true }.count)),
            ],
            "certificates": .array(
                vitals.certificates().map { certificate in
                    let finding = HealthRules.certificate(certificate, now: now)
                    return [
                        "use": .string(certificate.use), "key": .string(certificate.keyThumbprint),
                        "validUntil": .string(certificate.validUntil.description),
                        "daysLeft": .number(String((certificate.validUntil - now).components.seconds / 86400)),
                        "status": .string(finding.grade.rawValue), "next": finding.next.map { .string($0) } ?? .null,
                    ]
                }),
            "openAlerts": .number(String(open)), "changesWaiting": .number(String(waiting)),
            "consentDefault": .string(exchange.settings.consentDefault.rawValue),
            "auditFeed": vitals.auditFeed().map(feed) ?? .null,
        ])
    }

    private func feed(_ status: OutboxStatus) -> JSONValue {
        let size = exchange.journal.size
        var object: JSONObject = [
            "repository": .string(status.receiver), "sent": .number(String(status.place.entry)),
            "waiting": .number(String(size - min(status.place.entry, size))), "refused": .number(String(status.place.refused)),
        ]
        object["failure"] = status.failure.map { .string($0) }
        object["since"] = status.failingSince.map { .string($0.description) }
        object["nextTry"] = status.nextTry.map { .string($0.description) }
        return .object(object)
    }

    private static func json(_ store: StoreStatus) -> JSONValue {
        var object: JSONObject = ["working": .bool(store.failure == nil)]
        object["failure"] = store.failure.map { .string($0.description) }
        object["since"] = store.since.map { .string($0.description) }
        object["next"] = store.next.map { .string($0) }
        object["freeBytes"] = store.freeBytes.map { .number(String($0)) }
        return .object(object)
    }

    func peers() -> AdminAnswer {
        AdminAnswer(["peers": .array(reachOfPeers().map { Self.json($0.peer, $0.reach) })])
    }

    func peer(_ call: AdminCall) throws -> AdminAnswer {
        let community = try call.community()
        guard let found = reachOfPeers().first(where: { $0.peer.community == community }) else {
            throw ExchangeError(.notFound, "no node of that community is known; see hie peer list")
        }
        return AdminAnswer(Self.json(found.peer, found.reach))
    }

    private func reachOfPeers() -> [(peer: PeerNode, reach: PeerReach?)] {
        let reach = vitals.reach()
        return exchange.directory.peers(at: exchange.world.now())
            .filter { $0.community != exchange.settings.community }
            .sorted { $0.community < $1.community }.map { ($0, reach[$0.community]) }
    }

    private static func json(_ peer: PeerNode, _ reach: PeerReach?) -> JSONValue {
        var object: JSONObject = [
            "community": .string(peer.community.urn), "name": .string(peer.name), "fhirBase": .string(peer.fhirBase),
            "reachable": reach.map { .bool($0.isReachable) } ?? .null,
        ]
        object["lastContact"] = reach?.lastContact.map { .string($0.description) }
        object["detail"] = reach?.detail.map { .string($0) }
        return .object(object)
    }
}
