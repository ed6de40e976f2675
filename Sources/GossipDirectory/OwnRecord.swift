import ExchangeCore
import Trust

/// Whether this node has asked others for its own record before it publishes: a restored backup or a clone shows then.
struct SelfLookup: Sendable {
    private(set) var isDone = false
    private var since: Duration?
    private var answers: Set<CommunityID> = []

    mutating func begin(_ uptime: Duration) { since = since ?? uptime }

    mutating func heard(_ peer: CommunityID) { if !isDone { answers.insert(peer) } }

    /// Judges anew: three answers, or all there can be, or one after a while; nobody to ask is an answer, too.
    ///
    /// - Parameter clocks: of how many peers the clock is known. A record from a clock that is ahead would lock its owner
    ///   out, so where there are two others, two must have confirmed it, or a while has passed.
    mutating func settle(others: Int, seeds: Int, clocks: Int, uptime: Duration, wait: Duration) {
        guard !isDone else { return }
        let wanted = min(3, max(others, seeds))
        let waited = since.map { uptime - $0 } ?? .zero
        isDone = answers.count >= wanted
            || !answers.isEmpty && waited >= wait && (clocks >= min(2, others) || waited >= wait * 15)
    }
}

extension DirectoryState {
    /// Makes this node's record anew when it is due: nothing published yet, the profile or admission changed, its refresh
    /// has come, or it leaves.
    mutating func publishIfDue(
        _ moment: Moment, _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        guard let profile, !isSuspended else { return }
        let others = overlay.countOthers(than: identity.community)
        lookup.settle(
            others: others, seeds: identity.seeds.count, clocks: skew.heard, uptime: moment.uptime, wait: limits.lookupWait)
        guard lookup.isDone, !skew.isDistrusted else { return }
        guard let row = rows[identity.community], let admission = row.admission, row.isAdmitted(at: moment.now) else {
            effects.append(.notice(.cannotPublish("it has no valid admission")))
            return
        }
        let held = row.record
        // After a history that somebody else continued, what this node says must stand above that.
        let isBehind = foreignMark.map { foreign in row.mark.map { $0 < foreign } ?? true } ?? false
        if let held, !isBehind, isCurrent(held, profile, admission) {
            if refreshAt == nil { refreshAt = refresh(after: held.statement.issued, using: &random) }
            if let refreshAt, moment.now < refreshAt { return announce(moment, &effects, using: &random) }
        }
        let ownKey = identity.ownKey
        guard admission.key(ownKey) != nil else {
            effects.append(.notice(.cannotPublish("its admission does not name its key")))
            return
        }
        // Leaving is final within the epoch. Said under a key that was replaced since, it is said anew: who joins now could not
        // verify the old word.
        let hasLeft = row.mark.map { $0.isRetired && $0.epoch == admission.grant.epoch } ?? false
        if hasLeft, held == nil || row.isRecordInForce { return }
        let highest = max(row.mark?.sequence ?? 0, foreignMark?.sequence ?? 0)
        let issued = Timestamp(seconds: moment.now.seconds)
        let statement = DirectoryRecord.Statement(
            network: identity.network, community: identity.community, epoch: admission.grant.epoch,
            sequence: max(highest + 1, UInt64(clamping: moment.now.milliseconds)), previous: held?.token.hash,
            issued: issued, expires: Timestamp(seconds: (issued + limits.recordLifetime).seconds),
            status: isLeaving || hasLeft ? .retired : .active, profile: profile, keys: [ownKey], admission: admission.token.hash)
        guard let record = try? DirectoryRecord(stating: statement, key: identity.key) else {
            effects.append(.notice(.cannotPublish("its key cannot sign, or the record is too long")))
            return
        }
        switch accept(record: record.token.compact, now: moment.now) {
        case .stored: break
        case .duplicate, .stale, .equivocation:
            effects.append(.notice(.cannotPublish("its clock or history contradicts its last record")))
            return
        case .refused(let why):
            effects.append(.notice(.cannotPublish(why.description)))
            return
        }
        refreshAt = refresh(after: moment.now, using: &random)
        hasSpoken = true
        effects.append(
            .persist(DirectoryFact(kind: .record, community: identity.community, compact: record.token.compact)))
        effects += [.changed, .updated(identity.community)]
        if watchedMembership != membership { arrange(moment, using: &random) }
        var message = message(moment)
        message.admissions = held?.statement.admission == admission.token.hash ? [] : [admission.token.compact]
        message.records = [record.token.compact]
        push(message, except: nil, isOwn: true, moment, &effects, using: &random)
    }

    /// Says once more what was said before this process began: that one may have ended before anybody heard it.
    private mutating func announce(
        _ moment: Moment, _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        guard !hasSpoken else { return }
        hasSpoken = true
        var message = message(moment)
        introduce(&message)
        push(message, except: nil, isOwn: true, moment, &effects, using: &random)
    }

    private func isCurrent(_ held: DirectoryRecord, _ profile: DirectoryProfile, _ admission: Admission) -> Bool {
        held.statement.profile == profile && held.statement.admission == admission.token.hash
            && held.statement.keys == [identity.ownKey]
            && (held.statement.status == .retired) == isLeaving
    }

    /// A record of this community that this node did not make, and newer than its own: somebody else has its key, or an
    /// old state of it was restored. It stops publishing until the operator decides.
    mutating func noticeClone(_ compact: String, _ moment: Moment, _ effects: inout [DirectoryEffect]) {
        guard let row = rows[identity.community], let admission = row.admission,
            case .success(let draft) = reading.draft(compact, .record),
            case .success(let record) = reading.record(draft, admission),
            record.statement.sequence <= UInt64(clamping: (skew.latest(moment.now) + DirectoryRecord.aheadMax).milliseconds)
        else { return }
        if let mark = row.mark, record.mark <= mark {
            let isTwin = (record.mark.epoch, record.mark.sequence) == (mark.epoch, mark.sequence)
            guard isTwin, record.mark.hash != mark.hash else { return }
        }
        if foreignMark.map({ record.mark <= $0 }) ?? false { return }
        foreignMark = record.mark
        isSuspended = true
        effects.append(.notice(.cloneOrRestore))
    }

    /// Whether publishing has stopped because another node uses this node's key.
    package var isClone: Bool { isSuspended }

    private func refresh(after time: Timestamp, using random: inout some RandomNumberGenerator) -> Timestamp {
        let interval = limits.refreshInterval.wholeMilliseconds
        let jitter = Int64.random(in: -(interval / 10)...(interval / 10), using: &random)
        return time + .milliseconds(interval + jitter)
    }
}
