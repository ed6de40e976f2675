import ExchangeCore
import Journal
import PatientIndex

/// An act as it was composed from a snapshot: it is recorded only while that snapshot still holds of those it is about.
package struct ComposedAct: Sendable {
    /// What is to be recorded.
    package var act: IdentityAct
    /// How many entries the snapshot contained.
    let position: JournalPosition
    /// Every person it is about.
    let persons: [PersonID]
    /// Every record of those persons.
    let records: [PatientID]
}

extension IdentityDesk {
    /// Records an act; when it returns, it is durable and in force, and no answer that rests on what was before can send a
    /// byte any more.
    ///
    /// `.conflict` when what it was composed from has changed meanwhile; nothing was recorded then.
    package func record(_ composed: ComposedAct) async throws(ExchangeError) -> JournalPosition {
        let act = composed.act
        guard let subject = act.records.first else {
            throw ExchangeError(.badRequest, "an act has to be about a record")
        }
        guard act.moves.count + act.apart.count + act.rejoined.count <= 10_000 else {
            throw ExchangeError(.tooLarge, "an act is about too many records at once")
        }
        let entry = IdentityEntry.act(act)
        let watched = composed.persons.map { Watched.person($0.bytes) }
        let receipt: EntryReceipt
        do throws(ExchangeError) {
            receipt = try await journal.append(
                EntryDraft(
                    kind: .identity, subject: subject, payload: entry.payload, consentUnchangedSince: composed.position,
                    watching: watched, changing: watched, value: entry))
        } catch where error.code == .conflict {
            throw ExchangeError(.conflict, "somebody changed one of these persons meanwhile; look again and repeat")
        }
        await moved(composed.records)
        return receipt.position
    }

    /// Composes an act on one snapshot, with the reviews it closes and everybody it is about.
    func composing(_ compose: @Sendable @escaping (any PersonSnapshot) throws -> IdentityAct)
        async throws(ExchangeError) -> ComposedAct
    {
        try await read {
            try await projection.personsNow { snapshot, position -> ComposedAct in
                var act = try compose(snapshot)
                if act.kind != .undo { act.closed = try act.closes.compactMap { try snapshot.review(of: $0) } }
                var persons: [PersonID] = []
                var records: [PatientID] = []
                let named = act.moves.flatMap { [$0.from, $0.to] }
                let found = try act.records.compactMap { try snapshot.person(of: $0) }.map { try snapshot.id(of: $0) }
                for person in named + found where !persons.contains(person) {
                    persons.append(person)
                    if let number = try snapshot.number(of: person) { records += try snapshot.members(of: number) }
                }
                return ComposedAct(act: act, position: position, persons: persons, records: Array(Set(records)).sorted())
            }
        }
    }

    static func pairs(_ left: [PatientID], _ right: [PatientID]) -> [IdentityAct.Pair] {
        left.flatMap { one in right.map { IdentityAct.Pair(one, $0) } }
    }

    static func person(_ record: PatientID, _ snapshot: any PersonSnapshot) throws -> (
        number: PersonNumber, id: PersonID
    ) {
        guard let number = try snapshot.person(of: record) else {
            throw ExchangeError(.unknownPatient, "no such patient is registered here; see hie patient find")
        }
        return (number, try snapshot.id(of: number))
    }
}
