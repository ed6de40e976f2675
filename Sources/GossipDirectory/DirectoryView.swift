import ExchangeCore
import Trust

/// One community as the directory shows it at a moment.
package struct DirectoryCommunity: Hashable, Sendable {
    /// Whether requests go there, and why not.
    package enum Standing: String, Sendable, CaseIterable {
        /// Admitted, its record is in force: routed to.
        case active
        /// Admitted, but nothing was heard from it yet.
        case silent
        /// Its record has expired.
        case stale
        /// It says that it does not answer for a while.
        case maintenance
        /// It has left.
        case retired
        /// It told two stories.
        case quarantined
        /// Its admission is over.
        case unadmitted
        /// The network's authority took its admission back.
        case revoked
        /// This node's operator lets nothing of it in.
        case blocked
    }

    /// The community.
    package let community: CommunityID
    /// Its name, for people: its own record's, else the admission's.
    package let name: String
    /// Whether requests go there, and why not.
    package let standing: Standing
    /// The record last accepted; nil when there is none.
    package let record: DirectoryRecord?
    /// Its admission.
    package let admission: Admission?
    /// When this node last exchanged directory messages with it.
    package let lastContact: Timestamp?
    /// Whether it answers; advisory.
    package let reach: Reach
    /// When what is held of it last changed here; nil for what was restored from disk.
    package let received: Timestamp?

    /// Its best endpoint of a role: greatest weight, then first in the record.
    package func endpoint(_ role: String) -> EndpointURL? { record?.endpoint(role) }

    /// Its endpoints of a role, the best first; at most four.
    package func endpoints(_ role: String) -> [EndpointURL] { record?.endpoints(role) ?? [] }
}

extension DirectoryState {
    /// Every community ever admitted, this node's own included, in the order of their identifiers.
    package func communities(at moment: Moment) -> [DirectoryCommunity] {
        rows.sorted.map { shown($0.community, $0.row, moment) }
    }

    /// One community; nil when nothing is known of it.
    package func community(_ id: CommunityID, at moment: Moment) -> DirectoryCommunity? {
        rows[id].map { shown(id, $0, moment) }
    }

    private func shown(_ id: CommunityID, _ row: HeldRow, _ moment: Moment) -> DirectoryCommunity {
        DirectoryCommunity(
            community: id,
            name: row.record?.statement.profile.organization ?? row.admission?.grant.organization ?? id.urn,
            standing: standing(id, row, moment), record: row.record, admission: row.admission,
            lastContact: peers[id]?.contact, reach: reach(of: id, uptime: moment.uptime), received: row.received)
    }

    /// The keys of every community admitted now, as `TrustPolicy` asks for them; none for one revoked or blocked.
    package func admittedKeys(now: Timestamp) -> [CommunityID: Set<Thumbprint>] {
        var keys: [CommunityID: Set<Thumbprint>] = [:]
        for (community, row) in rows.sorted {
            guard let admission = row.admission else { continue }
            if row.isRevoked || blocked.contains(community) {
                keys[community] = []
            } else if row.isAdmitted(at: now) {
                keys[community] = Set(admission.grant.keys.map(\.thumbprint))
            }
        }
        return keys
    }

    /// An admitted community's key by its thumbprint: what verifies its assertions.
    package func key(_ thumbprint: Thumbprint, of community: CommunityID, now: Timestamp) -> VerifyingKey? {
        guard let row = rows[community], row.isAdmitted(at: now), !blocked.contains(community) else { return nil }
        return row.admission?.key(thumbprint)
    }

    /// Everything held, as it is kept: for a journal or projection that begins anew.
    package var facts: [DirectoryFact] {
        rows.sorted.flatMap { community, row in
            func fact(_ kind: DirectoryFact.Kind, _ token: SignedToken?) -> DirectoryFact? {
                token.map { DirectoryFact(kind: kind, community: community, compact: $0.compact) }
            }
            return [
                fact(.admission, row.admission?.token), fact(.revocation, row.revocation?.token),
                fact(.record, row.record?.token), row.proof,
            ].compactMap(\.self)
        }
    }

    /// How many communities are held.
    package var count: Int { rows.count }

    /// The place in its owner's history up to which a community's records are accepted no more.
    package func mark(of community: CommunityID) -> HighWaterMark? { rows[community]?.mark }

    /// Whom this node watches.
    package var watching: [CommunityID] { watches.map(\.subject) }

    /// Who watches a community, as this node sees it.
    package func observers(of community: CommunityID) -> [CommunityID] { overlay.observers(of: community) }

    private func standing(_ id: CommunityID, _ row: HeldRow, _ moment: Moment) -> DirectoryCommunity.Standing {
        if blocked.contains(id) { return .blocked }
        if row.isRevoked { return .revoked }
        guard let admission = row.admission, admission.isValid(at: moment.now) else { return .unadmitted }
        if row.quarantinedEpoch != nil { return .quarantined }
        if let mark = row.mark, mark.isRetired, mark.epoch == admission.grant.epoch { return .retired }
        guard let record = row.record else { return .silent }
        if record.statement.epoch < admission.grant.epoch || !row.isRecordInForce { return .stale }
        if moment.now >= record.statement.expires, !skew.isDistrusted { return .stale }
        return switch record.statement.status {
        case .active, .draining: .active
        case .maintenance: .maintenance
        case .retired: .retired
        }
    }
}
