import ExchangeCore
import Journal
import PatientIndex

extension Exchange {
    /// A feed's link (HL7 v2 A24): the records of two identifiers stay in use, and are one person's from now on.
    ///
    /// Reversible (`hie patient undo`), safe to repeat. Refused, with nothing changed: `.badRequest` of one identifier with
    /// itself; `.notFound` when either was never registered; `.conflict` when a steward said that the two are different persons.
    package func linkPatients(_ one: PatientIdentifier, _ other: PatientIdentifier, for context: AccessContext)
        async throws(ExchangeError)
    {
        let (first, second) = try await linked(one, other, context)
        try await deciding { () throws(ExchangeError) in
            try await desk.composing { snapshot in
                let (winner, loser) = try (IdentityDesk.person(first, snapshot), IdentityDesk.person(second, snapshot))
                guard winner.number != loser.number else { return Self.nothing(.feedLink, context) }
                return try IdentityDesk.joining(
                    winner, loser, .feedLink, Self.actor(context), "linked by the source", snapshot)
            }
        }
    }

    /// A feed's word that two records are different persons' (HL7 v2 A37): they are taken apart, and stay so.
    ///
    /// Refused as `linkPatients`; `.conflict` when a steward said that they are one person's.
    package func unlinkPatients(_ one: PatientIdentifier, _ other: PatientIdentifier, for context: AccessContext)
        async throws(ExchangeError)
    {
        let (first, second) = try await linked(one, other, context)
        var random = world.random
        let fresh = PersonID.random(using: &random)
        try await deciding { () throws(ExchangeError) in
            try await desk.composing { snapshot in
                guard try !snapshot.areApart(first, second) else { return Self.nothing(.feedUnlink, context) }
                let (person, another) = try (IdentityDesk.person(second, snapshot), IdentityDesk.person(first, snapshot))
                var act = Self.nothing(.feedUnlink, context)
                act.apart = [IdentityAct.Pair(first, second)]
                guard person.number == another.number else { return act }
                guard try !Self.isStewards(second, person.id, snapshot) && !Self.isStewards(first, person.id, snapshot) else {
                    throw ExchangeError(
                        .conflict, "a steward said that these are one person's records; ask one to take that back: hie patient unlink")
                }
                let rest = try snapshot.members(of: person.number).filter { $0 != second }
                act.apart = try IdentityDesk.pairs([second], rest).filter { try !snapshot.areApart($0.one, $0.other) }
                act.moves = [RecordMove(record: second, from: person.id, to: fresh)]
                act.closes = [second]
                return act
            }
        }
    }

    /// The records in use that two identifiers mean.
    private func linked(_ one: PatientIdentifier, _ other: PatientIdentifier, _ context: AccessContext)
        async throws(ExchangeError) -> (PatientID, PatientID)
    {
        try IdentityAuthority.demandFeeder(context)
        var records: [PatientID] = []
        for (number, identifier) in [one, other].enumerated() {
            let found = try await activePatients(identifier: identifier)
            guard let record = found.first, found.count == 1 else {
                throw found.isEmpty
                    ? ExchangeError(
                        .notFound, "a patient to be linked is not registered here; register both, then link them",
                        at: "PID[\(number + 1)]")
                    : ExchangeError(.conflict, "several patients carry this identifier", at: "PID[\(number + 1)]")
            }
            records.append(record.id)
        }
        guard records[0] != records[1] else {
            throw ExchangeError(.badRequest, "the two identifiers are those of one record", at: "PID[2]")
        }
        return (records[0], records[1])
    }

    /// Composes an act and records it, anew while who is who moves; nothing where it says nothing new.
    private func deciding(_ compose: () async throws(ExchangeError) -> ComposedAct) async throws(ExchangeError) {
        for attempt in 1...settings.limits.decisionsMax {
            let composed = try await compose()
            guard !composed.act.records.isEmpty else { return }
            do throws(ExchangeError) {
                _ = try await desk.record(composed)
                return
            } catch where error.code == .conflict && attempt < settings.limits.decisionsMax {
                continue
            }
        }
    }

    /// Whether the last that was said of a record's person was said by a steward.
    private static func isStewards(_ record: PatientID, _ person: PersonID, _ snapshot: any PersonSnapshot) throws -> Bool {
        for position in try snapshot.acts(about: record) {
            guard let act = try snapshot.act(at: position), act.moves.contains(where: { $0.to == person }) else { continue }
            return act.kind == .link || act.kind == .merge
        }
        return false
    }

    private static func nothing(_ kind: IdentityAct.Kind, _ context: AccessContext) -> IdentityAct {
        IdentityAct(
            kind, actor: actor(context), reason: kind == .feedLink ? "linked by the source" : "taken apart by the source")
    }

    private static func actor(_ context: AccessContext) -> String { "\(context.user) (feed)" }
}
