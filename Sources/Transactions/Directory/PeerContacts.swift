import ExchangeCore

/// Since when each community is known to have no consent statement waiting for this node: pure, no clock.
///
/// A community that was not asked yet, or not for a while, or with which contact was lost, must be asked before peers are
/// answered. One that did not answer is not waited for again within a second: a dead community costs each question a
/// moment, and stops none.
package struct PeerContacts: Sendable {
    /// How long nobody waits again for a community that did not answer.
    package static let graceAfterFailure = Duration.seconds(1)

    private struct Row: Sendable {
        var currentAt: Duration?
        var failedAt: Duration?
        var isUnderWay = false
    }

    private let ageMax: Duration
    private var rows: [CommunityID: Row] = [:]

    /// Contacts that count for that long.
    package init(ageMax: Duration) { self.ageMax = ageMax }

    /// Those of the communities that must be asked before a peer is answered.
    package func due(_ communities: some Sequence<CommunityID>, now: Duration) -> [CommunityID] {
        communities.filter { community in
            guard let row = rows[community] else { return true }
            if let failed = row.failedAt, now - failed < Self.graceAfterFailure { return false }
            return row.currentAt.map { now - $0 >= ageMax } ?? true
        }
    }

    /// Until when none of the communities becomes due, as far as is known now; call when none is.
    package func quiet(_ communities: some Sequence<CommunityID>, now: Duration) -> Duration {
        communities.reduce(now + ageMax) { earliest, community in
            guard let row = rows[community] else { return now }
            let due = row.currentAt.map { $0 + ageMax } ?? row.failedAt.map { $0 + Self.graceAfterFailure } ?? now
            return min(earliest, due)
        }
    }

    /// Those whose contact is worth renewing before it is due.
    package func aging(_ communities: some Sequence<CommunityID>, now: Duration) -> [CommunityID] {
        communities.filter { community in
            guard let current = rows[community]?.currentAt else { return true }
            return now - current >= ageMax * 2 / 3
        }
    }

    /// Lets one caller ask a community, who ends it with `current`, `failed` or `leave`; false when another is at it.
    package mutating func begin(_ community: CommunityID) -> Bool {
        guard rows[community]?.isUnderWay != true else { return false }
        rows[community, default: Row()].isUnderWay = true
        return true
    }

    /// It had nothing more for this node at that moment.
    package mutating func current(_ community: CommunityID, at moment: Duration) {
        rows[community] = Row(currentAt: moment)
    }

    /// It did not answer.
    package mutating func failed(_ community: CommunityID, at moment: Duration) {
        rows[community] = Row(failedAt: moment)
    }

    /// Asking it was given up for another reason than its silence.
    package mutating func leave(_ community: CommunityID) { rows[community]?.isUnderWay = false }

    /// Contact was lost: whatever was known is not known any more.
    package mutating func lost(_ community: CommunityID) { rows[community]?.currentAt = nil }

    /// It was heard of after it had not answered; true when it is to be asked at once.
    package mutating func heard(_ community: CommunityID) -> Bool {
        guard let row = rows[community], row.failedAt != nil else { return false }
        rows[community]?.failedAt = nil
        return true
    }
}
