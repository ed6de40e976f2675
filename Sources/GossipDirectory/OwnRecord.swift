import ExchangeCore
import Trust

extension DirectoryState {
    /// Makes this node's record anew when it is due: nothing published yet, the profile or admission changed, or its
    /// refresh has come.
    mutating func publishIfDue(
        now: Timestamp, effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        guard let profile, !isSuspended else { return }
        guard let admission = rows[identity.community]?.admission, admission.isValid(at: now) else {
            effects.append(.notice(.cannotPublish("it has no valid admission")))
            return
        }
        let held = rows[identity.community]?.record
        if let held, held.statement.profile == profile, held.statement.admission == admission.token.hash {
            if refreshAt == nil { refreshAt = refresh(after: held.statement.issued, using: &random) }
            if let refreshAt, now < refreshAt { return }
        }
        let ownKey = identity.key.publicKey.thumbprint
        guard admission.key(ownKey) != nil else {
            effects.append(.notice(.cannotPublish("its admission does not name its key")))
            return
        }
        let highest = max(rows[identity.community]?.mark?.sequence ?? 0, foreignMark?.sequence ?? 0)
        let statement = DirectoryRecord.Statement(
            network: identity.network, community: identity.community, epoch: admission.grant.epoch,
            sequence: max(highest + 1, UInt64(clamping: now.milliseconds)), previous: held?.token.hash,
            issued: Timestamp(seconds: now.seconds),
            expires: Timestamp(seconds: (Timestamp(seconds: now.seconds) + limits.recordLifetime).seconds),
            status: .active, profile: profile, keys: [ownKey], admission: admission.token.hash)
        guard let record = try? DirectoryRecord(stating: statement, key: identity.key) else {
            effects.append(.notice(.cannotPublish("its key cannot sign, or the record is too long")))
            return
        }
        switch accept(record: record.token.compact, now: now) {
        case .stored: break
        case .duplicate, .stale, .equivocation:
            effects.append(.notice(.cannotPublish("its clock or history contradicts its last record")))
            return
        case .refused(let why):
            effects.append(.notice(.cannotPublish(why.description)))
            return
        }
        refreshAt = refresh(after: now, using: &random)
        effects.append(
            .persist(
                DirectoryFact(kind: .record, community: identity.community, compact: record.token.compact)))
        effects.append(.changed)
        var message = DirectoryMessage(network: identity.network)
        message.admissions = [admission.token.compact]
        message.records = [record.token.compact]
        push(message, except: nil, now: now, effects: &effects, using: &random)
    }

    /// A record of this community that this node did not make, and newer than its own: somebody else has its key, or an
    /// old state of it was restored. It stops publishing until the operator decides.
    mutating func noticeClone(_ compact: String, now: Timestamp, effects: inout [DirectoryEffect]) {
        guard let row = rows[identity.community], let admission = row.admission,
            let draft = try? UnverifiedToken(compact, type: .record),
            let record = try? DirectoryRecord(verifying: draft, admission: admission),
            record.statement.sequence <= UInt64(clamping: (now + DirectoryRecord.aheadMax).milliseconds)
        else { return }
        if let mark = row.mark, record.mark <= mark { return }
        if foreignMark.map({ record.mark <= $0 }) ?? false { return }
        foreignMark = record.mark
        isSuspended = true
        effects.append(.notice(.cloneOrRestore))
    }

    private func refresh(after time: Timestamp, using random: inout some RandomNumberGenerator) -> Timestamp {
        let interval = limits.refreshInterval.wholeMilliseconds
        let jitter = Int64.random(in: -(interval / 10)...(interval / 10), using: &random)
        return time + .milliseconds(interval + jitter)
    }
}
