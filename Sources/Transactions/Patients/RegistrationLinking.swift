import ExchangeCore
import Journal
import PatientIndex

/// Whose a registration is, decided on one snapshot of the index.
struct RegistrationLinking: Sendable {
    /// A decision and what it rests on.
    struct Filing: Sendable {
        let decision: IdentityDecision
        let position: JournalPosition
        /// The persons whose records it changes.
        let persons: [PersonID]
        /// The records of those persons.
        let records: [PatientID]
    }

    let record: PatientRecord
    /// The record as it was registered before; it keeps its person, whatever it says now.
    let known: PatientRecord?
    let packed: PackedRecord
    /// The name of a new person.
    let fresh: PersonID
    let policy: MatchPolicy

    func decide(_ snapshot: any PersonSnapshot, at position: JournalPosition) throws -> Filing {
        if let known, let person = try snapshot.person(of: known.id) {
            var decision = IdentityDecision(person: try snapshot.id(of: person), kind: .automatic)
            decision.review = try doubt(of: known, person, snapshot)
            return Filing(decision: decision, position: position, persons: [], records: [])
        }
        var effort = PersonSearch<SnapshotIndex>.Effort()
        let linking = RecordLinking(SnapshotIndex(snapshot), policy: policy)
        var link = try packed.read { try linking.decide($0, effort: &effort) }
        var touched = [link.person].compactMap { $0 } + link.merged
        var records = try touched.flatMap { try snapshot.members(of: $0) }
        if records.count >= PatientFacts.recordsMax {
            // Nobody has so many records: a steward has to look before one more is added.
            link = .nobody
            (touched, records) = ([], [])
        }
        return Filing(
            decision: try IdentityDecision(link, fresh: fresh, model: snapshot.model, policy: policy) { try snapshot.id(of: $0) },
            position: position, persons: try touched.map { try snapshot.id(of: $0) }, records: records)
    }

    /// A record that says somebody else than before is stored and shown to a steward: its documents and consent are those of
    /// whom it was.
    private func doubt(of known: PatientRecord, _ person: PersonNumber, _ snapshot: any PersonSnapshot) throws
        -> [ReviewCandidate]
    {
        let before = try snapshot.packed(known.id) ?? PackedRecord(known.demographics, identifiers: known.identifiers)
        guard before.bytes != packed.bytes else { return [] }
        let (score, verdict) = PatientMatcher(
            policy: policy, model: snapshot.model, names: snapshot.names, placeholders: snapshot.placeholders
        ).compare(before, packed)
        guard policy.grade(score.millibits, verdict) == .none else { return [] }
        return [ReviewCandidate(person: try snapshot.id(of: person), millibits: score.millibits, rule: verdict.rule)]
    }
}
