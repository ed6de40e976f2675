import ExchangeCore
import JSON
import Trust

extension DirectoryState {
    /// Takes what a message brings: keeps it and reports what is wrong.
    ///
    /// Returns what is new, to be pushed on, the communities of which the sender holds something older than we do, and
    /// whether something of it will be taken later.
    mutating func take(
        _ message: DirectoryMessage, from peer: CommunityID?, isPulled: Bool = false, _ moment: Moment,
        _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) -> (fresh: DirectoryMessage, outdated: [CommunityID], isDeferred: Bool) {
        var taking = Taking(peer: peer, fresh: self.message(moment))
        let now = skew.earliest(moment.now)
        for compact in message.admissions {
            taking.take(accept(admission: compact), .admission, compact, moment, in: &self, &effects)
        }
        for compact in message.revocations {
            taking.take(accept(revocation: compact), .revocation, compact, moment, in: &self, &effects)
        }
        for about in taking.admitted {
            for waiting in released(for: about) {
                taking.take(
                    accept(record: waiting.compact, now: now, uptime: moment.uptime), .record, waiting.compact,
                    moment, in: &self, &effects)
            }
        }
        for compact in message.records {
            if let about = subject(compact, .record), about == identity.community {
                noticeClone(compact, moment, &effects)
                continue
            }
            taking.take(
                accept(record: compact, now: now, uptime: moment.uptime, isPulled: isPulled), .record, compact,
                moment, in: &self, &effects)
        }
        for compact in message.proofs {
            taking.take(accept(proof: compact, now: moment.now), .proof, compact, moment, in: &self, &effects)
        }
        if !taking.fresh.isEmpty { effects.append(.changed) }
        // Who is admitted no more hears nothing more, and what it says of who is gone is old.
        if let peer, !(rows[peer]?.isAdmitted(at: moment.now) ?? false) {
            return (taking.fresh, taking.outdated, taking.isDeferred)
        }
        for compact in message.heartbeats.prefix(200) {
            if let refusal = hear(heartbeat: compact, moment) { taking.fault(refusal, moment, in: &self, &effects) }
        }
        for compact in message.observations.prefix(200) {
            if let refusal = hear(observation: compact, moment) { taking.fault(refusal, moment, in: &self, &effects) }
        }
        return (taking.fresh, taking.outdated, taking.isDeferred)
    }

    /// Answers a peer's frame.
    mutating func answer(
        _ frame: DirectoryFrame, from peer: CommunityID, _ moment: Moment, _ effects: inout [DirectoryEffect],
        using random: inout some RandomNumberGenerator,
    ) {
        guard !isBanned(peer, moment), !blocked.contains(peer) else {
            effects.append(.refuse)
            return
        }
        switch frame {
        case .probe(let probe):
            guard rows[peer]?.isAdmitted(at: moment.now) ?? false else {
                effects.append(.refuse)
                return
            }
            meet(peer, at: probe.at, hasAnswered: false, moment, &effects)
            var reply = self.probe(moment)
            reply.beat = beat
            reply.again = turn(of: peer, moment)
            reply.knowsAsker = rows[peer]?.record != nil
            effects.append(.reply(.probe(reply)))
        case .message(let message): answer(message, from: peer, moment, &effects, using: &random)
        }
    }

    private mutating func answer(
        _ message: DirectoryMessage, from peer: CommunityID, _ moment: Moment, _ effects: inout [DirectoryEffect],
        using random: inout some RandomNumberGenerator,
    ) {
        guard message.network == identity.network else {
            effects += [.notice(.otherNetwork(from: peer)), .refuse]
            return
        }
        // A stranger brings its admission along; until that is here, nothing else it says is heard.
        var introduced = self.message(moment)
        if !(rows[peer]?.isAdmitted(at: moment.now) ?? false) {
            var introduction = self.message(moment)
            introduction.admissions = Array(message.admissions.prefix(8))
            introduced = take(introduction, from: nil, moment, &effects, using: &random).fresh
            guard rows[peer]?.isAdmitted(at: moment.now) ?? false else {
                effects += [.notice(.refused(from: peer, about: peer, .notAdmitted)), .refuse]
                return
            }
        }
        guard admits(message.size, from: peer, moment) else {
            effects.append(.refuse)
            return
        }
        meet(peer, at: message.at, hasAnswered: false, moment, &effects)
        var (fresh, outdated, _) = take(message, from: peer, moment, &effects, using: &random)
        fresh.admissions.insert(contentsOf: introduced.admissions, at: 0)
        look(message.checks, moment, &effects)
        if message.bridge { bridge(moment, &effects) }
        var reply = self.message(moment)
        reply.root = root(now: moment.now)
        reply.hour = Self.hour(moment.now)
        if let digest = message.digest {
            compare(digest, &reply)
        } else if message.wants {
            if message.root != reply.root || message.hour != reply.hour { fill(&reply, since: message.since) }
            if reply.cursor == nil { reply.cursor = DirectoryCursor(store: store, arrival: arrival) }
            reply.heartbeats = message.since == nil ? knownSignals.heartbeats : []
            reply.observations = message.since == nil ? knownSignals.observations : []
        }
        // Who introduces itself is shown its own record as it is known here: that is how it notices a clone.
        if !message.admissions.isEmpty, let own = rows[peer]?.record, !message.records.contains(own.token.compact) {
            outdated.append(peer)
        }
        for community in outdated { put(community, into: &reply) }
        effects.append(.reply(.message(reply)))
        passOn(fresh, except: peer, moment, &effects, using: &random)
    }

    /// Learns from a peer's answer, and asks on while there is more.
    mutating func learn(
        _ frame: DirectoryFrame, from peer: CommunityID, target: DirectoryTarget, _ moment: Moment,
        _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        if target.community == nil { seedCommunities[target.url] = peer }
        switch frame {
        case .probe(let probe): learn(probe, from: peer, moment, &effects)
        case .message(let message):
            guard message.network == identity.network else {
                effects.append(.notice(.otherNetwork(from: peer)))
                return
            }
            guard !isBanned(peer, moment), !blocked.contains(peer), admits(message.size, from: peer, moment) else {
                return
            }
            let before = arrival
            let (fresh, outdated, isDeferred) = take(
                message, from: peer, isPulled: message.cursor != nil, moment, &effects, using: &random)
            meet(peer, at: message.at, hasAnswered: true, moment, &effects)
            peers[peer, default: PeerState()].isIntroduced = true
            passOn(fresh, except: peer, moment, &effects, using: &random)
            goOn(
                message, from: peer, target: target, learned: arrival - before, isDeferred: isDeferred, outdated, moment,
                &effects)
            if message.cursor != nil { lookup.heard(peer) }
            publishIfDue(moment, &effects, using: &random)
        }
    }

    /// Notes that a community is there: its time; when it answered this node, that what was said against it is not so.
    ///
    /// A question of its own shows only that it reaches this node: one behind a closed door asks and never answers. So it
    /// is asked back at once, and its answer counts.
    mutating func meet(
        _ peer: CommunityID, at: Timestamp, hasAnswered: Bool, _ moment: Moment, _ effects: inout [DirectoryEffect],
    ) {
        let wasLost = (reports[peer]?.reach ?? .reachable) == .unreachable
        peers[peer, default: PeerState()].contact = moment.now
        if hasAnswered { peers[peer]?.heardAt = moment.uptime } else { refuteWait = .seconds(1) }
        if let notice = skew.note(peer, at, moment) { effects.append(.notice(notice)) }
        if wasLost, peers[peer]?.bridgedAt.map({ moment.uptime - $0 > .seconds(60) }) ?? true {
            peers[peer]?.bridgedAt = moment.uptime
            bridge(moment, &effects, met: peer)
        }
        guard let at = watches.firstIndex(where: { $0.subject == peer }) else { return }
        guard hasAnswered else {
            let isAsked = watches[at].sentAt.map { moment.uptime - $0 < .milliseconds(300) } ?? false
            if watches[at].silentSince != nil, !isAsked { probeWatched(at, moment, &effects) }
            return
        }
        if watches[at].sentAt == nil { watches[at].answered() }
        guard let said = watches[at].told, let target = target(peer) else { return }
        // It answers after all: it is shown what this node said, and refutes it for everybody.
        watches[at].told = nil
        guard said.verdict != .up else { return }
        var message = self.message(moment)
        message.observations = [said.token.compact]
        effects.append(.send(.message(message), to: target))
    }

    /// It answers this node though others say that it is gone: it is shown one such word, and refutes them all.
    func showWhatIsSaid(
        of peer: CommunityID, _ target: DirectoryTarget, _ moment: Moment, _ effects: inout [DirectoryEffect],
    ) {
        guard let report = reports[peer], report.reach != .reachable,
            let observer = report.seen.filter({ $0.value.verdict != .up }).keys.min(),
            let word = report.seen[observer]
        else { return }
        var message = self.message(moment)
        message.observations = [word.token.compact]
        effects.append(.send(.message(message), to: target))
    }

    /// A partition may be over: everything lost is dialled now, and others are told once.
    ///
    /// - Parameter met: who was met again; with nobody else lost there is nothing to be told.
    mutating func bridge(_ moment: Moment, _ effects: inout [DirectoryEffect], met: CommunityID? = nil) {
        guard bridgedAt.map({ moment.uptime - $0 > .seconds(2) }) ?? true,
            reports.contains(where: { $0.value.reach == .unreachable && $0.key != met })
        else { return }
        bridgedAt = moment.uptime
        signals.isBridge = true
        signals.wake(moment.uptime)
        for at in watches.indices where watches[at].silentSince != nil && watches[at].sentAt == nil {
            probeWatched(at, moment, &effects)
        }
        due.heal = moment.uptime
    }

    /// How long after a push the next waits for company: one change goes at once, a crowd of them together.
    static let pushWait = Duration.milliseconds(5)

    /// Sends others' news on: at once, or with what else comes within 5 ms of the last.
    mutating func passOn(
        _ fresh: DirectoryMessage, except peer: CommunityID?, _ moment: Moment, _ effects: inout [DirectoryEffect],
        using random: inout some RandomNumberGenerator,
    ) {
        guard !fresh.isEmpty else { return }
        if waiting == nil, pushedAt.map({ moment.uptime - $0 >= Self.pushWait }) ?? true {
            return push(fresh, except: peer, moment, &effects, using: &random)
        }
        var message = waiting ?? self.message(moment)
        message.admissions += fresh.admissions
        message.revocations += fresh.revocations
        message.records += fresh.records
        message.proofs += fresh.proofs
        waiting = message
        // A proof or a revocation does not wait, and neither does a frame that is full.
        if !fresh.revocations.isEmpty || !fresh.proofs.isEmpty || message.texts > 64 {
            pushedAt = nil
            flushPushes(moment, &effects, using: &random)
        }
    }

    /// When what waits is sent; nil when nothing waits.
    var pushAt: Duration? { waiting == nil ? nil : (pushedAt ?? .zero) + Self.pushWait }

    /// Sends what has waited.
    mutating func flushPushes(
        _ moment: Moment, _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        guard let message = waiting, let pushAt, moment.uptime >= pushAt else { return }
        waiting = nil
        push(message, except: nil, moment, &effects, using: &random)
    }

    /// Sends what is new to the fan, at once.
    mutating func push(
        _ fresh: DirectoryMessage, except peer: CommunityID?, isOwn: Bool = false, _ moment: Moment,
        _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        guard !fresh.isEmpty || fresh.bridge else { return }
        pushedAt = moment.uptime
        let (root, hour) = (root(now: moment.now), Self.hour(moment.now))
        for target in fan(except: peer, isOwn: isOwn, moment, using: &random) {
            var message = fresh
            (message.root, message.hour) = (root, hour)
            if let community = target.community, !(peers[community]?.isIntroduced ?? false) { introduce(&message) }
            effects.append(.send(.message(message), to: target))
        }
    }

    /// Adds who this node is: its admission, and its record once it is sure that it is the newest.
    func introduce(_ message: inout DirectoryMessage) {
        guard let own = rows[identity.community] else { return }
        if let admission = own.admission, !message.admissions.contains(admission.token.compact) {
            message.admissions.insert(admission.token.compact, at: 0)
        }
        if lookup.isDone, let record = own.record, !message.records.contains(record.token.compact) {
            message.records.append(record.token.compact)
        }
    }

    /// Whom a text says it is about; nothing but a label for what was judged, and for the log.
    func subject(_ compact: String, _ type: TokenType) -> CommunityID? {
        guard case .success(let draft) = reading.draft(compact, type) else { return nil }
        return draft.community
    }
}
