import ExchangeCore

/// Compares registrations: who is it?
package struct PatientMatcher: Sendable {
    /// What may be said to be certain.
    package let policy: MatchPolicy

    /// A matcher with a policy; the strict one is for everything that answers other communities.
    package init(policy: MatchPolicy = .strict) { self.policy = policy }

    /// Every active candidate that is at least `possible`, best first; ties by id.
    ///
    /// Several certain ones remain certain only while they can be shown to be one person, or lead clearly.
    package func match(_ query: Demographics, identifiers: [PatientIdentifier] = [], candidates: [PatientRecord])
        -> [MatchResult]
    {
        judge(query, identifiers: identifiers, candidates: candidates).results
    }

    /// The one person the query names with certainty, if there is exactly one.
    ///
    /// Probable candidates without a certain one are `ambiguous`: more attributes could make one certain.
    package func certainMatch(
        _ query: Demographics, identifiers: [PatientIdentifier] = [], candidates: [PatientRecord],
    ) -> CertainMatch {
        let (results, isAmbiguous) = judge(query, identifiers: identifiers, candidates: candidates)
        let certain = results.filter { $0.grade == .certain }
        if !certain.isEmpty, !isAmbiguous { return .person(certain) }
        return isAmbiguous || results.contains { $0.grade == .probable } ? .ambiguous : .none
    }

    /// The evidence that two registrations are one person's, and whether it is enough.
    func compare(_ left: NormalizedPerson, _ right: NormalizedPerson) -> (score: MatchScore, grade: MatchGrade) {
        let comparison = PersonComparison(left, right)
        let score = FellegiSunter.score(comparison, priorMillibits: policy.priorMillibits)
        if score.millibits >= policy.certainMillibits {
            return (score, policy.passes(comparison) ? .certain : .probable)
        }
        return (score, score.millibits >= policy.possibleMillibits ? .possible : .none)
    }

    private struct Judged {
        let record: PatientRecord
        let person: NormalizedPerson
        let score: MatchScore
        var grade: MatchGrade
    }

    private func judge(_ query: Demographics, identifiers: [PatientIdentifier], candidates: [PatientRecord])
        -> (results: [MatchResult], isAmbiguous: Bool)
    {
        let asked = NormalizedPerson(query, identifiers: identifiers)
        var judged: [Judged] = []
        var seen: Set<PatientID> = []
        for record in candidates where record.isActive && seen.insert(record.id).inserted {
            let person = NormalizedPerson(record.demographics, identifiers: record.identifiers)
            let (score, grade) = compare(asked, person)
            if grade > .none { judged.append(Judged(record: record, person: person, score: score, grade: grade)) }
        }
        judged.sort { left, right in
            if left.grade != right.grade { return left.grade > right.grade }
            if left.score.millibits != right.score.millibits { return left.score.millibits > right.score.millibits }
            return left.record.id < right.record.id
        }
        let isAmbiguous = settle(&judged)
        let results = judged.map { item in
            MatchResult(
                record: item.record, grade: item.grade, score: Self.probability(item.score), explanation: item.score)
        }
        return (results, isAmbiguous)
    }

    /// Leaves certain only the best and what is shown to be the same person; true when another one is too near to
    /// tell.
    private func settle(_ judged: inout [Judged]) -> Bool {
        guard let best = judged.first, best.grade == .certain else { return false }
        var isAmbiguous = false
        for index in judged.indices.dropFirst() where judged[index].grade == .certain {
            if compare(best.person, judged[index].person).grade == .certain { continue }
            if best.score.millibits - judged[index].score.millibits < policy.lead { isAmbiguous = true }
            judged[index].grade = .probable
        }
        if isAmbiguous { for index in judged.indices { judged[index].grade = min(judged[index].grade, .probable) } }
        return isAmbiguous
    }

    /// The probability of a score: odds of 2 to the power of its bits, in whole thousandths.
    private static func probability(_ score: MatchScore) -> Double {
        let bits = min(max(score.millibits / 1000, -40), 40)
        var odds = 1.0
        for _ in 0..<abs(bits) { odds *= bits > 0 ? 2 : 0.5 }
        // Between two whole bits the odds are taken to grow evenly: near enough for a figure of three digits.
        odds *= 1 + Double(score.millibits % 1000) / 1000 * (score.millibits < 0 ? 0.5 : 1)
        return (odds / (1 + odds) * 1000).rounded() / 1000
    }
}
