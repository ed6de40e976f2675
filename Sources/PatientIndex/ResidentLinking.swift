/// Links registrations one after another in an index in memory: loading, simulation, measuring.
///
/// The decision is `RecordLinking`'s; this only carries it out.
package struct ResidentLinking {
    /// The index so far.
    package let index: MemoryPersonIndex
    /// What was looked at so far.
    package private(set) var effort = PersonSearch<MemoryPersonIndex>.Effort()
    private let model: MatchModel
    private let policy: MatchPolicy
    /// Persons whom somebody should compare: a person that gains a record is compared with them again.
    private var open: [PersonNumber: Set<PersonNumber>] = [:]

    /// Linking into an index.
    package init(
        _ index: MemoryPersonIndex, model: MatchModel = .initial, policy: MatchPolicy,
    ) {
        self.index = index
        self.model = model
        self.policy = policy
    }

    /// Linking into an empty index.
    package init(secret: IndexSecret, model: MatchModel = .initial, policy: MatchPolicy) {
        self.init(MemoryPersonIndex(secret: secret), model: model, policy: policy)
    }

    /// Decides about a registration and files it; the decision's `person` is then never nil.
    package mutating func register(_ record: PackedRecord) -> LinkDecision {
        let linking = RecordLinking(index, model: model, policy: policy)
        // Reading memory does not fail.
        var decision = (try? record.read { try linking.decide($0, effort: &effort) }) ?? LinkDecision()
        for other in decision.merged { absorb(other, into: decision.person ?? other) }
        let person = index.add(record, to: decision.person).person
        decision.person = person
        note(decision.review, of: person)
        if decision.millibits != 0 { decision.merged += joinNeighbours(of: person) }
        return decision
    }

    private mutating func note(_ review: [Candidate], of person: PersonNumber) {
        for candidate in review where candidate.person != person {
            open[person, default: []].insert(candidate.person)
            open[candidate.person, default: []].insert(person)
        }
    }

    private mutating func joinNeighbours(of person: PersonNumber) -> [PersonNumber] {
        let neighbours = (open[person] ?? []).sorted()
        guard !neighbours.isEmpty else { return [] }
        let linking = RecordLinking(index, model: model, policy: policy)
        let joins = (try? linking.joins(person, among: neighbours)) ?? []
        var joined: [PersonNumber] = []
        for other in joins {
            // What joined first may speak against the next.
            let linking = RecordLinking(index, model: model, policy: policy)
            guard (try? linking.areOne(person, other)) ?? false else { continue }
            absorb(other, into: person)
            joined.append(other)
        }
        return joined
    }

    private mutating func absorb(_ loser: PersonNumber, into winner: PersonNumber) {
        index.merge(loser, into: winner)
        for other in open.removeValue(forKey: loser) ?? [] {
            open[other]?.remove(loser)
            guard other != winner else { continue }
            open[other, default: []].insert(winner)
            open[winner, default: []].insert(other)
        }
    }
}
