import ExchangeCore
import JSON
import Trust

/// What observers say of one community, and what follows.
struct Report: Sendable {
    /// The community's last beat: older observations are void.
    var beat: UInt64 = 0
    /// Its heartbeat, to be shown to whoever asks.
    var heartbeat: Heartbeat?
    /// The last word of each observer against it.
    var seen: [CommunityID: Observation] = [:]
    /// Each observer's highest count, so that no older word returns.
    var heard: [CommunityID: UInt64] = [:]
    var reach = Reach.reachable
}

/// Signals that wait a moment for company: in a partition there are many at once.
struct SignalBatch: Sendable {
    /// How long one waits that says that a process is gone, or that a node lives.
    static let wait = Duration.milliseconds(5)
    /// How long one waits that tells of silence, which took seconds to be seen.
    static let silenceWait = Duration.milliseconds(100)
    /// This node's own words, and others' to be passed on.
    var own = Words()
    var foreign = Words()
    var isBridge = false
    var flushAt: Duration?

    struct Words: Sendable {
        var observations: [String] = []
        var heartbeats: [String] = []
        var isEmpty: Bool { observations.isEmpty && heartbeats.isEmpty }
    }

    mutating func wake(_ uptime: Duration, _ verdict: Observation.Verdict? = nil) {
        let isSilence = verdict == .slow || verdict == .silent
        let at = uptime + (isSilence ? Self.silenceWait : Self.wait)
        flushAt = flushAt.map { min($0, at) } ?? at
    }
}

extension DirectoryState {
    /// Whether a community answers, as far as this node can say; its own contact counts more than hearsay.
    package func reach(of community: CommunityID, uptime: Duration) -> Reach {
        let report = reports[community]?.reach ?? .reachable
        if let heard = peers[community]?.heardAt, uptime - heard < .seconds(2), report != .reachable { return .reachable }
        return report
    }

    /// Tells the network what this node saw of a watched community; says nothing twice.
    mutating func observe(_ at: Int, _ verdict: Observation.Verdict, _ moment: Moment) {
        let subject = watches[at].subject
        guard moment.uptime >= watches[at].hushedUntil else { return }
        let beat = reports[subject]?.beat ?? 0
        if let told = watches[at].told, told.beat >= beat,
            told.verdict == verdict || (told.verdict.isDown && !verdict.isDown)
        {
            return
        }
        if !isCredible(observed, moment) { observed = 0 }
        observed = max(observed + 1, UInt64(clamping: skew.likely(moment.now).milliseconds))
        guard
            let observation = try? Observation(
                by: identity.community, of: subject, verdict, beat: beat, sequence: observed, network: identity.network,
                key: identity.key)
        else { return }
        watches[at].told = observation
        note(observation, moment)
    }

    /// Takes an observation into account; true when it was new.
    @discardableResult
    mutating func note(_ observation: Observation, _ moment: Moment) -> Bool {
        var report = reports[observation.subject] ?? Report()
        if let heard = report.heard[observation.observer], heard >= observation.sequence { return false }
        report.heard[observation.observer] = observation.sequence
        guard observation.beat >= report.beat else {
            reports[observation.subject] = report
            return false
        }
        report.seen[observation.observer] = observation
        unsettled.insert(observation.subject)
        // Who already knows enough has no need to pass it on; each of those before was passed on.
        let wasDecided = report.reach == .unreachable && observation.verdict.isDown
        reports[observation.subject] = report
        if !wasDecided {
            let isOwn = observation.observer == identity.community
            if isOwn { signals.own.observations.append(observation.token.compact) } else {
                signals.foreign.observations.append(observation.token.compact)
            }
            signals.wake(moment.uptime, observation.verdict)
        }
        return true
    }

    /// Judges an observation that a peer brought: only the subject's own observers are heard.
    mutating func hear(observation compact: String, _ moment: Moment) -> DirectoryRefusal? {
        let draft: UnverifiedToken
        switch reading.draft(compact, .observation) {
        case .success(let read): draft = read
        case .failure(let why): return .token(why)
        }
        guard let observer = draft.community,
            let subject = draft.payload["of"]?.string.flatMap({ CommunityID($0) }),
            let sequence = draft.payload["seq"]?.integer.flatMap({ UInt64(exactly: $0) })
        else { return .malformed("of") }
        if let heard = reports[subject]?.heard[observer], heard >= sequence { return nil }
        guard let row = rows[observer], row.isAdmitted(at: moment.now), let admission = row.admission else {
            return .notAdmitted
        }
        guard overlay.observers(of: subject).contains(observer) else { return nil }
        guard isCredible(sequence, moment) else { return .farFuture }
        switch reading.observation(draft, admission) {
        case .failure(let why): return why
        case .success(let observation):
            if subject == identity.community { refute(observation, moment) } else { note(observation, moment) }
            return nil
        }
    }

    /// Judges a heartbeat that a peer brought.
    mutating func hear(heartbeat compact: String, _ moment: Moment) -> DirectoryRefusal? {
        let draft: UnverifiedToken
        switch reading.draft(compact, .heartbeat) {
        case .success(let read): draft = read
        case .failure(let why): return .token(why)
        }
        guard let community = draft.community,
            let beat = draft.payload["beat"]?.integer.flatMap({ UInt64(exactly: $0) })
        else { return .malformed("beat") }
        if community == identity.community || beat <= reports[community]?.heartbeat?.beat ?? 0 { return nil }
        guard let row = rows[community], row.isAdmitted(at: moment.now), let admission = row.admission else {
            return .notAdmitted
        }
        guard isCredible(beat, moment) else { return .farFuture }
        switch reading.heartbeat(draft, admission) {
        case .failure(let why): return why
        case .success(let heartbeat):
            note(heartbeat, moment)
            return nil
        }
    }

    /// Takes a heartbeat into account: what was said before it is void.
    mutating func note(_ heartbeat: Heartbeat, _ moment: Moment) {
        guard heartbeat.beat > reports[heartbeat.community]?.heartbeat?.beat ?? 0 else { return }
        raise(heartbeat.beat, of: heartbeat.community)
        reports[heartbeat.community]?.heartbeat = heartbeat
        signals.foreign.heartbeats.append(heartbeat.token.compact)
        signals.wake(moment.uptime)
        if let at = watches.firstIndex(where: { $0.subject == heartbeat.community }) {
            // It says that it lives: whoever watches it looks again, and speaks anew if it does not.
            // Counted from now: where a link works one way only, the two would contradict each other without end.
            // Each time that proves wrong, it is believed for longer: words that change nothing come to rest.
            if watches[at].told != nil, watches[at].silentSince != nil { watches[at].inVain += 1 }
            watches[at].told = nil
            watches[at].hushedUntil = moment.uptime + limits.slowAfter * (1 << (2 * min(3, max(0, watches[at].inVain - 1))))
            if watches[at].silentSince != nil, !watches[at].isRefused {
                watches[at].silentSince = moment.uptime
                watches[at].hasAsked = false
            }
            if watches[at].sentAt == nil { watches[at].nextProbe = moment.uptime }
        }
    }

    /// A community's beat as it said itself: what was said of it before is void.
    mutating func raise(_ beat: UInt64, of community: CommunityID) {
        var report = reports[community] ?? Report()
        guard beat > report.beat else { return }
        report.beat = beat
        report.seen = report.seen.filter { $0.value.beat >= beat }
        reports[community] = report
        unsettled.insert(community)
    }

    /// Somebody says that this node is gone: it says that it is not.
    mutating func refute(_ observation: Observation, _ moment: Moment) {
        reports[identity.community, default: Report()].heard[observation.observer] = observation.sequence
        // Of an older beat, too: who still shows it has not heard the newer one, and so may others.
        guard observation.verdict != .up else { return }
        // A clock set back would make this node's beats older than those it is remembered by: it goes on from there, but
        // never so far that a liar among its observers could take its beats out of what others accept.
        let ahead = UInt64(clamping: (skew.likely(moment.now) + ClockSkew.distrust).milliseconds)
        if observation.beat <= ahead { beat = max(beat, observation.beat) }
        owesRefutation = true
        refuteIfDue(moment)
    }

    /// When an owed refutation may be said; nil when none is owed.
    var refuteAt: Duration? { owesRefutation ? (refutedAt ?? .zero) + (refutedAt == nil ? .zero : refuteWait) : nil }

    /// Says that this node is there, once it is owed and not said too often.
    mutating func refuteIfDue(_ moment: Moment) {
        guard let refuteAt, moment.uptime >= refuteAt else { return }
        // While nobody reaches this node, they are right: it says less and less often that it is there (`meet`).
        refuteWait = refutedAt == nil ? .seconds(1) : min(refuteWait * 2, .seconds(300))
        refutedAt = moment.uptime
        owesRefutation = false
        raiseBeat(moment)
    }

    /// Whether a number that is a clock's milliseconds may be of now: one from a clock far ahead would outrank all that is said
    /// for as long as it is ahead.
    func isCredible(_ milliseconds: UInt64, _ moment: Moment) -> Bool {
        milliseconds <= UInt64(clamping: (skew.likely(moment.now) + DirectoryRecord.aheadMax).milliseconds)
    }

    /// Says with a new beat that this node lives.
    mutating func raiseBeat(_ moment: Moment) {
        // A clock that has been put right: what it said far ahead was believed by nobody.
        if !isCredible(beat, moment) { beat = 0 }
        beat = max(beat + 1, UInt64(clamping: skew.likely(moment.now).milliseconds))
        guard
            let heartbeat = try? Heartbeat(
                of: identity.community, beat: beat, network: identity.network, key: identity.key)
        else { return }
        signals.own.heartbeats.append(heartbeat.token.compact)
        signals.wake(moment.uptime)
    }

    /// What follows from reports as they are now: the reach of each community that something was said of.
    mutating func weigh(_ moment: Moment, _ effects: inout [DirectoryEffect]) {
        // Where too few organisations take part for a quorum, each node goes by what it sees itself.
        for watch in watches where watch.silentSince != nil && overlay.observers(of: watch.subject).count < 3 {
            unsettled.insert(watch.subject)
        }
        guard !unsettled.isEmpty else { return }
        for subject in unsettled.sorted() {
            let report = reports[subject] ?? Report()
            let reach = weighed(subject, report, moment)
            if reach != report.reach {
                reports[subject, default: report].reach = reach
                effects.append(.reach(subject, reach))
            }
        }
        // Nothing changes by time alone but where each goes by what it sees itself.
        unsettled = unsettled.filter { overlay.observers(of: $0).count < 3 && reports[$0]?.reach != .reachable }
    }

    private func weighed(_ subject: CommunityID, _ report: Report, _ moment: Moment) -> Reach {
        let observers = overlay.observers(of: subject)
        if observers.count < 3 {
            guard let watch = watches.first(where: { $0.subject == subject }), let since = watch.silentSince else {
                return .reachable
            }
            if watch.isRefused || moment.uptime - since >= limits.silentAfter { return .unreachable }
            return moment.uptime - since >= limits.slowAfter ? .unresponsive : .reachable
        }
        let quorum = observers.count / 2 + 1
        let words = observers.compactMap { report.seen[$0]?.verdict }
        if words.count(where: \.isDown) >= quorum { return .unreachable }
        return words.count(where: { $0 != .up }) >= quorum ? .unresponsive : .reachable
    }

    /// Sends the signals that have waited.
    mutating func flushSignals(
        _ moment: Moment, _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        weigh(moment, &effects)
        guard let flushAt = signals.flushAt, moment.uptime >= flushAt else { return }
        let batch = signals
        signals = SignalBatch()
        for (words, isOwn) in [(batch.own, true), (batch.foreign, false)] {
            var message = message(moment)
            message.observations = Array(words.observations.prefix(200))
            message.heartbeats = Array(words.heartbeats.prefix(200))
            message.bridge = batch.isBridge && isOwn
            if !words.isEmpty || message.bridge {
                push(message, except: nil, isOwn: isOwn, moment, &effects, using: &random)
            }
        }
    }
}
