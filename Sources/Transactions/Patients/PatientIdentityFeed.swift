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
    /// Whether the record is in use.
    package var isActive: Bool

    /// A registration from its parts.
    package init(
        id: PatientID? = nil, identifiers: [PatientIdentifier], demographics: Demographics, isActive: Bool = true,
    ) {
        self.isActive = isActive
        self.id = id
        self.identifiers = identifiers
        self.demographics = demographics
    }
}

/// What came of a registration.
package struct RegisteredPatient: Sendable {
    /// What was done.
    package enum Outcome: Sendable, Hashable {
        case created, updated, unchanged
        /// Nothing: the record has this version, and another one was to be changed.
        case stale(Int)
    }

    /// The record as it is now.
    package let record: PatientRecord
    /// What was done.
    package let outcome: Outcome
    /// Why the stay that was told of with it was left out; nil when nothing was.
    package let omission: ExchangeError?
}

extension Exchange {
    /// ITI-8 and ITI-104: registers a patient under the facility's own identifier, or updates the registration.
    ///
    /// The first identifier decides: known, its record is updated; unknown, a record is made. Safe to repeat: a
    /// registration that changes nothing writes nothing. `.conflict` when another of its identifiers is another patient's,
    /// and when the record was merged into another one: what is said of it then has to be said of that one.
    package func registerPatient(_ registration: PatientRegistration, for context: AccessContext)
        async throws(ExchangeError) -> PatientRecord
    {
        try await feedPatient(registration, for: context).record
    }

    /// The same, with what was done.
    ///
    /// - Parameters:
    ///   - message: what is recorded with it in one append, also when the registration changes nothing.
    ///   - version: the version that is to be changed, 0 for a record that is not there yet; nil for whichever there is.
    package func feedPatient(
        _ registration: PatientRegistration, with message: FedMessage = FedMessage(), from version: Int? = nil,
        for context: AccessContext,
    ) async throws(ExchangeError) -> RegisteredPatient {
        try IdentityAuthority.demandFeeder(context)
        guard let key = registration.identifiers.first else {
            throw ExchangeError(
                .badRequest, "a registration needs an identifier: the facility's medical record number",
                at: "Patient.identifier")
        }
        guard !registration.demographics.names.isEmpty else {
            throw ExchangeError(.badRequest, "a registration needs a name", at: "Patient.name")
        }
        try RegistrationRules.check(registration.identifiers, registration.demographics, now: world.now())
        // Two registrations of one identifier at the same time would make two records.
        let held = Self.own(registration.identifiers).map { "patient " + $0.system + "|" + $0.value }
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "the same patient is being registered right now; try again")
        }
        defer { submissions.end(held) }
        let carriers = try await read { try await projection.patients(identifier: key) }
        let existing = carriers.first(where: \.isActive) ?? carriers.first { $0.survivor == nil }
        guard existing != nil || carriers.isEmpty else {
            throw ExchangeError(
                .conflict, "the record of this identifier was merged into another; send what is new under that one's",
                at: "Patient.identifier")
        }
        try await demandFree(registration, existing)
        var random = world.random
        let record = PatientRecord(
            id: existing?.id ?? registration.id ?? .random(using: &random), identifiers: registration.identifiers,
            demographics: registration.demographics, isActive: registration.isActive)
        if let version {
            let current = try await self.version(of: existing)
            guard version == current else {
                return RegisteredPatient(record: existing ?? record, outcome: .stale(current), omission: nil)
            }
        }
        let stay = message.stay.map { ["encounter \(record.id) \($0.number)"] } ?? []
        guard submissions.begin(stay) else {
            throw ExchangeError(.conflict, "the same stay is being recorded right now; try again")
        }
        defer { submissions.end(stay) }
        let (beside, omission) = try await drafts(message, of: record.id)
        if record != existing {
            _ = try await file(record, known: existing, beside: beside)
        } else if !beside.isEmpty {
            _ = try await journal.append(beside)
        }
        return RegisteredPatient(
            record: record, outcome: record == existing ? .unchanged : existing == nil ? .created : .updated, omission: omission)
    }

    /// The version of a record; 0 for one that is not there.
    private func version(of record: PatientRecord?) async throws(ExchangeError) -> Int {
        guard let record else { return 0 }
        return try await read { try await projection.patientVersions(of: record.id).first?.number ?? 1 }
    }

    /// What a message has recorded beside its registration, and why its stay is left out.
    private func drafts(_ message: FedMessage, of patient: PatientID) async throws(ExchangeError) -> ([EntryDraft], ExchangeError?) {
        let taken = message.taken.map { [$0.draft] } ?? []
        guard let stay = message.stay else { return (taken, nil) }
        do throws(ExchangeError) {
            return (try await draft(stay, of: patient).map { [$0] + taken } ?? taken, nil)
        } catch where error.code == .tooLarge {
            return (taken, error)
        }
    }

    /// ITI-104 DELETE: the record of an identifier is in use no more. Nothing is erased: documents and consent stay with the
    /// person, and another registration brings the record back. Safe to repeat; `.notFound` for one never registered.
    package func withdrawPatient(_ identifier: PatientIdentifier, for context: AccessContext) async throws(ExchangeError) {
        try IdentityAuthority.demandFeeder(context)
        let carriers = try await read { try await projection.patients(identifier: identifier) }
        guard !carriers.isEmpty else { throw Self.noSuchIdentifier }
        guard var record = carriers.first(where: \.isActive) else { return }
        let known = record
        record.isActive = false
        _ = try await file(record, known: known)
    }

    static let noSuchIdentifier = ExchangeError(
        .notFound, "no patient of that identifier was registered here", at: "Patient.identifier")

    /// The identifiers that one record alone can have: the first, and those that a facility gives. What goes with the person
    /// (a social security number, a family's insurance) stands on several records, and is for matching to weigh.
    static func own(_ identifiers: [PatientIdentifier]) -> [PatientIdentifier] {
        Array(identifiers.prefix(1)) + identifiers.dropFirst().filter { !IdentifierSystems.isPersonal($0.system) }
    }

    /// No other number that a facility gave, and not the id the record is to have, may be another patient's.
    private func demandFree(_ registration: PatientRegistration, _ existing: PatientRecord?) async throws(ExchangeError) {
        for other in Self.own(registration.identifiers).dropFirst() {
            let owners = try await read { try await projection.patients(identifier: other) }
            guard owners.allSatisfy({ $0.id == existing?.id }) else {
                throw ExchangeError(
                    .conflict, "an identifier of this registration belongs to another patient", at: "Patient.identifier")
            }
        }
        guard let wanted = registration.id, wanted != existing?.id else { return }
        let taken = try await read { try await projection.patient(wanted) }
        guard existing == nil, taken == nil else {
            throw ExchangeError(.conflict, "the id of this registration belongs to another patient")
        }
    }

    /// Decides whose a record is, when its turn comes, and journals both.
    private func file(_ record: PatientRecord, known: PatientRecord?, beside: [EntryDraft] = []) async throws(ExchangeError)
        -> IdentityDecision
    {
        let packed = PackedRecord(record.demographics, identifiers: record.identifiers)
        let keys = packed.read { BlockingKey.keys(of: $0, reach: .near, secret: LinkingTurns.secret) }
        await turns.begin(keys)
        defer { turns.end(keys) }
        return try await decide(record, packed, known: known, beside: beside)
    }

    /// Decides whose a record is and journals both, as long as the persons it was decided on are what they were; the caller
    /// holds the turn.
    ///
    /// - Parameter beside: what is recorded with it, in one append.
    func decide(
        _ record: PatientRecord, _ packed: PackedRecord, known: PatientRecord?, beside: [EntryDraft] = [],
    ) async throws(ExchangeError) -> IdentityDecision {
        var random = world.random
        let fresh = PersonID.random(using: &random)
        let linking = RegistrationLinking(record: record, known: known, packed: packed, fresh: fresh, policy: settings.matching)
        for _ in 0..<settings.limits.decisionsMax {
            let filing = try await read { try await projection.personsNow { try linking.decide($0, at: $1) } }
            let filed = FiledRegistration(record, packed, filing.decision)
            let watched = filing.persons.map { Watched.person($0.bytes) }
            do throws(ExchangeError) {
                let draft = EntryDraft(
                    kind: .identity, subject: record.id, payload: filed.entry.payload,
                    consentUnchangedSince: filing.position, watching: watched, changing: watched, value: filed)
                _ = try await journal.append([draft] + beside)
            } catch where error.code == .conflict {
                continue
            }
            // Persons that are one now: who they were apart must not be told any more.
            if !filing.decision.merged.isEmpty { await settle(filing.records) }
            return filing.decision
        }
        throw ExchangeError(.unavailable, "who is who keeps changing; try again")
    }
}
