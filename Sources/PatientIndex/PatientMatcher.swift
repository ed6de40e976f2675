import ExchangeCore

/// Compares registrations: who is it?
package struct PatientMatcher: Sendable {
    /// A matcher with the strict policy.
    package init() {}

    /// Every active candidate that is at least `possible`, best first; ties by id.
    package func match(_ query: Demographics, identifiers: [PatientIdentifier] = [], candidates: [PatientRecord])
        -> [MatchResult]
    {
        []
    }

    /// The one person the query names with certainty, if there is exactly one.
    package func certainMatch(
        _ query: Demographics, identifiers: [PatientIdentifier] = [], candidates: [PatientRecord],
    ) -> CertainMatch {
        .none
    }
}
