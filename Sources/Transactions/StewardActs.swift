import ConsentEngine
import DocumentExchange
import ExchangeCore
import JSON
import Journal
import PatientIndex
import XDSMetadata

/// What an act would change, before anybody decides on it.
package struct ActPreview: Sendable {
    /// The act as it would be recorded.
    package let act: IdentityAct
    /// Records that change their person.
    package let records: Int
    /// Documents that stand under them.
    package let documents: Int
    /// Consent directives that stand under them.
    package let directives: Int
}

extension IdentityDesk {
    /// Open reviews, the most urgent first.
    package func reviews(limit: Int) async throws(ExchangeError) -> [OpenReview] {
        let most = min(max(limit, 1), 1000)
        return try await read { try await projection.persons { try $0.reviews(limit: most) } }
    }

    /// A record's open review, with each candidate's records.
    package func review(of record: PatientID) async throws(ExchangeError) -> (review: OpenReview, records: [[PatientID]]) {
        let found = try await read {
            try await projection.persons { snapshot -> (OpenReview, [[PatientID]])? in
                guard let review = try snapshot.review(of: record) else { return nil }
                return (
                    review,
                    try review.candidates.map { try snapshot.number(of: $0.person).map(snapshot.members) ?? [] }
                )
            }
        }
        guard let found else {
            throw ExchangeError(.notFound, "this record has no open review; see hie patient review list")
        }
        return found
    }

    /// These two records are one person's: the first one's person takes the other's records.
    package func linking(_ one: PatientID, _ other: PatientID, kind: IdentityAct.Kind = .link, actor: String, reason: String)
        async throws(ExchangeError) -> IdentityAct
    {
        try await composing { snapshot in
            let (winner, loser) = try (Self.person(one, snapshot), Self.person(other, snapshot))
            guard winner.number != loser.number else {
                throw ExchangeError(.conflict, "the two records are one person's already")
            }
            let (left, right) = try (snapshot.members(of: winner.number), snapshot.members(of: loser.number))
            if kind == .feedMerge, try snapshot.areAsserted(different: winner.number, loser.number) {
                throw ExchangeError(.conflict, "a steward said that these are different persons; it stays for review")
            }
            // The steward's word now outweighs what was said before about any pair of them.
            let rejoined = left.flatMap { a in right.map { IdentityAct.Pair(a, $0) } }
            let isApart = try snapshot.areAsserted(different: winner.number, loser.number)
            return IdentityAct(
                kind, moves: right.map { RecordMove(record: $0, from: loser.id, to: winner.id) },
                rejoined: isApart ? rejoined : [], closes: left + right, actor: actor, reason: reason)
        }
    }

    /// This record is not that person's: it gets a person of its own, and stays apart from the others.
    package func unlinking(_ record: PatientID, actor: String, reason: String) async throws(ExchangeError) -> IdentityAct {
        var random = world.random
        let fresh = PersonID.random(using: &random)
        return try await composing { snapshot in
            let person = try Self.person(record, snapshot)
            let rest = try snapshot.members(of: person.number).filter { $0 != record }
            guard !rest.isEmpty else { throw ExchangeError(.conflict, "the record is linked with no other") }
            return IdentityAct(
                .unlink, moves: [RecordMove(record: record, from: person.id, to: fresh)],
                apart: rest.map { IdentityAct.Pair(record, $0) }, closes: [record], actor: actor, reason: reason)
        }
    }

    /// A review is closed: none of the candidates, or not now.
    package func closing(_ record: PatientID, rejecting: Bool, actor: String, reason: String) async throws(ExchangeError)
        -> IdentityAct
    {
        let (_, candidates) = try await review(of: record)
        return try await composing { snapshot in
            var apart: [IdentityAct.Pair] = []
            if rejecting, let own = try snapshot.person(of: record) {
                let mine = try snapshot.members(of: own)
                let others = Set(candidates.joined()).subtracting(mine).sorted()
                apart = mine.flatMap { one in others.map { IdentityAct.Pair(one, $0) } }
            }
            return IdentityAct(rejecting ? .reject : .skip, apart: apart, closes: [record], actor: actor, reason: reason)
        }
    }

    /// What an act did is taken back; `.conflict` when a record has moved on since.
    package func undoing(_ position: JournalPosition, actor: String, reason: String) async throws(ExchangeError)
        -> IdentityAct
    {
        try await composing { snapshot in
            guard let act = try snapshot.act(at: position) else {
                throw ExchangeError(.notFound, "no act stands at this position of the journal")
            }
            for move in act.moves {
                let now = try snapshot.person(of: move.record).map { try snapshot.id(of: $0) }
                guard now == move.to else {
                    throw ExchangeError(.conflict, "a record of this act has moved on since; undo what came after first")
                }
            }
            return act.undone(at: position, actor: actor, reason: reason)
        }
    }

    /// What an act would change.
    package func preview(_ act: IdentityAct) async throws(ExchangeError) -> ActPreview {
        var (documents, directives) = (0, 0)
        for move in act.moves {
            let facts = try await read { try await projection.facts(about: move.record, matching: DocumentQuery()) }
            documents += facts.documents.count
            directives += facts.directives.count
        }
        return ActPreview(act: act, records: act.moves.count, documents: documents, directives: directives)
    }

    /// Records an act; when it returns, it is durable and in force.
    package func record(_ act: IdentityAct) async throws(ExchangeError) -> JournalPosition {
        guard let subject = act.moves.first?.record ?? act.apart.first?.one ?? act.closes.first else {
            throw ExchangeError(.badRequest, "an act has to be about a record")
        }
        guard act.moves.count + act.apart.count + act.rejoined.count <= 10_000 else {
            throw ExchangeError(.tooLarge, "an act is about too many records at once")
        }
        let entry = IdentityEntry.act(act)
        let receipt = try await journal.append(
            EntryDraft(kind: .identity, subject: subject, payload: entry.payload, value: entry))
        for record in Set(act.moves.map(\.record) + act.apart.flatMap { [$0.one, $0.other] }) { moved(record) }
        return receipt.position
    }

    /// Records that a table of questions was asked by an administrator; durable before the answers leave.
    package func note(questions: Int, actor: String) async throws(ExchangeError) {
        let payload: JSONValue = [
            "act": "patient-look-up", "user": .string(actor), "questions": .number(String(questions)),
        ]
        _ = try await journal.append(
            EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
    }

    private func composing(_ compose: @Sendable @escaping (any PersonSnapshot) throws -> IdentityAct)
        async throws(ExchangeError) -> IdentityAct
    {
        try await read { try await projection.persons(compose) }
    }

    private static func person(_ record: PatientID, _ snapshot: any PersonSnapshot) throws -> (
        number: PersonNumber, id: PersonID
    ) {
        guard let number = try snapshot.person(of: record) else {
            throw ExchangeError(.unknownPatient, "no such patient is registered here; see hie patient find")
        }
        return (number, try snapshot.id(of: number))
    }
}
