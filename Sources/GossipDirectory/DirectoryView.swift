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

    /// Its best endpoint of a role: greatest weight, then first in the record.
    package func endpoint(_ role: String) -> EndpointURL? {
        var best: DirectoryEndpoint?
        for endpoint in record?.statement.profile.endpoints ?? [] where endpoint.role == role {
            if best.map({ $0.weight < endpoint.weight }) ?? true { best = endpoint }
        }
        return best?.url
    }
}

extension DirectoryState {
    /// Every community ever admitted, this node's own included, in the order of their identifiers.
    package func communities(now: Timestamp) -> [DirectoryCommunity] {
        rows.keys.sorted().compactMap { community($0, now: now) }
    }

    /// One community; nil when nothing is known of it.
    package func community(_ id: CommunityID, now: Timestamp) -> DirectoryCommunity? {
        guard let row = rows[id] else { return nil }
        return DirectoryCommunity(
            community: id,
            name: row.record?.statement.profile.organization ?? row.admission?.grant.organization ?? id.urn,
            standing: standing(row, now: now), record: row.record, admission: row.admission,
            lastContact: contacts[id])
    }

    /// The keys of every community admitted now, as `TrustPolicy` asks for them.
    package func admittedKeys(now: Timestamp) -> [CommunityID: Set<Thumbprint>] {
        rows.compactMapValues { row in
            guard let admission = row.admission, admission.isValid(at: now) else { return nil }
            return Set(admission.grant.keys.map(\.thumbprint))
        }
    }

    /// An admitted community's key by its thumbprint: what verifies its assertions.
    package func key(_ thumbprint: Thumbprint, of community: CommunityID, now: Timestamp) -> VerifyingKey? {
        guard let admission = rows[community]?.admission, admission.isValid(at: now) else { return nil }
        return admission.key(thumbprint)
    }

    /// Everything held, as it is kept: for a journal or projection that begins anew.
    package var facts: [DirectoryFact] {
        rows.keys.sorted().flatMap { community in
            let row = rows[community]
            return [
                row?.admission.map {
                    DirectoryFact(kind: .admission, community: community, compact: $0.token.compact)
                },
                row?.record.map { DirectoryFact(kind: .record, community: community, compact: $0.token.compact) },
                row?.proof,
            ].compactMap(\.self)
        }
    }

    func isAdmitted(_ community: CommunityID, now: Timestamp) -> Bool {
        rows[community]?.admission?.isValid(at: now) ?? false
    }

    private func standing(_ row: Row, now: Timestamp) -> DirectoryCommunity.Standing {
        guard let admission = row.admission, admission.isValid(at: now) else { return .unadmitted }
        if row.quarantinedEpoch != nil { return .quarantined }
        guard let record = row.record else { return .silent }
        if record.statement.epoch < admission.grant.epoch { return .stale }
        if record.statement.status == .retired { return .retired }
        if now >= record.statement.expires { return .stale }
        return switch record.statement.status {
        case .active, .draining: .active
        case .maintenance: .maintenance
        case .retired: .retired
        }
    }
}
