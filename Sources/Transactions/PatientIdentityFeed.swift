import ExchangeCore
import FHIRModel
import JSON
import Journal
import PatientIndex

extension IdentityDecision {
    /// The decision in lasting names.
    package init(
        _ link: LinkDecision, fresh: PersonID, model: MatchModel, policy: MatchPolicy,
        name: (PersonNumber) throws -> PersonID,
    ) rethrows {
        self.init(
            person: try link.person.map(name) ?? fresh, kind: link.person == nil ? .new : .automatic,
            millibits: link.millibits, rule: link.rule, model: model.id, profile: policy.name,
            merged: try link.merged.map(name),
            review: try link.review.map {
                ReviewCandidate(person: try name($0.person), millibits: $0.millibits, rule: $0.verdict.rule)
            })
    }
}

extension LinkingTurns {
    /// Turns live and end in one process: they need no secret.
    static let secret = IndexSecret([])
}

/// A registration as a facility's registration desk states it.
package struct PatientRegistration: Sendable {
    /// The id the record is to have, where another system has given one already; nil lets the node choose.
    package var id: PatientID?
    /// Identifiers, the facility's own medical record number first; at least one.
    package var identifiers: [PatientIdentifier]
    /// Demographics as registered.
    package var demographics: Demographics

    /// A registration from its parts.
    package init(id: PatientID? = nil, identifiers: [PatientIdentifier], demographics: Demographics) {
        self.id = id
        self.identifiers = identifiers
        self.demographics = demographics
    }
}

extension Exchange {
    /// ITI-8 and ITI-104: registers a patient under the facility's own identifier, or updates the registration.
    ///
    /// The first identifier decides: known, its record is updated; unknown, a record is made. Safe to repeat: a
    /// registration that changes nothing writes nothing. `.conflict` when another of its identifiers is another patient's.
    package func registerPatient(_ registration: PatientRegistration, for context: AccessContext)
        async throws(ExchangeError) -> PatientRecord
    {
        guard context.door != .peer else {
            throw ExchangeError(.forbidden, "patients are registered by their own facility")
        }
        guard let key = registration.identifiers.first else {
            throw ExchangeError(.badRequest, "a registration needs an identifier: the facility's medical record number")
        }
        guard !registration.demographics.names.isEmpty else {
            throw ExchangeError(.badRequest, "a registration needs a name", at: "Patient.name")
        }
        // Two registrations of one identifier at the same time would make two records.
        let held = registration.identifiers.map { "patient " + $0.system + "|" + $0.value }
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "the same patient is being registered right now; try again")
        }
        defer { submissions.end(held) }
        let existing = try await read { try await projection.patients(identifier: key) }.first(where: \.isActive)
        for other in registration.identifiers.dropFirst() {
            let owners = try await read { try await projection.patients(identifier: other) }
            guard owners.allSatisfy({ $0.id == existing?.id }) else {
                throw ExchangeError(.conflict, "an identifier of this registration belongs to another patient")
            }
        }
        if let wanted = registration.id, wanted != existing?.id {
            let taken = try await read { try await projection.patient(wanted) }
            guard existing == nil, taken == nil else {
                throw ExchangeError(.conflict, "the id of this registration belongs to another patient")
            }
        }
        var random = world.random
        let record = PatientRecord(
            id: existing?.id ?? registration.id ?? .random(using: &random), identifiers: registration.identifiers,
            demographics: registration.demographics)
        if record == existing { return record }
        try await file(record, isKnown: existing != nil)
        return record
    }

    /// Decides whose a record is and journals both; a record that is known keeps its person, whatever it says now.
    private func file(_ record: PatientRecord, isKnown: Bool) async throws(ExchangeError) {
        let packed = PackedRecord(record.demographics, identifiers: record.identifiers)
        let keys = packed.read { BlockingKey.keys(of: $0, reach: .near, secret: LinkingTurns.secret) }
        await turns.begin(keys)
        defer { turns.end(keys) }
        var random = world.random
        let fresh = PersonID.random(using: &random)
        let policy = settings.matching
        let decision = try await read {
            try await projection.persons { snapshot in
                if isKnown, let person = try snapshot.person(of: record.id) {
                    return IdentityDecision(person: try snapshot.id(of: person), kind: .automatic)
                }
                var effort = PersonSearch<SnapshotIndex>.Effort()
                let linking = RecordLinking(SnapshotIndex(snapshot), policy: policy)
                let link = try packed.read { try linking.decide($0, effort: &effort) }
                return try IdentityDecision(link, fresh: fresh, model: snapshot.model, policy: policy) { try snapshot.id(of: $0) }
            }
        }
        let entry = IdentityEntry.registration(record, decision)
        _ = try await journal.append(
            EntryDraft(kind: .identity, subject: record.id, payload: entry.payload, value: entry))
    }
}
