import ExchangeCore
import Trust

/// One community that this node watches as one of its observers.
struct Watch: Sendable {
    let subject: CommunityID
    /// When to probe it next.
    var nextProbe: Duration
    /// When the probe under way was sent; nil when none is.
    var sentAt: Duration?
    /// When the first probe was sent that has not been answered since; nil while it answers.
    var silentSince: Duration?
    /// Whether its host refuses connections.
    var isRefused = false
    /// Whether the other observers were asked to look.
    var hasAsked = false
    /// What this node has told the network about it; nil when nothing against it.
    var told: Observation?
    /// Nothing is said about it before.
    var hushedUntil = Duration.zero
    /// How often it said that it lives, and still did not answer.
    var inVain = 0

    /// When something is to be done about it next.
    func due(_ limits: DirectoryLimits) -> Duration {
        guard let silentSince, !isRefused else { return sentAt == nil ? nextProbe : .seconds(1 << 40) }
        var due = sentAt == nil ? nextProbe : .seconds(1 << 40)
        if !hasAsked { due = min(due, silentSince + limits.missAfter) }
        switch told?.verdict {
        case nil, .up?: due = min(due, max(silentSince + limits.slowAfter, hushedUntil))
        case .slow?: due = min(due, max(silentSince + limits.silentAfter, hushedUntil))
        case .silent?, .refused?: break
        }
        return due
    }

    mutating func answered() {
        sentAt = nil
        silentSince = nil
        isRefused = false
        hasAsked = false
        inVain = 0
        // It answers: nobody contradicts anybody any more, and what happens next is told at once.
        hushedUntil = .zero
    }
}

extension DirectoryState {
    /// Arranges who watches whom anew when the members or the day have changed.
    mutating func arrange(_ moment: Moment, using random: inout some RandomNumberGenerator) {
        let day = moment.now.seconds / 86400
        watchedMembership = membership
        if overlayMembership != membership || overlay.day != day {
            let members = rows.sorted.filter { $0.row.isMember }.map {
                (community: $0.community, organization: $0.row.admission?.grant.organization ?? "")
            }
            overlay = Overlay(members, day: day)
            overlayMembership = membership
            // Others are their observers now.
            unsettled.formUnion(reports.filter { $0.value.reach != .reachable || !$0.value.seen.isEmpty }.keys)
        }
        let wanted = overlay.watched(by: identity.community).filter { rows[$0]?.isAdmitted(at: moment.now) ?? false }
        guard wanted != watches.map(\.subject) else { return }
        let held = Dictionary(uniqueKeysWithValues: watches.map { ($0.subject, $0) })
        watches = wanted.map { subject in
            // Within a second of meeting it; from its first answer on, it says when.
            let first = Duration.milliseconds(Int64.random(in: 0...1000, using: &random))
            return held[subject] ?? Watch(subject: subject, nextProbe: moment.uptime + first)
        }
    }

    /// What is due about those this node watches.
    mutating func watch(_ moment: Moment, _ effects: inout [DirectoryEffect]) {
        let isCutOff = isMuted(moment)
        for at in watches.indices {
            if watches[at].sentAt == nil, moment.uptime >= watches[at].nextProbe { probeWatched(at, moment, &effects) }
            guard let since = watches[at].silentSince, !watches[at].isRefused else { continue }
            let silence = moment.uptime - since
            if silence >= limits.missAfter, !watches[at].hasAsked {
                watches[at].hasAsked = true
                askObservers(of: watches[at].subject, moment, &effects)
            }
            if isCutOff {
                watches[at].hushedUntil = moment.uptime + .milliseconds(250)
                continue
            }
            if silence >= limits.silentAfter {
                observe(at, .silent, moment)
            } else if silence >= limits.slowAfter {
                observe(at, .slow, moment)
            }
        }
    }

    /// Probes a watched community now.
    mutating func probeWatched(_ at: Int, _ moment: Moment, _ effects: inout [DirectoryEffect]) {
        guard let target = target(watches[at].subject) else {
            watches[at].nextProbe = moment.uptime + .seconds(5)
            return
        }
        watches[at].sentAt = moment.uptime
        if watches[at].silentSince == nil { watches[at].silentSince = moment.uptime }
        effects.append(.send(.probe(probe(moment)), to: target))
    }

    /// A probe of this node's.
    mutating func probe(_ moment: Moment) -> Probe {
        Probe(root: root(now: moment.now).short, hour: Self.hour(moment.now), at: moment.now)
    }

    /// Whether what this node sees is its own fault: it was asleep, or most of those it watches are silent to it.
    func isMuted(_ moment: Moment) -> Bool {
        if moment.uptime < mutedUntil { return true }
        let silent = watches.count { watch in
            watch.silentSince.map { !watch.isRefused && moment.uptime - $0 >= limits.missAfter } ?? false
        }
        return watches.count >= 3 && silent * 2 > watches.count
    }

    /// A frame of ours to a community came to nothing.
    mutating func miss(
        _ target: DirectoryTarget, _ why: DirectoryFailure, _ moment: Moment, _ effects: inout [DirectoryEffect],
        using random: inout some RandomNumberGenerator,
    ) {
        guard let community = target.community else { return }
        peers[community]?.isIntroduced = false
        peers[community]?.pullingUntil = nil
        guard let at = watches.firstIndex(where: { $0.subject == community }) else { return }
        if why == .declined {
            watches[at].answered()
            watches[at].nextProbe = moment.uptime + .seconds(10)
            return
        }
        watches[at].sentAt = nil
        if watches[at].silentSince == nil { watches[at].silentSince = moment.uptime }
        // Lost ones are dialled on, a little apart, so that a healed network is found at once.
        watches[at].nextProbe = moment.uptime + .milliseconds(Int64.random(in: 800...1200, using: &random))
        watches[at].isRefused = why == .refused
        if why == .refused { observe(at, .refused, moment) }
    }

    /// A kept connection was closed by the other side: its process may be gone, so it is dialled at once.
    mutating func lose(_ community: CommunityID, _ moment: Moment, _ effects: inout [DirectoryEffect]) {
        guard let at = watches.firstIndex(where: { $0.subject == community }) else { return }
        watches[at].sentAt = nil
        probeWatched(at, moment, &effects)
    }

    /// Forgets what was waited for while this node itself slept.
    mutating func begin(_ moment: Moment) {
        let wasDistrusted = skew.isDistrusted
        skew.look(moment)
        // The clock was mended: what could not be published meanwhile is due.
        if wasDistrusted, !skew.isDistrusted { due.publish = moment.uptime }
        if lastSeen != nil, moment.uptime > wakeBy + .milliseconds(1500) {
            mutedUntil = moment.uptime + .seconds(1)
            for at in watches.indices where watches[at].silentSince != nil && !watches[at].isRefused {
                watches[at].silentSince = moment.uptime
                watches[at].hasAsked = false
            }
        }
        lastSeen = moment.uptime
    }

    /// This node's probe of a community is late: the other observers are asked to look, which costs them one probe.
    private mutating func askObservers(
        of subject: CommunityID, _ moment: Moment, _ effects: inout [DirectoryEffect],
    ) {
        var question = message(moment)
        question.checks = [subject]
        for observer in overlay.observers(of: subject) where observer != identity.community {
            if let target = target(observer) { effects.append(.send(.message(question), to: target)) }
        }
    }

    /// Another observer asks to look at communities now.
    mutating func look(_ subjects: [CommunityID], _ moment: Moment, _ effects: inout [DirectoryEffect]) {
        for subject in subjects {
            guard let at = watches.firstIndex(where: { $0.subject == subject }), watches[at].sentAt == nil else {
                continue
            }
            // Whoever asks for it too often gets nothing more.
            let last = peers[subject]?.heardAt ?? .seconds(-10)
            guard moment.uptime - last >= .milliseconds(300) else { continue }
            probeWatched(at, moment, &effects)
        }
    }

    /// In how many milliseconds an observer should probe this node again, so that its observers take turns; 0 when it is
    /// none of them.
    func turn(of observer: CommunityID, _ moment: Moment) -> UInt16 {
        // One that is gone would leave a gap in which nobody looks.
        let observers = overlay.observers(of: identity.community).filter {
            $0 == observer || reports[$0]?.reach != .unreachable
        }
        guard let place = observers.firstIndex(of: observer) else { return 0 }
        let slot = limits.probeInterval.wholeMilliseconds
        let cycle = slot * Int64(observers.count)
        let now = moment.uptime.wholeMilliseconds
        var next = now - now % cycle + slot * Int64(place)
        while next <= now + cycle / 2 { next += cycle }
        return UInt16(clamping: next - now)
    }

    /// Where a community answers, by its record; nil when it has none in force or is not admitted.
    func target(_ community: CommunityID) -> DirectoryTarget? {
        guard community != identity.community, !blocked.contains(community), let row = rows[community],
            let url = row.gossip, !row.isRevoked
        else { return nil }
        return DirectoryTarget(community: community, url: url)
    }
}
