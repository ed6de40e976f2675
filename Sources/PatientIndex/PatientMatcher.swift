import ExchangeCore

/// Compares registrations that somebody else found: who is it?
///
/// The records of one person are given together; records that belong to no person stand alone.
package struct PatientMatcher: Sendable {
    /// What may be said to be certain.
    package let policy: MatchPolicy
    /// What is worth how much.
    package let model: MatchModel
    /// How common names are.
    package let names: NameFrequencies
    private let placeholders: LearnedPlaceholders

    /// A matcher with a policy; the strict one is for everything that answers other communities.
    ///
    /// - Parameter placeholders: values that the index has found to name nobody.
    package init(
        policy: MatchPolicy = .remote, model: MatchModel = .initial, names: NameFrequencies = NameFrequencies(),
        placeholders: LearnedPlaceholders = .none,
    ) {
        self.placeholders = placeholders
        self.policy = policy
        self.model = model
        self.names = names
    }

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

    /// Two registrations compared: the score field by field, and the policy's word.
    package func compare(_ left: PackedRecord, _ right: PackedRecord) -> (score: MatchScore, verdict: PolicyVerdict) {
        compare(left, with: [right])
    }

    /// A registration compared with a person's records together.
    package func compare(_ record: PackedRecord, with others: [PackedRecord]) -> (score: MatchScore, verdict: PolicyVerdict) {
        let evidence = record.read { record in
            var fold = EvidenceFold(record, names: names, placeholders: placeholders)
            for other in others { other.read { fold.add($0) } }
            return fold.finished()
        }
        return (model.explain(evidence, names, prior: policy.priorMillibits), verdict(evidence))
    }

    private func verdict(_ evidence: Evidence) -> PolicyVerdict {
        policy.isDeterministic
            ? DeterministicRules.verdict(evidence)
            : policy.verdict(evidence, namesakes: PersonSearch<MemoryPersonIndex>.namesakes(evidence, names))
    }

    private struct Judged {
        let record: PatientRecord
        let packed: PackedRecord
        let score: MatchScore
        var grade: MatchGrade
    }

    private func judge(_ query: Demographics, identifiers: [PatientIdentifier], candidates: [PatientRecord])
        -> (results: [MatchResult], isAmbiguous: Bool)
    {
        let asked = PackedRecord(query, identifiers: identifiers)
        var judged: [Judged] = []
        var seen: Set<PatientID> = []
        for record in candidates where record.isActive && seen.insert(record.id).inserted {
            let packed = PackedRecord(record.demographics, identifiers: record.identifiers)
            let (score, verdict) = compare(asked, packed)
            let grade = policy.grade(score.millibits, verdict)
            if grade > .none { judged.append(Judged(record: record, packed: packed, score: score, grade: grade)) }
        }
        judged.sort { left, right in
            if left.grade != right.grade { return left.grade > right.grade }
            if left.score.millibits != right.score.millibits { return left.score.millibits > right.score.millibits }
            return left.record.id < right.record.id
        }
        let isAmbiguous = settle(&judged)
        let results = judged.map { item in
            MatchResult(
                record: item.record, grade: item.grade, score: Millibits.probability(item.score.millibits),
                explanation: item.score)
        }
        return (results, isAmbiguous)
    }

    /// Leaves certain only the best and what is shown to be the same person; true when another one is too near to
    /// tell.
    private func settle(_ judged: inout [Judged]) -> Bool {
        guard let best = judged.first, best.grade == .certain else { return false }
        var isAmbiguous = false
        for index in judged.indices.dropFirst() where judged[index].grade == .certain {
            let (score, verdict) = compare(best.packed, judged[index].packed)
            if policy.grade(score.millibits, verdict) == .certain { continue }
            if best.score.millibits - judged[index].score.millibits < policy.lead { isAmbiguous = true }
            judged[index].grade = .probable
        }
        if isAmbiguous { for index in judged.indices { judged[index].grade = min(judged[index].grade, .probable) } }
        return isAmbiguous
    }
}
