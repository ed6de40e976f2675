/// A person's number within one index; small and dense, never shown: journal and outside know persons by their UUID.
package typealias PersonNumber = UInt32

/// What linking and looking up read of an index: postings by key, and a person's records; implemented in memory here
/// and on the projection's tables on floor 4.
package protocol PersonIndex {
    /// How common names are.
    var names: NameFrequencies { get }
    /// Values that were found to name nobody.
    var placeholders: LearnedPlaceholders { get }
    /// What is worth how much.
    var model: MatchModel { get }
    /// Keys the index of keys.
    var secret: IndexSecret { get }

    /// The persons filed under a key, perhaps several times each; false when there are more than `postingsMax` and the
    /// key was skipped.
    func persons(under key: UInt64, _ body: (PersonNumber) -> Void) throws -> Bool

    /// Calls with each record of a person until a call is false.
    func records(of person: PersonNumber, _ body: (RecordView) -> Bool) throws

    /// Whether a steward or the registry said that the two are different persons.
    func areAsserted(different one: PersonNumber, _ other: PersonNumber) throws -> Bool
}

/// A person found for a registration.
package struct Candidate: Sendable, Hashable {
    /// The person.
    package let person: PersonNumber
    /// What their records and the registration say about each other.
    package let evidence: Evidence
    /// The score, in thousandths of a bit, the prior included.
    package let millibits: Int
    /// What the policy said.
    package let verdict: PolicyVerdict

    /// What may be done with it, the other candidates left aside.
    package func grade(_ policy: MatchPolicy) -> MatchGrade {
        policy.grade(millibits, verdict)
    }
}

/// Looks up who a registration may be: blocking, scoring and the policy, over any index.
package struct PersonSearch<Index: PersonIndex> {
    /// Where persons are looked up.
    package let index: Index
    /// What is worth how much.
    package let model: MatchModel
    /// What may be said to be certain.
    package let policy: MatchPolicy
    private let prior: Int
    /// How much likelier somebody is one of those registered here than one of all at risk, in thousandths of a bit.
    private let nearness: Int
    private let placeholders: LearnedPlaceholders

    /// A search with its model and policy.
    ///
    /// - Parameter model: another one than the index's own.
    package init(_ index: Index, model: MatchModel? = nil, policy: MatchPolicy) {
        self.index = index
        self.model = model ?? index.model
        self.policy = policy
        prior = policy.priorMillibits
        nearness = max(prior - Millibits.log2(index.names.registered), 0)
        placeholders = index.placeholders
    }

    /// What was looked at to find the candidates.
    package struct Effort: Sendable, Hashable {
        /// Keys that stood on too many records to be read, or were a placeholder's.
        package var skippedKeys = 0
        /// Persons compared.
        package var compared = 0

        /// Nothing yet.
        package init() {}
    }

    /// Everybody who is at least possible, best first; ties in order of arrival.
    ///
    /// - Parameter alsoHere: also who is possible only because few are registered here.
    package func candidates(_ query: RecordView, alsoHere: Bool = false, effort: inout Effort) throws -> [Candidate] {
        var found: [Candidate] = []
        var seen: [PersonNumber] = []
        for reach in BlockingKey.Reach.allCases {
            var persons: [PersonNumber] = []
            for key in BlockingKey.keys(of: query, reach: reach, secret: index.secret) {
                if try placeholders.contains(key) || !index.persons(under: key, { persons.append($0) }) {
                    effort.skippedKeys += 1
                }
            }
            persons.sort()
            var last: PersonNumber?
            for person in persons where person != last {
                last = person
                if reach == .far, Self.holds(seen, person) { continue }
                effort.compared += 1
                let candidate = try judge(query, person)
                if candidate.grade(policy) > .none || alsoHere && isPossibleHere(candidate) { found.append(candidate) }
            }
            if found.contains(where: { $0.grade(policy) == .certain }) { break }
            seen = persons
        }
        found.sort { Self.isBefore($0, $1, policy) }
        return found
    }

    /// Whether somebody is possible among those registered here.
    ///
    /// What is certain is judged by all who could be meant, registered or not. Whom to show is a question about those here; only a
    /// relative's score says too much, and stays with the stricter one.
    private func isPossibleHere(_ candidate: Candidate) -> Bool {
        policy.isNobodysRelative(candidate.evidence) && candidate.millibits + nearness >= policy.possibleMillibits
    }

    /// Whether somebody possible is worth a review, which costs more than a line in a list: the birth date is exactly theirs, and
    /// they are twice as likely as not among those registered here.
    func isProbablyHere(_ candidate: Candidate) -> Bool {
        candidate.grade(policy) > .none
            || candidate.evidence.birthDate == .exact && candidate.millibits + nearness >= policy.possibleMillibits + 1_000
    }

    /// The score of some evidence, field by field; it sums to the candidate's.
    package func explain(_ evidence: Evidence) -> MatchScore { model.explain(evidence, index.names, prior: prior) }

    /// One person compared with a registration.
    ///
    /// - Parameter extra: a record that is about to be the person's.
    package func judge(_ query: RecordView, _ person: PersonNumber, with extra: RecordView? = nil) throws -> Candidate {
        try judge(query, CollectionOfOne(person), with: extra)
    }

    /// Several persons who are about to be one, compared with a registration.
    func judge(_ query: RecordView, _ persons: some Collection<PersonNumber>, with extra: RecordView? = nil) throws
        -> Candidate
    {
        var fold = EvidenceFold(query, names: index.names, placeholders: placeholders)
        if let extra { fold.add(extra) }
        for person in persons {
            var left = Self.membersMax
            try index.records(of: person) { record in
                fold.add(record)
                left -= 1
                return left > 0
            }
        }
        return judge(fold.finished(), persons.first ?? 0)
    }

    /// One record of a person compared with a registration, the others left aside.
    func judge(_ query: RecordView, _ record: RecordView, _ person: PersonNumber) -> Candidate {
        var fold = EvidenceFold(query, names: index.names, placeholders: placeholders)
        fold.add(record)
        return judge(fold.finished(), person)
    }

    /// Records of a person that are compared.
    private static var membersMax: Int { 64 }

    func judge(_ evidence: Evidence, _ person: PersonNumber) -> Candidate {
        let millibits = model.total(evidence, index.names, prior: prior)
        let verdict =
            policy.isDeterministic
            ? DeterministicRules.verdict(evidence)
            : policy.verdict(evidence, namesakes: Self.namesakes(evidence, index.names))
        return Candidate(person: person, evidence: evidence, millibits: millibits, verdict: verdict)
    }

    /// Namesakes to be expected in a million people, in thousandths; a name that is only alike is taken for common.
    static func namesakes(_ evidence: Evidence, _ names: NameFrequencies) -> Int {
        let first = evidence.firstHash == 0 ? 3_000_000 : names.share(first: evidence.firstHash)
        let family = evidence.familyHash == 0 ? 300_000 : names.share(family: evidence.familyHash)
        return Int(first * family / 1_000_000_000)
    }

    /// Whether a sorted list holds a number.
    private static func holds(_ sorted: [PersonNumber], _ number: PersonNumber) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == number
    }

    static func isBefore(_ left: Candidate, _ right: Candidate, _ policy: MatchPolicy) -> Bool {
        let grades = (left.grade(policy), right.grade(policy))
        if grades.0 != grades.1 { return grades.0 > grades.1 }
        if left.millibits != right.millibits { return left.millibits > right.millibits }
        return left.person < right.person
    }
}
