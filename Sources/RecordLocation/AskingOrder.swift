import ExchangeCore

/// Whom to ask first, whom after, and whom not at all (directory.md 5.2).
///
/// First those known to have had to do with the patient: they were asked and answered, they asked themselves, or the
/// patient has a number of theirs. Then whoever else the scope reaches.
package struct AskingOrder: Hashable, Sendable {
    /// A community as far as its place in the order depends on it.
    package struct Candidate: Hashable, Sendable {
        let community: CommunityID
        let regions: Set<String>
        let identifiers: [OID]

        /// A candidate with the regions it states and the identifiers it goes by.
        package init(_ community: CommunityID, regions: Set<String> = [], identifiers: [OID] = []) {
            self.community = community
            self.regions = regions
            self.identifiers = identifiers
        }
    }

    /// To be asked, in this order.
    package let asked: [CommunityID]
    /// Beyond the scope.
    package let outOfScope: Set<CommunityID>

    /// Puts candidates in order, each kind in the order given.
    ///
    /// - Parameters:
    ///   - known: communities that have had to do with the patient, as far as this node has seen.
    ///   - authorities: `system` of each of the patient's identifiers.
    ///   - home: the regions of the asking node.
    package init(
        _ candidates: [Candidate], known: Set<CommunityID>, authorities: [String], home: Set<String>, scope: AskingScope,
    ) {
        var first: [CommunityID] = []
        var later: [CommunityID] = []
        var beyond: Set<CommunityID> = []
        for candidate in candidates {
            if known.contains(candidate.community) || Self.numbers(candidate, authorities) {
                first.append(candidate.community)
                continue
            }
            let isReached =
                switch scope {
                case .known: false
                // Who states no region could be anywhere: leaving it out would be a silent guess.
                case .region: home.isEmpty || candidate.regions.isEmpty || !home.isDisjoint(with: candidate.regions)
                case .exhaustive: true
                }
            if isReached { later.append(candidate.community) } else { beyond.insert(candidate.community) }
        }
        asked = first + later
        outOfScope = beyond
    }

    /// Whether one of the patient's identifiers was assigned by the candidate: under its community's OID, or one of those
    /// it goes by.
    private static func numbers(_ candidate: Candidate, _ authorities: [String]) -> Bool {
        let arcs = [candidate.community.oid.urn] + candidate.identifiers.map(\.urn)
        return authorities.contains { system in
            arcs.contains { arc in
                system.utf8.starts(with: arc.utf8)
                    && (system.utf8.count == arc.utf8.count || system.utf8.dropFirst(arc.utf8.count).first == 0x2E)
            }
        }
    }
}
