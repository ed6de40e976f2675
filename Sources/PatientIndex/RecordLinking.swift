/// What was decided about one registration.
package struct LinkDecision: Sendable, Hashable {
    /// The person it belongs to; nil for a new one.
    package var person: PersonNumber?
    /// Persons that turned out to be the same one, merged into `person`.
    package var merged: [PersonNumber] = []
    /// The score it was linked with, in thousandths of a bit; 0 for a new person.
    package var millibits = 0
    /// The line of the policy's table that let it pass.
    package var rule: PolicyRule?
    /// Whom a person should compare it with, best first, at most three; empty when there is nothing to review.
    package var review: [Candidate] = []
}

extension LinkDecision {
    /// A new person, and nothing to review.
    package static var nobody: LinkDecision { LinkDecision() }
}

/// Decides in order of arrival which person each registration belongs to (patient-matching.md 6.5).
package struct RecordLinking<Index: PersonIndex> {
    private let search: PersonSearch<Index>
    private let policy: MatchPolicy

    /// Linking over an index as it is now.
    package init(_ index: Index, model: MatchModel = .initial, policy: MatchPolicy) {
        search = PersonSearch(index, model: model, policy: policy)
        self.policy = policy
    }

    /// Candidates shown to a person at most.
    package static var reviewMax: Int { 3 }

    /// Decides about a registration; the index is not changed.
    package func decide(_ query: RecordView, effort: inout PersonSearch<Index>.Effort) throws -> LinkDecision {
        let candidates = try search.candidates(query, effort: &effort)
        let passing = candidates.filter { $0.grade(policy) == .certain }
        guard let best = passing.first else {
            return LinkDecision(review: Self.review(candidates))
        }
        var decision = LinkDecision(person: best.person, millibits: best.millibits, rule: best.verdict.rule)
        for other in passing.dropFirst() {
            if try fits(other.person, best.person, decision.merged) {
                decision.merged.append(other.person)
            } else if policy.isDeterministic || best.millibits - other.millibits < policy.lead {
                // Two who cannot be one and are too close to tell apart: somebody has to look.
                return LinkDecision(review: Self.review(candidates))
            }
        }
        for neighbour in candidates.prefix(8) where neighbour.grade(policy) != .certain {
            if try fits(neighbour.person, best.person, decision.merged),
                try joins(neighbour.person, best.person, with: query)
            {
                decision.merged.append(neighbour.person)
            }
        }
        return decision
    }

    /// Whether a person can be one with another and with all who were found to be that one already.
    private func fits(_ person: PersonNumber, _ best: PersonNumber, _ merged: [PersonNumber]) throws -> Bool {
        for other in [best] + merged {
            if try !areOne(other, person) { return false }
        }
        return true
    }

    /// Whether somebody nearby is now the same person: a late strong record joins what came before it.
    private func joins(_ neighbour: PersonNumber, _ person: PersonNumber, with query: RecordView) throws -> Bool {
        var isCertain = false
        try each(of: neighbour) { record in
            isCertain = try search.judge(record, person, with: query).grade(policy) == .certain
            return !isCertain
        }
        return try isCertain && areOne(person, neighbour, with: query)
    }

    private func each(of person: PersonNumber, _ body: (RecordView) throws -> Bool) throws {
        var failure: (any Error)?
        try search.index.records(of: person) { record in
            do {
                return try body(record)
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
    }

    private static func review(_ candidates: [Candidate]) -> [Candidate] { Array(candidates.prefix(reviewMax)) }

    /// Whether two persons may be merged: nothing about them conflicts, and nobody said they are different.
    ///
    /// - Parameter query: a record that is about to be the first one's.
    package func areOne(_ one: PersonNumber, _ other: PersonNumber, with query: RecordView? = nil) throws -> Bool {
        if try search.index.areAsserted(different: one, other) { return false }
        var conflict = false
        try each(of: other) { record in
            conflict = isConflict(try search.judge(record, one, with: query).evidence)
            return !conflict
        }
        return !conflict
    }

    private func isConflict(_ evidence: Evidence) -> Bool {
        let isDate = evidence.birthDate == .unlike || evidence.birthDate == .sameYear || evidence.birthDate == .twoEdits
        if evidence.first == .unlike || isDate { return true }
        guard let veto = policy.veto(evidence) else { return false }
        return veto != .placeholderIdentity
    }
}
