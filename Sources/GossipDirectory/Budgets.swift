import ExchangeCore
import Trust

/// So many at once, and one more after each interval.
struct Budget: Sendable {
    var left: Double
    var at: Duration

    mutating func spend(_ amount: Double, uptime: Duration, burst: Double, perSecond: Double) -> Bool {
        let passed = uptime - at
        let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) * 1e-18
        left = min(burst, left + max(0, seconds) * perSecond)
        at = uptime
        guard left >= amount else { return false }
        left -= amount
        return true
    }
}

/// Records that wait for their communities' admissions, as one peer brought them.
struct PendingTexts: Sendable {
    var texts: [(community: CommunityID, compact: String, at: Duration)] = []
    var bytes = 0
}

/// What is remembered of a peer while the node runs.
struct PeerState: Sendable {
    var cursor: DirectoryCursor?
    var isIntroduced = false
    var contact: Timestamp?
    /// When it last answered.
    var heardAt: Duration?
    /// When meeting it again was last taken for the end of a partition.
    var bridgedAt: Duration?
    var strikes = 0
    var bannedUntil: Duration?
    var banSeconds: Int64 = 0
    var budget: Budget?
    /// Exchanges in a row that left the roots different and brought nothing.
    var stalls = 0
    var stalledUntil: Duration?
    /// How long the next stall lasts: doubled up to ten minutes, until the two agree again.
    var stallWait = Self.firstStallWait
    static let firstStallWait = Duration.seconds(20)
    /// Whether the last pull ended with different roots, so that the next sends the full digest.
    var wantsDigest = false
    /// Of whom it was given something last, as it lacked that or held it older.
    var given: [UInt64] = []
    /// Until when a pull from it is under way.
    var pullingUntil: Duration?
}

extension DirectoryState {
    /// Takes one record's worth from a community's budget; false when it publishes too often.
    ///
    /// What this node asked for has a little budget of its own: where a community has flooded the network, its last record
    /// reaches everybody within seconds by pulls, though no more is pushed on.
    mutating func spend(_ community: CommunityID, _ uptime: Duration, isPulled: Bool) -> Bool {
        let burst = Double(limits.recordsBurst)
        var budgets = spent[community] ?? (Budget(left: burst, at: uptime), Budget(left: 2, at: uptime))
        defer { spent[community] = budgets }
        let perSecond = 1 / Double(max(1, limits.recordsEvery.components.seconds))
        if budgets.brought.spend(1, uptime: uptime, burst: burst, perSecond: perSecond) { return true }
        return isPulled && budgets.pulled.spend(1, uptime: uptime, burst: 2, perSecond: 0.2)
    }

    /// Whether a peer may bring so many bytes now.
    mutating func admits(_ bytes: Int, from peer: CommunityID, _ moment: Moment) -> Bool {
        let burst = Double(limits.peerBytesBurst)
        var budget = peers[peer]?.budget ?? Budget(left: burst, at: moment.uptime)
        let isWithin = budget.spend(
            Double(bytes), uptime: moment.uptime, burst: burst, perSecond: Double(limits.peerBytesPerSecond))
        peers[peer, default: PeerState()].budget = budget
        return isWithin
    }

    func isBanned(_ peer: CommunityID, _ moment: Moment) -> Bool {
        peers[peer]?.bannedUntil.map { moment.uptime < $0 } ?? false
    }

    /// Counts a fault of a peer; the third ends with a ban of a minute, doubled each time up to a day.
    mutating func strike(_ peer: CommunityID, _ moment: Moment, _ effects: inout [DirectoryEffect]) {
        var state = peers[peer] ?? PeerState()
        state.strikes += 1
        if state.strikes >= 3 {
            state.strikes = 0
            state.banSeconds = min(86400, max(60, state.banSeconds * 2))
            state.bannedUntil = moment.uptime + .seconds(state.banSeconds)
            effects += [.notice(.banned(peer, seconds: state.banSeconds)), .cut(peer)]
        }
        peers[peer] = state
    }

    /// Keeps a record whose admission is not here, within the peer's share.
    mutating func postpone(_ compact: String, about community: CommunityID, from peer: CommunityID, _ moment: Moment) {
        var waiting = pending[peer] ?? PendingTexts()
        waiting.texts.removeAll { text in
            let isOver = moment.uptime - text.at > limits.pendingFor
            if isOver { waiting.bytes -= text.compact.utf8.count }
            return isOver
        }
        let bytes = compact.utf8.count
        guard waiting.texts.count < limits.pendingMax, waiting.bytes + bytes <= limits.pendingBytesMax,
            !waiting.texts.contains(where: { $0.compact.isSameText(as: compact) })
        else { return }
        waiting.texts.append((community, compact, moment.uptime))
        waiting.bytes += bytes
        pending[peer] = waiting
    }

    /// Takes out what waited for a community's admission, with who brought it.
    mutating func released(for community: CommunityID) -> [(peer: CommunityID, compact: String)] {
        var released: [(peer: CommunityID, compact: String)] = []
        for peer in pending.keys.sorted() {
            guard var waiting = pending[peer] else { continue }
            for text in waiting.texts where text.community == community { released.append((peer, text.compact)) }
            waiting.texts.removeAll { $0.community == community }
            waiting.bytes = waiting.texts.reduce(0) { $0 + $1.compact.utf8.count }
            pending[peer] = waiting.texts.isEmpty ? nil : waiting
        }
        return released
    }

    /// How many records wait for an admission, and their bytes: for limits' tests and metrics.
    package var pendingCount: (records: Int, bytes: Int) {
        pending.values.reduce((0, 0)) { ($0.0 + $1.texts.count, $0.1 + $1.bytes) }
    }
}
