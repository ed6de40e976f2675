/// A person in an answer: how sure, after the others were looked at too.
package struct RankedPerson: Sendable, Hashable {
    /// The person and the evidence.
    package let candidate: Candidate
    /// What may be done with it: certain only when nobody else is too near.
    package internal(set) var grade: MatchGrade
}

/// What a look-up found.
package struct LookupAnswer<Index: PersonIndex> {
    /// Persons at least possible, best first.
    package internal(set) var persons: [RankedPerson]
    /// Whether several persons pass who cannot be told apart, so that nobody is certain.
    package internal(set) var isAmbiguous: Bool
    /// What was looked at.
    package let effort: PersonSearch<Index>.Effort
}

/// Answers who somebody may be, without filing anything: `$match`, ITI-119, `hie patient match`.
package struct PersonLookup<Index: PersonIndex> {
    private let search: PersonSearch<Index>
    private let linking: RecordLinking<Index>

    /// A look-up over an index as it is now.
    package init(_ index: Index, policy: MatchPolicy) {
        // Whoever asks gives a few fields; that a name is rare here does not make it rare elsewhere.
        var policy = policy
        if policy == .strict { policy = .remote }
        policy.possibleMillibits -= Self.leniency
        search = PersonSearch(index, policy: policy)
        linking = RecordLinking(index, policy: policy)
    }

    /// How much less likely somebody may be and still be shown to who asks: a line in a list costs less than a review.
    private static var leniency: Int { 4_000 }

    /// A candidate's score, field by field.
    package func explain(_ candidate: Candidate) -> MatchScore { search.explain(candidate.evidence) }

    /// Everybody at least possible, graded: the best is certain only when the next who passes is far behind or can be
    /// shown to be the same person.
    package func lookUp(_ query: RecordView) throws -> LookupAnswer<Index> {
        var effort = PersonSearch<Index>.Effort()
        let candidates = try search.candidates(query, alsoHere: true, effort: &effort)
        var persons = candidates.map { RankedPerson(candidate: $0, grade: max($0.grade(search.policy), .possible)) }
        var isAmbiguous = false
        if let best = persons.first, best.grade == .certain {
            for index in persons.indices.dropFirst() where persons[index].grade == .certain {
                let other = persons[index].candidate
                // Two whom the question joins are one, as they would be had it been filed; by fixed combinations nothing is joined.
                let isOne =
                    search.policy.isDeterministic
                    ? try linking.areOne(best.candidate.person, other.person)
                    : try linking.fits(other, [best.candidate], with: query)
                if isOne { continue }
                let lead = best.candidate.millibits - other.millibits
                if search.policy.isDeterministic || lead < search.policy.lead { isAmbiguous = true }
                persons[index].grade = .probable
            }
            if isAmbiguous { for index in persons.indices { persons[index].grade = min(persons[index].grade, .probable) } }
        }
        return LookupAnswer(persons: persons, isAmbiguous: isAmbiguous, effort: effort)
    }
}
