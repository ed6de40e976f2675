import ExchangeCore
import Journal
import PatientIndex

/// What came of a feed's merge.
package struct MergedPatients: Sendable {
    /// The record that is in use no more.
    package let record: PatientRecord
    /// Where in the journal the merge stands; nil when it was made before and nothing was written.
    package let position: JournalPosition?
}

extension Exchange {
    /// ITI-104 merge: the record of one identifier is in use no more, that of the survivor takes its place, and both are one
    /// person's. What is published for it from now on goes to the survivor.
    ///
    /// Reversible (`hie patient undo`), safe to repeat. Refused, with nothing changed: `.badRequest` onto itself; `.notFound`
    /// when either was never registered, so that the source sends it again after it has registered them; `.conflict` in a
    /// circle, when it was merged into another one before, and when a steward said that the two are different persons: that
    /// opens a review.
    package func mergePatient(_ subsumed: PatientIdentifier, into survivor: PatientIdentifier, for context: AccessContext)
        async throws(ExchangeError) -> MergedPatients
    {
        try IdentityAuthority.demandFeeder(context)
        guard subsumed != survivor else {
            throw ExchangeError(.badRequest, "a patient cannot take its own place", at: "Patient.link.other")
        }
        let held = [subsumed, survivor].map { "patient " + $0.system + "|" + $0.value }.sorted()
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "one of these patients is being registered right now; try again")
        }
        defer { submissions.end(held) }
        for _ in 0..<settings.limits.decisionsMax {
            let carriers = try await read { try await projection.patients(identifier: subsumed) }
            guard let loser = carriers.first(where: \.isActive) ?? carriers.first else { throw Self.noSuchIdentifier }
            guard let winner = try await carrier(of: survivor) else {
                throw ExchangeError(
                    .notFound, "the patient that is to take the place was never registered here; register it, then merge",
                    at: "Patient.link.other")
            }
            if let before = loser.survivor {
                guard before == winner.id else {
                    throw ExchangeError(
                        .conflict, "it was merged into another patient before; take that back first: hie patient undo",
                        at: "Patient.link.other")
                }
                return MergedPatients(record: loser, position: nil)
            }
            guard let inUse = try await self.survivor(of: winner) else {
                throw ExchangeError(
                    .conflict, "the patient that is to take the place is withdrawn", at: "Patient.link.other")
            }
            guard winner.id != loser.id, inUse.id != loser.id else {
                throw ExchangeError(.conflict, "the two would take each other's place in a circle", at: "Patient.link.other")
            }
            let composed = try await composeMerge(of: loser.id, into: winner.id, context)
            do throws(ExchangeError) {
                let position = try await desk.record(composed)
                guard !composed.act.retires.isEmpty else { throw IdentityDesk.saidDifferent }
                var record = loser
                record.isActive = false
                record.survivor = winner.id
                return MergedPatients(record: record, position: position)
            } catch where error.code == .conflict && !composed.act.retires.isEmpty {
                continue
            }
        }
        throw ExchangeError(.unavailable, "who is who keeps changing; try again")
    }

    private func composeMerge(of loser: PatientID, into winner: PatientID, _ context: AccessContext)
        async throws(ExchangeError) -> ComposedAct
    {
        let actor = "\(context.user) (feed)"
        let reason = "merged by the source"
        let moment = journal.size
        return try await desk.composing { snapshot in
            let (one, other) = try (IdentityDesk.person(winner, snapshot), IdentityDesk.person(loser, snapshot))
            if try one.number != other.number && snapshot.areAsserted(different: one.number, other.number) {
                // A steward's word stands until a steward takes it back: the feed's is kept for one to see.
                let candidate = ReviewCandidate(person: one.id, millibits: 0, rule: .assertedDifferent)
                if try snapshot.review(of: loser)?.candidates.contains(candidate) ?? false {
                    throw IdentityDesk.saidDifferent
                }
                var act = IdentityAct(
                    .feedMerge, actor: actor, reason: "not merged: a steward said that they are different; the source's word waits for review")
                act.reopens = [OpenReview(record: loser, position: moment, candidates: [candidate])]
                return act
            }
            var act =
                one.number == other.number
                ? IdentityAct(.feedMerge, actor: actor, reason: reason)
                : try IdentityDesk.joining(one, other, .feedMerge, actor, reason, snapshot)
            act.retires = [Retirement(record: loser, survivor: winner)]
            return act
        }
    }

    /// The record that carries an identifier: one in use, else one that others took the place of, else any.
    private func carrier(of identifier: PatientIdentifier) async throws(ExchangeError) -> PatientRecord? {
        let carriers = try await read { try await projection.patients(identifier: identifier) }
        return carriers.first(where: \.isActive) ?? carriers.first { $0.survivor != nil } ?? carriers.first
    }

    /// The record that is in use instead of one, however often it was merged; itself while it is in use, nil when none is.
    package func survivor(of record: PatientRecord) async throws(ExchangeError) -> PatientRecord? {
        var record = record
        for _ in 0..<PatientFacts.recordsMax {
            guard !record.isActive else { return record }
            guard let next = record.survivor, let found = try await read({ try await projection.patient(next) }) else {
                return nil
            }
            record = found
        }
        return nil
    }

    /// The records in use that an identifier means: those that carry it, or that took the place of one that does.
    package func activePatients(identifier: PatientIdentifier) async throws(ExchangeError) -> [PatientRecord] {
        var records: [PatientRecord] = []
        for carrier in try await read({ try await projection.patients(identifier: identifier) }) {
            guard let record = try await survivor(of: carrier), !records.contains(where: { $0.id == record.id }) else {
                continue
            }
            records.append(record)
        }
        return records
    }
}
