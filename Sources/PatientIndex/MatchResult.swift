import ExchangeCore

/// How sure a match is (FHIR `match-grade`).
package enum MatchGrade: String, Sendable, CaseIterable, Comparable {
    /// May be used without a person looking at it.
    case certain
    /// Very likely; a person decides.
    case probable
    /// Not excluded; a person decides.
    case possible
    /// Someone else.
    case none = "certainly-not"

    private var rank: Int {
        switch self {
        case .certain: 3
        case .probable: 2
        case .possible: 1
        case .none: 0
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// One record compared with a query: how alike, how sure, and why.
package struct MatchResult: Sendable {
    /// The record compared.
    package let record: PatientRecord
    /// What may be done with it.
    package let grade: MatchGrade
    /// The probability of being the same person, 0 to 1 (FHIR `search.score`).
    package let score: Double
    /// The fields' contributions, which sum to the score in bits.
    package let explanation: MatchScore
    /// The line of the policy's table that decided; nil where nothing was compared.
    package let rule: PolicyRule?
    /// The identity of the model that scored; nil where nothing was compared.
    package let model: String?

    /// A result from its parts.
    package init(
        record: PatientRecord, grade: MatchGrade, score: Double, explanation: MatchScore, rule: PolicyRule? = nil,
        model: String? = nil,
    ) {
        self.rule = rule
        self.model = model
        self.record = record
        self.grade = grade
        self.score = score
        self.explanation = explanation
    }
}

/// Whether a query names exactly one person (ITI-119 `onlyCertainMatches`).
package enum CertainMatch: Sendable {
    /// Nobody certain.
    case none
    /// One person, with every active record shown to be theirs, best first; never empty.
    case person([MatchResult])
    /// Several people could be meant, or records that cannot be shown to be one person's.
    case ambiguous
}
