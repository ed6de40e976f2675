import ExchangeCore
import PatientIndex
import RecordLocation

extension Exchange {
    /// Accesses looked through for communities that have had to do with a patient.
    private static let accessesMax = 200

    /// Whom to ask about a patient, in order, and a line for everyone who is not asked.
    func candidates(_ locating: Locating, for person: PatientRecord) async throws
        -> (asked: [PeerNode], others: [CommunityAnswer])
    {
        let neighbours = directory.neighbours(at: world.now())
        let named = neighbours.filter { locating.only?.contains($0.community) ?? true }
        let order = AskingOrder(
            named.filter { $0.community != settings.community }.map {
                AskingOrder.Candidate($0.community, regions: $0.regions, identifiers: $0.identifiers)
            },
            // The order matters, and is looked up, only where not everybody is asked at once.
            known: locating.scope == .region && named.count <= settings.limits.fanOutMax
                ? [] : try await known(to: person.id),
            authorities: person.identifiers.map(\.system),
            home: neighbours.first { $0.community == settings.community }?.regions ?? [],
            // Whoever names communities has said how far to go.
            scope: locating.only == nil ? locating.scope : .exhaustive)
        let places = Dictionary(uniqueKeysWithValues: order.asked.enumerated().map { ($1, $0) })
        var asked: [(place: Int, node: PeerNode)] = []
        var others: [CommunityAnswer] = []
        for neighbour in neighbours where neighbour.community != settings.community {
            let state: CommunityAnswer.State
            if let place = places[neighbour.community] {
                if let node = neighbour.node {
                    asked.append((place, node))
                    continue
                }
                state = .unreachable
            } else {
                state = .skipped(order.outOfScope.contains(neighbour.community) ? .outOfScope : .notNamed)
            }
            others.append(
                CommunityAnswer(community: neighbour.community, name: neighbour.name, state: state, elapsed: .zero))
        }
        return (asked.sorted { $0.place < $1.place }.map(\.node), others)
    }

    /// Communities that have shown documents of a patient, or asked for some, as the patient's access log says; and those
    /// that said a short while ago that they know the patient.
    private func known(to patient: PatientID) async throws -> Set<CommunityID> {
        var known = searches.with { [now = world.uptime()] in
            $0.correlations.communities(knowing: patient, now: now)
        }
        for access in try await projection.accesses(to: patient, limit: Self.accessesMax) {
            if access.record.community != settings.community { known.insert(access.record.community) }
            for line in access.record.communities where line.hasSuffix(" answered") {
                if let community = CommunityID(String(line.dropLast(" answered".count))) { known.insert(community) }
            }
        }
        return known
    }

    /// Everybody else in the directory who can be asked, and a line for each who cannot.
    func everybodyElse() -> (asked: [PeerNode], others: [CommunityAnswer]) {
        var asked: [PeerNode] = []
        var others: [CommunityAnswer] = []
        for neighbour in directory.neighbours(at: world.now()) where neighbour.community != settings.community {
            if let node = neighbour.node {
                asked.append(node)
            } else {
                others.append(
                    CommunityAnswer(
                        community: neighbour.community, name: neighbour.name, state: .unreachable, elapsed: .zero))
            }
        }
        return (asked, others)
    }
}
