import ExchangeCore
import JSON
import Journal
import Logging
import Transactions

extension NodeVitals {
    /// How the node is at this moment.
    package func findings(of exchange: Exchange) -> [HealthFinding] {
        let now = exchange.world.now()
        let own = exchange.settings.community
        let others = exchange.directory.peers(at: now).filter { $0.community != own }
        let reach = reach()
        return HealthRules.findings(
            HealthState(
                now: now, store: store(), entries: exchange.journal.size,
                room: UInt64(exchange.settings.limits.segmentBytes), certificates: certificates(),
                directory: exchange.directory.doctor(own), peersKnown: others.count,
                peersReachable: others.count { reach[$0.community]?.isReachable == true })) + feeds.findings + outboxes.findings
    }
}

extension AdminService {
    func health() -> AdminAnswer { AdminAnswer(vitals.findings(of: exchange).json) }

    func reloadCertificates() async throws(ExchangeError) -> AdminAnswer {
        let taken = try await vitals.reloadCertificates()
        exchange.logger.notice(
            "certificates were read anew",
            metadata: ["closed": "\(taken.closed)", "renewed": "\(taken.renewed.joined(separator: ", "))"])
        return AdminAnswer([
            "closed": .number(String(taken.closed)), "renewed": .array(taken.renewed.map { .string($0) }),
            "waiting": .array(taken.waiting.map { .string($0) }),
        ])
    }
}
