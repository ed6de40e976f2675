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
                peersReachable: others.count { reach[$0.community]?.isReachable == true })) + feeds.findings
    }
}

extension AdminService {
    func health() -> AdminAnswer { AdminAnswer(vitals.findings(of: exchange).json) }

    func reloadCertificates() throws(ExchangeError) -> AdminAnswer {
        let closed = try vitals.reloadCertificates()
        exchange.logger.notice("revoked certificates were read anew", metadata: ["closed": "\(closed)"])
        return AdminAnswer(["closed": .number(String(closed))])
    }
}
