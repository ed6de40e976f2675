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
    package init(_ index: Index, policy: MatchPolicy) {
        search = PersonSearch(index, policy: policy)
        self.policy = policy
    }

    /// Candidates shown to a person at most.
    package static var reviewMax: Int { 3 }

    /// Decides about a registration; the index is not changed.
    package func decide(_ query: RecordView, effort: inout PersonSearch<Index>.Effort) throws -> LinkDecision {
        let found = try search.candidates(query, alsoHere: true, effort: &effort)
        let review = review(found)
        let candidates = found.filter { $0.grade(policy) > .none }
        let passing = try candidates.compactMap { try linkable($0, query) }
        guard let best = passing.first else {
            return LinkDecision(review: review)
        }
        var decision = LinkDecision(person: best.person, millibits: best.millibits, rule: best.verdict.rule)
        var merged: [Candidate] = []
        for other in passing.dropFirst() {
            if try fits(other, [best] + merged, with: query) {
                decision.merged.append(other.person)
                merged.append(other)
            } else if policy.isDeterministic || best.millibits - other.millibits < policy.lead,
                try !areAlikeButForNumber(best.person, other.person)
            {
                // Two who cannot be one and are too close to tell apart: somebody has to look.
                return LinkDecision(review: review)
            }
        }
        decision.merged += try neighbours(candidates, of: [best] + merged, with: query)
        return decision
    }

    /// A candidate the record may be linked with: certain beside all records of the person, or beside one of them and
    /// contradicted by none, as it would have been had that one been all there was.
    private func linkable(_ candidate: Candidate, _ query: RecordView) throws -> Candidate? {
        if candidate.grade(policy) == .certain { return candidate }
        guard policy.demandsEvidence, candidate.millibits >= policy.certainMillibits,
            !isConflict(candidate.evidence), candidate.evidence.sex != .different
        else { return nil }
        var found: Candidate?
        try each(of: candidate.person) { record in
            let alone = search.judge(query, record, candidate.person)
            // That nobody else is called so says nothing once another record has another middle name.
            if alone.grade(policy) == .certain, alone.verdict.rule != .nameAndBirthDate {
                found = Candidate(
                    person: candidate.person, evidence: candidate.evidence, millibits: candidate.millibits,
                    verdict: alone.verdict)
            }
            return found == nil
        }
        return found
    }

    /// Who was not certain alone but is beside everything the person has by now, until nobody follows.
    private func neighbours(_ candidates: [Candidate], of persons: [Candidate], with query: RecordView) throws -> [PersonNumber] {
        var persons = persons
        var joined: [PersonNumber] = []
        var waiting = candidates.prefix(Self.neighboursMax).filter { candidate in
            !persons.contains { $0.person == candidate.person }
        }
        var isSettled = false
        while !isSettled {
            isSettled = true
            for neighbour in waiting {
                guard try fits(neighbour, persons, with: query), try joins(neighbour.person, persons.map(\.person), with: query) else {
                    continue
                }
                persons.append(neighbour)
                joined.append(neighbour.person)
                waiting.removeAll { $0.person == neighbour.person }
                isSettled = false
            }
        }
        return joined
    }

    /// Candidates that are asked again once a person has gained a record.
    private static var neighboursMax: Int { 12 }

    /// Whether a person can be one with all who were found to be the record's already.
    func fits(_ other: Candidate, _ persons: [Candidate], with query: RecordView) throws -> Bool {
        for one in persons {
            let isBridged = Self.isBridge(one.evidence, other.evidence)
            guard
                try areOne(one.person, other.person, isNamed: isBridged, with: query)
                    || areOne(other.person, one.person, isNamed: isBridged, with: query)
            else { return false }
        }
        return true
    }

    /// Whether two persons have one name, one birth date and a household in common, and only a number keeps them apart: a
    /// record that is either's goes to the one it fits best, as it would have gone to whoever came alone.
    private func areAlikeButForNumber(_ one: PersonNumber, _ other: PersonNumber) throws -> Bool {
        guard policy.demandsEvidence, try !search.index.areAsserted(different: one, other) else { return false }
        var isAlike = true
        try each(of: other) { record in
            let evidence = try search.judge(record, one).evidence
            isAlike = policy.isNumberAlone(evidence) || !isConflict(evidence)
            return isAlike
        }
        return isAlike
    }

    /// Whether a record's first name is one person's and at most a slip of the other's: KATIE beside CATHERINE and KATUE.
    ///
    /// Two slips may be of two twins' names: ADEN of AIDEN and JADEN.
    private static func isBridge(_ one: Evidence, _ other: Evidence) -> Bool {
        func isName(_ evidence: Evidence) -> Bool {
            switch evidence.first {
            case .exact, .nickname, .reordered, .swapped: !evidence.isEstablishedPair
            default: false
            }
        }
        func isNear(_ evidence: Evidence) -> Bool {
            isName(evidence) || evidence.first == .similar && !evidence.isEstablishedPair
        }
        return isName(one) && isNear(other) || isNear(one) && isName(other)
    }

    /// Whether somebody nearby is now the same person: a late strong record joins what came before it.
    private func joins(_ neighbour: PersonNumber, _ persons: [PersonNumber], with query: RecordView) throws -> Bool {
        var isCertain = false
        var isConflict = false
        try each(of: neighbour) { record in
            let candidate = try search.judge(record, persons, with: query)
            if candidate.grade(policy) == .certain { isCertain = true }
            if policy.demandsEvidence, self.isConflict(candidate.evidence) { isConflict = true }
            return !isConflict
        }
        return isCertain && !isConflict
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

    private func review(_ candidates: [Candidate]) -> [Candidate] {
        Array(candidates.lazy.filter { policy.isWorthALook($0.evidence) && search.isProbablyHere($0) }.prefix(Self.reviewMax))
    }

    /// Whether two persons may be merged: nothing about them conflicts, and nobody said they are different.
    ///
    /// - Parameters:
    ///   - isNamed: their first names are known to be one, whatever they look like.
    ///   - query: a record that is both's.
    package func areOne(_ one: PersonNumber, _ other: PersonNumber, isNamed: Bool = false, with query: RecordView? = nil) throws
        -> Bool
    {
        if try search.index.areAsserted(different: one, other) { return false }
        guard policy.demandsEvidence else { return true }
        var conflict = false
        try each(of: other) { record in
            conflict = isConflict(try search.judge(record, one).evidence, isNamed: isNamed)
            if conflict, let query { conflict = try !isNumbered(record, one, with: query) }
            return !conflict
        }
        return !conflict
    }

    /// Whether a record is certainly a person's by a number of its own, once another record is theirs: it would have been linked
    /// had it come after that one.
    private func isNumbered(_ record: RecordView, _ person: PersonNumber, with query: RecordView) throws -> Bool {
        let candidate = try search.judge(record, person, with: query)
        return candidate.grade(policy) == .certain && candidate.evidence.individualIdentifiers > 0
    }

    private func isConflict(_ evidence: Evidence, isNamed: Bool = false) -> Bool {
        let isDate = evidence.birthDate == .unlike || evidence.birthDate == .sameYear || evidence.birthDate == .twoEdits
        let isOtherName = evidence.first == .unlike || evidence.first == .resembling || evidence.isEstablishedPair
        if isDate || isOtherName && !isNamed { return true }
        if policy.isNextNumber(evidence) { return true }
        guard let veto = policy.veto(evidence) else { return false }
        return veto != .placeholderIdentity
    }
}
