import ExchangeCore
import JSON
import Trust

/// What became of something the directory was offered.
package enum DirectoryVerdict: Hashable, Sendable {
    /// New, verified, kept: pass it on.
    case stored
    /// Held already, byte for byte in what is signed.
    case duplicate
    /// Older than what is or was held.
    case stale
    /// A second story under one sequence number; kept as a proof, the community is quarantined.
    case equivocation
    /// Not acceptable.
    case refused(DirectoryRefusal)
}

extension DirectoryState {
    /// Judges and keeps an admission.
    package mutating func accept(admission compact: String) -> DirectoryVerdict {
        let admission: Admission
        switch reading.admission(compact, identity) {
        case .success(let read): admission = read
        case .failure(let why): return .refused(why)
        }
        let community = admission.community
        if let row = rows[community] {
            if let held = row.admission {
                if held.token.hash == admission.token.hash { return .duplicate }
                guard admission.isNewer(than: held) else { return .stale }
            }
        } else if rows.count >= limits.communitiesMax {
            return .refused(.full)
        }
        change(community) { row in
            row.hasLostKeys = row.admission?.grant.keys.contains { admission.key($0.thumbprint) == nil } ?? false
            row.admission = admission
            if let epoch = row.quarantinedEpoch, admission.grant.epoch > epoch {
                row.quarantinedEpoch = nil
                row.proof = nil
            }
        }
        return .stored
    }

    /// Judges and keeps a revocation.
    package mutating func accept(revocation compact: String) -> DirectoryVerdict {
        let revocation: Revocation
        switch reading.draft(compact, .revocation) {
        case .failure(let why): return .refused(.token(why))
        case .success(let draft):
            do {
                revocation = try Revocation(
                    verifying: draft, network: identity.network, authorities: identity.authorities)
            } catch { return .refused(error) }
        }
        let community = revocation.community
        if let row = rows[community] {
            if let held = row.revocation {
                if held.token.hash == revocation.token.hash { return .duplicate }
                guard revocation.isNewer(than: held) else { return .stale }
            }
        } else if rows.count >= limits.communitiesMax {
            return .refused(.full)
        }
        change(community) { $0.revocation = revocation }
        return .stored
    }

    /// Judges and keeps a record. What is restored was accepted once: its times are not judged again.
    ///
    /// - Parameters:
    ///   - uptime: the monotonic clock, for the owner's budget; nil spends none.
    ///   - isPulled: whether this node asked for it.
    package mutating func accept(
        record compact: String, now: Timestamp, uptime: Duration? = nil, isPulled: Bool = false,
        isRestored: Bool = false,
    ) -> DirectoryVerdict {
        let draft: UnverifiedToken
        switch reading.draft(compact, .record) {
        case .success(let read): draft = read
        case .failure(let why): return .refused(.token(why))
        }
        guard let community = draft.community, let row = rows[community],
            let admission = row.admission, isRestored || row.isAdmitted(at: now)
        else { return .refused(.notAdmitted) }
        // What is held already, or claims to be older, costs no signature to set aside: neither is believed or kept.
        if let held = row.record, held.token.compact.isSameText(as: compact) { return .duplicate }
        if let mark = row.mark, isBelow(draft, mark) { return .stale }
        let record: DirectoryRecord
        switch read(draft, admission, isRestored: isRestored) {
        case .success(let read): record = read
        case .failure(let why): return .refused(why)
        }
        if !isRestored, let refusal = timeRefusal(record, now: now) { return .refused(refusal) }
        if let mark = row.mark {
            if record.mark == mark { return .duplicate }
            if (record.mark.epoch, record.mark.sequence) == (mark.epoch, mark.sequence) { return quarantine(record) }
            guard mark < record.mark else { return .stale }
        }
        if let uptime, !isRestored, !spend(community, uptime, isPulled: isPulled) { return .refused(.tooOften) }
        change(community) { row in
            row.record = record
            row.mark = record.mark
        }
        return .stored
    }

    /// Judges and keeps a proof of equivocation: two records, parted by a blank, that one owner signed under one number.
    package mutating func accept(proof compact: String, now: Timestamp, isRestored: Bool = false) -> DirectoryVerdict {
        let stories = compact.split(separator: " ", maxSplits: 2).map(String.init)
        guard stories.count == 2 else { return .refused(.noProof) }
        var records: [DirectoryRecord] = []
        for story in stories {
            guard case .success(let draft) = reading.draft(story, .record),
                let community = draft.community,
                let admission = rows[community]?.admission
            else { return .refused(.noProof) }
            switch read(draft, admission, isRestored: isRestored) {
            case .success(let record) where record.statement.epoch < admission.grant.epoch: return .stale
            case .success(let record): records.append(record)
            case .failure(.wrongEpoch): return .stale
            case .failure(let why): return .refused(why)
            }
        }
        let (one, other) = (records[0], records[1])
        guard one.community == other.community, one.mark.epoch == other.mark.epoch,
            one.mark.sequence == other.mark.sequence, one.token.hash != other.token.hash
        else { return .refused(.noProof) }
        if rows[one.community]?.quarantinedEpoch != nil { return .duplicate }
        return convict(one, other)
    }

    /// Verifies a record. One from this node's own disk was verified before it was kept: where only its community's admission
    /// has changed since, it is remembered, else a key's rotation and a restart would together undo what it said.
    private func read(_ draft: UnverifiedToken, _ admission: Admission, isRestored: Bool)
        -> Result<DirectoryRecord, DirectoryRefusal>
    {
        let read = reading.record(draft, admission)
        guard isRestored, case .failure(let why) = read else { return read }
        switch why {
        case .token(.unknownKey), .wrongEpoch, .beyondAdmission:
            return Result { () throws(DirectoryRefusal) in try DirectoryRecord(remembering: draft, admission: admission) }
        default: return read
        }
    }

    private func timeRefusal(_ record: DirectoryRecord, now: Timestamp) -> DirectoryRefusal? {
        let ahead = now + DirectoryRecord.aheadMax
        if record.statement.sequence > UInt64(clamping: ahead.milliseconds) { return .farFuture }
        if record.statement.issued > ahead { return .farFuture }
        if now >= record.statement.expires + DirectoryRecord.staleMax { return .expired }
        return nil
    }

    private func isBelow(_ draft: UnverifiedToken, _ mark: HighWaterMark) -> Bool {
        guard let epoch = draft.payload["epoch"]?.integer, let sequence = draft.payload["seq"]?.integer else {
            return false
        }
        if !mark.isRetired, draft.payload["status"]?.string == DirectoryRecord.Status.retired.rawValue { return false }
        return (UInt64(clamping: epoch), UInt64(clamping: sequence)) < (UInt64(mark.epoch), mark.sequence)
    }

    /// A record under the number of the one held or remembered: with the other story at hand, that is a proof.
    private mutating func quarantine(_ record: DirectoryRecord) -> DirectoryVerdict {
        guard let held = rows[record.community]?.record, held.mark.sequence == record.mark.sequence,
            held.token.hash != record.token.hash
        else { return .stale }
        return convict(held, record)
    }

    /// Two records of one owner under one number: both are kept, the greater wins, the community is not routed to.
    private mutating func convict(_ one: DirectoryRecord, _ other: DirectoryRecord) -> DirectoryVerdict {
        let stories = one.mark < other.mark ? [one, other] : [other, one]
        let isNew = rows[one.community]?.quarantinedEpoch == nil
        let isAhead = rows[one.community]?.mark.map { $0 < stories[1].mark } ?? true
        guard isNew || isAhead else { return .duplicate }
        change(one.community) { row in
            if row.proof == nil {
                row.proof = DirectoryFact(
                    kind: .proof, community: one.community,
                    compact: stories.map(\.token.compact).joined(separator: " "))
            }
            row.quarantinedEpoch = one.mark.epoch
            if isAhead {
                row.record = stories[1]
                row.mark = stories[1].mark
            }
        }
        return .equivocation
    }
}
