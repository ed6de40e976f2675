/// Links registrations one after another in an index in memory: loading, simulation, measuring.
///
/// The decision is `RecordLinking`'s; this only carries it out.
package struct ResidentLinking {
    /// The index so far.
    package let index: MemoryPersonIndex
    /// What was looked at so far.
    package private(set) var effort = PersonSearch<MemoryPersonIndex>.Effort()
    private let policy: MatchPolicy

    /// Linking into an index.
    package init(
        _ index: MemoryPersonIndex, policy: MatchPolicy,
    ) {
        self.index = index
        self.policy = policy
    }

    /// Linking into an empty index.
    package init(secret: IndexSecret, policy: MatchPolicy) {
        self.init(MemoryPersonIndex(secret: secret), policy: policy)
    }

    /// Decides about a registration and files it; the decision's `person` is then never nil.
    package mutating func register(_ record: PackedRecord) -> LinkDecision {
        let linking = RecordLinking(index, policy: policy)
        // Reading memory does not fail.
        var decision = (try? record.read { try linking.decide($0, effort: &effort) }) ?? LinkDecision()
        for other in decision.merged { index.merge(other, into: decision.person ?? other) }
        decision.person = index.add(record, to: decision.person).person
        return decision
    }
}
