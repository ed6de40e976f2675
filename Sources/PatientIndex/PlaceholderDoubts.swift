import ExchangeCore

/// Who is held to a person by values that turned out to name nobody, and by nothing else that would do today.
///
/// A link is decided once and stands (patient-matching.md 6.1). When a telephone or a number becomes a placeholder afterwards,
/// what rested on it is for somebody to look at (6.2): nobody is moved.
package struct PlaceholderDoubts {
    /// The reviews to be opened, each of a record beside its own person, in order.
    package private(set) var reviews: [OpenReview] = []
    /// Values that stand on more records than can be looked through.
    package private(set) var skipped = 0

    private let snapshot: any PersonSnapshot
    private let policy: MatchPolicy
    private let matcher: PatientMatcher

    /// Looks through everybody who has such a value.
    ///
    /// - Parameters:
    ///   - position: how many entries the snapshot contains, for the reviews.
    ///   - limit: reviews at the most; what is left is found the next time.
    package init(_ snapshot: any PersonSnapshot, policy: MatchPolicy, at position: UInt64, limit: Int) throws {
        self.snapshot = snapshot
        self.policy = policy
        matcher = PatientMatcher(
            policy: policy, model: snapshot.model, names: snapshot.names, placeholders: snapshot.placeholders)
        var seen: Set<PersonNumber> = []
        for key in snapshot.placeholders.sorted where reviews.count < limit {
            var persons: [PersonNumber] = []
            guard try snapshot.persons(under: key, { persons.append($0) }) else {
                skipped += 1
                continue
            }
            for person in persons where seen.insert(person).inserted && reviews.count < limit {
                try look(person, position, limit)
            }
        }
    }

    /// The first record of a person is the person; of the others each is compared with those that are not in doubt.
    private mutating func look(_ person: PersonNumber, _ position: UInt64, _ limit: Int) throws {
        let members = try snapshot.members(of: person)
        var certain = members
        for record in members.dropFirst().reversed() where reviews.count < limit {
            guard let packed = try snapshot.packed(record), hasPlaceholder(packed), try !isSettled(record) else { continue }
            let others = try certain.filter { $0 != record }.compactMap { try snapshot.packed($0) }
            let (score, verdict) = matcher.compare(packed, with: others)
            guard policy.grade(score.millibits, verdict) != .certain else { continue }
            certain.removeAll { $0 == record }
            let candidate = ReviewCandidate(
                person: try snapshot.id(of: person), millibits: score.millibits, rule: verdict.rule)
            reviews.append(OpenReview(record: record, position: position, candidates: [candidate]))
        }
    }

    private func hasPlaceholder(_ packed: PackedRecord) -> Bool {
        packed.read { LearnedPlaceholders.values(of: $0, secret: snapshot.secret) }
            .contains { snapshot.placeholders.contains($0.key) }
    }

    /// Whether somebody looks at it already, was asked before, or a person or a feed said whose it is.
    private func isSettled(_ record: PatientID) throws -> Bool {
        if try snapshot.review(of: record) != nil { return true }
        return try snapshot.acts(about: record).contains { position in
            guard let act = try snapshot.act(at: position) else { return false }
            return act.kind == .doubt || act.moves.contains { $0.record == record }
        }
    }
}
