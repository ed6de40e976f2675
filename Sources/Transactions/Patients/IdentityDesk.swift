import ExchangeCore
import Journal
import PatientIndex

/// Who is who at one node: looking up, explaining, and what stewards do; over the tables, into the journal.
///
/// The same value serves a running node and a folder at rest, so both decide alike.
package struct IdentityDesk: Sendable {
    let projection: any ExchangeProjection
    let journal: JournalWriter
    let world: World
    /// How registrations are linked.
    package let policy: MatchPolicy
    /// Told of the records of every person that an act was about, before it is acknowledged.
    let moved: @Sendable ([PatientID]) async -> Void
    /// How many other communities know one of some records, as far as is remembered.
    let correlations: @Sendable ([PatientID]) -> Int

    /// A desk over its ports.
    ///
    /// - Parameters:
    ///   - moved: told of the records of every person that a recorded act was about; the act is acknowledged after it.
    ///   - correlations: how many other communities know one of some records.
    package init(
        projection: any ExchangeProjection, journal: JournalWriter, world: World, policy: MatchPolicy,
        moved: @escaping @Sendable ([PatientID]) async -> Void = { _ in },
        correlations: @escaping @Sendable ([PatientID]) -> Int = { _ in 0 },
    ) {
        self.moved = moved
        self.correlations = correlations
        self.projection = projection
        self.journal = journal
        self.world = world
        self.policy = policy
    }

    func read<Value: Sendable>(_ question: () async throws -> Value) async throws(ExchangeError) -> Value {
        do {
            return try await question()
        } catch let error as ExchangeError {
            throw error
        } catch {
            throw ExchangeError(.unavailable, "the node cannot read its tables; see its log")
        }
    }

    /// Persons a question may be about, without their records' contents; by the strict policy unless told otherwise.
    package func lookUp(_ query: PackedRecord, policy: MatchPolicy = .strict) async throws(ExchangeError) -> FoundPersons {
        try await read {
            try await projection.persons { snapshot in
                let lookup = PersonLookup(SnapshotIndex(snapshot), policy: policy)
                let answer = try query.read { try lookup.lookUp($0) }
                return FoundPersons(
                    persons: try answer.persons.map { ranked in
                        FoundPersons.Person(
                            id: try snapshot.id(of: ranked.candidate.person), grade: ranked.grade,
                            explanation: lookup.explain(ranked.candidate), rule: ranked.candidate.verdict.rule,
                            records: try snapshot.members(of: ranked.candidate.person))
                    }, isAmbiguous: answer.isAmbiguous, model: snapshot.model.id)
            }
        }
    }

    /// One record against another, field by field; the bits sum to the score exactly.
    package func explain(_ one: PatientID, _ other: PatientID) async throws(ExchangeError) -> MatchExplanation {
        let policy = policy
        return try await read {
            try await projection.persons { snapshot in
                guard let left = try snapshot.packed(one), let right = try snapshot.packed(other) else {
                    throw ExchangeError(.unknownPatient, "no such patient is registered here; see hie patient find")
                }
                let model = snapshot.model
                let (score, verdict) = PatientMatcher(
                    policy: policy, model: model, names: snapshot.names, placeholders: snapshot.placeholders
                ).compare(left, right)
                let isOne = try snapshot.person(of: one) == snapshot.person(of: other)
                return MatchExplanation(
                    score: score, verdict: verdict, grade: policy.grade(score.millibits, verdict),
                    model: model.id, profile: policy.name, areLinked: isOne, areDifferent: try snapshot.areApart(one, other))
            }
        }
    }

    /// The first of a person's records; nil when the person has none.
    package func member(of person: PersonID) async throws(ExchangeError) -> PatientID? {
        try await read {
            try await projection.persons { snapshot in
                try snapshot.number(of: person).flatMap { try snapshot.members(of: $0).first }
            }
        }
    }

    /// What a record is called outside: the row it was imported from, else its record number, else its id.
    package func name(of record: PatientID) async throws(ExchangeError) -> String {
        guard let found = try await read({ try await projection.patient(record) }) else { return record.description }
        if let row = found.identifiers.first(where: { $0.system == RegistrationTable.rowSystem }) { return row.value }
        return found.identifiers.first.map { $0.system + "|" + $0.value } ?? record.description
    }

    /// What a record is called in a table: the row it was imported from, of whatever table, else its id.
    package func rowName(of record: PatientID) async throws(ExchangeError) -> String {
        let found = try await read { try await projection.patient(record) }
        return found?.identifiers.first { $0.system == RegistrationTable.rowSystem }?.value ?? record.description
    }

    /// The record a text names: its id, `system|value`, or the row of the file it was imported from.
    package func record(named text: String) async throws(ExchangeError) -> PatientID {
        if let id = PatientID(text) { return id }
        let parts = text.split(separator: "|", maxSplits: 1).map(String.init)
        let identifier =
            parts.count == 2
            ? PatientIdentifier(system: parts[0], value: parts[1])
            : PatientIdentifier(system: RegistrationTable.rowSystem, value: text)
        guard let identifier else {
            throw ExchangeError(.badRequest, "a record is named by its id, by 'system|value' or by its row's id")
        }
        let found = try await read { try await projection.patients(identifier: identifier) }.filter(\.isActive)
        guard let first = found.first, found.count == 1 else {
            throw ExchangeError(
                found.isEmpty ? .unknownPatient : .conflict,
                found.isEmpty ? "no record of that name is registered here" : "several records carry this identifier")
        }
        return first.id
    }
}

/// Two records compared, for a person to read.
package struct MatchExplanation: Sendable {
    /// Field by field.
    package let score: MatchScore
    /// What the policy says of the evidence.
    package let verdict: PolicyVerdict
    /// What may be done with it.
    package let grade: MatchGrade
    /// The model that scored.
    package let model: String
    /// The profile that judged.
    package let profile: String
    /// Whether they are one person's in the index.
    package let areLinked: Bool
    /// Whether somebody said that they are different persons'.
    package let areDifferent: Bool
}
