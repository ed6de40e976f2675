import ExchangeCore
import GossipDirectory

/// What is known of a running node at one moment, for `HealthRules` to judge.
package struct HealthState: Sendable {
    /// The moment.
    package var now: Timestamp
    /// Whether journal and projection take writes.
    package var store: StoreStatus
    /// Entries in the journal.
    package var entries: UInt64
    /// Bytes the disk must keep free for the journal to go on.
    package var room: UInt64
    /// The certificates in use.
    package var certificates: [CertificateStatus]
    /// What the directory's doctor says of this node itself: admission, record, clock.
    package var directory: [DoctorFinding]
    /// How many other communities are known.
    package var peersKnown: Int
    /// How many of them answered last.
    package var peersReachable: Int

    /// A state from its parts.
    package init(
        now: Timestamp, store: StoreStatus, entries: UInt64, room: UInt64, certificates: [CertificateStatus],
        directory: [DoctorFinding], peersKnown: Int, peersReachable: Int,
    ) {
        self.now = now
        self.store = store
        self.entries = entries
        self.room = room
        self.certificates = certificates
        self.directory = directory
        self.peersKnown = peersKnown
        self.peersReachable = peersReachable
    }
}

/// Judges how a node is: pure, the same for `hie doctor`, `GET /healthz` and the metrics.
package enum HealthRules {
    /// Certificates are spoken of this long before they end, or in the last third of their life if that is shorter.
    package static let certificateNotice: Duration = .seconds(30 * 86400)

    /// What there is to say, in the order in which it matters.
    package static func findings(_ state: HealthState) -> [HealthFinding] {
        [journal(state), disk(state)] + directory(state) + [peers(state)]
            + state.certificates.map { certificate($0, now: state.now) }
    }

    private static func journal(_ state: HealthState) -> HealthFinding {
        guard let failure = state.store.failure else {
            return HealthFinding("journal", .pass, "\(state.entries) entries; takes writes")
        }
        let since = state.store.since.map { " since \($0)" } ?? ""
        return HealthFinding(
            "journal", .fail, "nothing is recorded\(since), so nothing is disclosed: \(failure.description)",
            next: state.store.next)
    }

    private static func disk(_ state: HealthState) -> HealthFinding {
        guard let free = state.store.freeBytes else {
            return HealthFinding(
                "disk", .warn, "nobody can say how much room is left", next: "see whether the node's folder is there")
        }
        let seen = "\(free >> 20) MiB free"
        if free < state.room {
            return HealthFinding("disk", .fail, seen, next: "free \(state.room >> 20) MiB, or the journal stops")
        }
        // Four segments: at a thousand publishes a second there is about a minute to act in.
        guard free < 4 * state.room else { return HealthFinding("disk", .pass, seen) }
        return HealthFinding("disk", .warn, seen, next: "make room soon: the journal needs \(state.room >> 20) MiB at a time")
    }

    private static func directory(_ state: HealthState) -> [HealthFinding] {
        state.directory.map { finding in
            let component = finding.name == "clock" ? "clock" : "directory \(finding.name)"
            return HealthFinding(component, finding.isWell ? .pass : finding.isGrave ? .fail : .warn, finding.seen, next: finding.next)
        }
    }

    /// Others' nodes are others' business: that one is away is worth a word, not an alarm.
    private static func peers(_ state: HealthState) -> HealthFinding {
        let seen = "\(state.peersReachable) of \(state.peersKnown) reachable"
        guard state.peersReachable < state.peersKnown else { return HealthFinding("peers", .pass, seen) }
        let next = state.peersReachable == 0
            ? "see whether this host has a network: hie peer list, hie peer ping COMMUNITY"
            : "hie peer list names those that do not answer"
        return HealthFinding("peers", .warn, seen, next: next)
    }

    /// A certificate by its end, as also the folder's check sees it.
    package static func certificate(_ certificate: CertificateStatus, now: Timestamp) -> HealthFinding {
        let component = "certificate \(certificate.use)"
        let renewal = renewal(certificate.use)
        guard now < certificate.validUntil else {
            return HealthFinding(
                component, .fail, "ended \(certificate.validUntil)", next: renewal)
        }
        guard certificate.validFrom <= now else {
            return HealthFinding(
                component, .fail, "begins only \(certificate.validFrom)", next: "mend this node's clock (NTP)")
        }
        let notice = min(certificateNotice, (certificate.validUntil - certificate.validFrom) / 3)
        let seen = "valid until \(certificate.validUntil)"
        guard certificate.validUntil - now < notice else { return HealthFinding(component, .pass, seen) }
        return HealthFinding(component, .warn, seen, next: renewal)
    }

    /// How a certificate is made anew, by its use.
    private static func renewal(_ use: String) -> String {
        switch use {
        case "clients": "hie certificate renew"
        case "peers": "hie certificate renew --network DIR, or hie certificate request where the authority is elsewhere"
        case "admission": "have the network's authority admit it again: hie certificate issue --network DIR --node HOME"
        case "network authority": "ask the network's operator for the next authority"
        case "client authority": "every client's certificate ends with it: plan a new one"
        default: "hie certificate renew --client NAME, or let it end; hie certificate forecast lists all"
        }
    }
}
