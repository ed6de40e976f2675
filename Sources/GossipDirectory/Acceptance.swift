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
        do {
            admission = try Admission(
                verifying: compact, network: identity.network, authorities: identity.authorities)
        } catch { return .refused(error) }
        let community = admission.community
        if let held = rows[community]?.admission {
            if held.token.hash == admission.token.hash { return .duplicate }
            guard admission.isNewer(than: held) else { return .stale }
        } else if rows.count >= limits.communitiesMax {
            return .refused(.full)
        }
        rows[community, default: Row()].admission = admission
        if let epoch = rows[community]?.quarantinedEpoch, admission.grant.epoch > epoch {
            rows[community]?.quarantinedEpoch = nil
            rows[community]?.proof = nil
        }
        touch(community)
        return .stored
    }

    /// Judges and keeps a record. What is restored was accepted once: only that it verifies is asked of it.
    package mutating func accept(record compact: String, now: Timestamp, isRestored: Bool = false)
        -> DirectoryVerdict
    {
        let draft: UnverifiedToken
        do { draft = try UnverifiedToken(compact, type: .record) } catch { return .refused(.token(error)) }
        guard let community = draft.payload["community"]?.string.flatMap({ CommunityID($0) }), let row = rows[community],
            let admission = row.admission, isRestored || admission.isValid(at: now)
        else { return .refused(.notAdmitted) }
        // What is held already, or claims to be older, costs no signature to set aside: neither is believed or kept.
        if let held = row.record, held.token.compact.utf8.elementsEqual(compact.utf8) { return .duplicate }
        if let mark = row.mark, isBelow(draft, mark) { return .stale }
        let record: DirectoryRecord
        do { record = try DirectoryRecord(verifying: draft, admission: admission) } catch { return .refused(error) }
        if let refusal = timeRefusal(record, now: now), !isRestored { return .refused(refusal) }
        if let mark = row.mark {
            let same = (record.mark.epoch, record.mark.sequence) == (mark.epoch, mark.sequence)
            if same && record.mark.hash == mark.hash { return .duplicate }
            if same { return quarantine(record) }
            guard mark < record.mark else { return .stale }
        }
        rows[community]?.record = record
        rows[community]?.mark = record.mark
        touch(community)
        return .stored
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
        return (UInt64(clamping: epoch), UInt64(clamping: sequence)) < (UInt64(mark.epoch), mark.sequence)
    }

    /// Two records of one owner under one number: both are kept, the greater hash wins, the community is not routed to.
    private mutating func quarantine(_ record: DirectoryRecord) -> DirectoryVerdict {
        let community = record.community
        guard let mark = rows[community]?.mark else { return .stale }
        if let held = rows[community]?.record, rows[community]?.proof == nil {
            let stories = held.mark < record.mark ? [held, record] : [record, held]
            rows[community]?.proof = DirectoryFact(
                kind: .proof, community: community, compact: stories.map(\.token.compact).joined(separator: " "))
        }
        let isNew = rows[community]?.quarantinedEpoch == nil
        rows[community]?.quarantinedEpoch = mark.epoch
        if mark < record.mark {
            rows[community]?.record = record
            rows[community]?.mark = record.mark
            touch(community)
        }
        return isNew || mark < record.mark ? .equivocation : .duplicate
    }
}
