import ExchangeCore
import Trust

/// The root: what is held, as one sum, kept up with every change and made anew every hour.
extension DirectoryState {
    /// Count and sum of everything held, for the hour of a moment.
    package mutating func root(now: Timestamp) -> DirectoryRoot {
        if sumHour != Self.hour(now) { recount(now: now) }
        return sum
    }

    /// The root as it is computed from the rows alone: what `root` must be (invariant I4).
    package func computedRoot(now: Timestamp) -> DirectoryRoot { Self.total(rows, hour: Self.hour(now)) }

    /// Hours since 1970, UTC: records leave the root at whole hours alone, so that time does not look like divergence.
    static func hour(_ now: Timestamp) -> UInt32 { UInt32(clamping: max(0, now.seconds / 3600)) }

    /// Changes a row, and everything that follows from it: arrival, sum, membership.
    mutating func change(_ community: CommunityID, _ body: (inout DirectoryRow) -> Void) {
        arrival += 1
        let hour = sumHour
        var before = DirectoryRoot()
        var after = DirectoryRoot()
        var isOther = false
        rows.change(community) { row in
            let was = row.isMember
            before = row.counted
            body(&row)
            row.arrival = arrival
            row.counted = Self.counted(community, row, hour: hour)
            after = row.counted
            isOther = was != row.isMember
        }
        sum.remove(before)
        sum.add(after)
        if isOther { membership += 1 }
    }

    /// Makes the sum anew from the rows, for the hour of a moment.
    mutating func recount(now: Timestamp) {
        let hour = Self.hour(now)
        sum = DirectoryRoot()
        for community in rows.communities {
            rows.change(community) { $0.counted = Self.counted(community, $0, hour: hour) }
            if let row = rows[community] { sum.add(row.counted) }
        }
        sumHour = hour
    }

    /// Compares the running sum with the rows; a difference is mended and told.
    mutating func checkSelf(_ moment: Moment, _ effects: inout [DirectoryEffect]) {
        guard sumHour == Self.hour(moment.now), Self.total(rows, hour: sumHour) != sum else { return }
        recount(now: moment.now)
        effects.append(.notice(.rootMended))
    }

    /// The full digest: a line for each community.
    func digest() -> [DigestLine] {
        rows.sorted.map { DigestLine(key: StableHash.of($0.community), state: Array($0.row.counted.sum.prefix(16))) }
    }

    private static func total(_ rows: RowTable, hour: UInt32) -> DirectoryRoot {
        var total = DirectoryRoot()
        for (community, row) in rows.sorted { total.add(counted(community, row.row, hour: hour)) }
        return total
    }

    /// What a row adds: its admission and revocation always; its record and quarantine while they have force.
    ///
    /// A record counts until an hour before its end, since who joins after that may hold it or not.
    private static func counted(_ community: CommunityID, _ row: DirectoryRow, hour: UInt32) -> DirectoryRoot {
        var root = DirectoryRoot()
        root.count(1)
        if let admission = row.admission { root.add(admission.token.hash) }
        if let revocation = row.revocation { root.add(revocation.token.hash) }
        guard let admission = row.admission, !row.isRevoked else { return root }
        if let epoch = row.quarantinedEpoch, epoch == admission.grant.epoch {
            root.add(Thumbprint(of: "quarantined \(community.urn) \(epoch)".utf8))
        }
        let until = Timestamp(seconds: (Int64(hour) + 1) * 3600)
        if let record = row.record, row.isRecordInForce, record.statement.expires > until,
            admission.grant.expires > until
        {
            root.add(record.token.hash)
        }
        return root
    }
}

extension DirectoryRow {
    /// Whether the record held is one that its community's admission still vouches for: its epoch, and a key it names.
    var isRecordInForce: Bool {
        guard let admission, let record, !isRevoked else { return false }
        return record.statement.epoch == admission.grant.epoch && admission.key(record.token.keyID) != nil
    }
}
