import ExchangeCore
import JSON
import Journal
import PatientIndex

extension IdentityDesk {
    /// Open reviews, the most urgent first.
    package func reviews(limit: Int) async throws(ExchangeError) -> [OpenReview] {
        let most = min(max(limit, 1), 1000)
        return try await read { try await projection.persons { try $0.reviews(limit: most) } }
    }

    /// How many reviews are open.
    package func openReviews() async throws(ExchangeError) -> Int {
        try await read { try await projection.persons { try $0.openReviews() } }
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
    ///
    /// A feed's word never overrides a steward's: `.conflict` where one said that they are different.
    package func linking(_ one: PatientID, _ other: PatientID, kind: IdentityAct.Kind = .link, actor: String, reason: String)
        async throws(ExchangeError) -> ComposedAct
    {
        try await composing { snapshot in
            let (winner, loser) = try (Self.person(one, snapshot), Self.person(other, snapshot))
            guard winner.number != loser.number else {
                // A record in doubt is confirmed where it is.
                guard let review = try snapshot.review(of: other), review.candidates.contains(where: { $0.person == winner.id })
                else { throw ExchangeError(.conflict, "the two records are one person's already") }
                return IdentityAct(
                    kind, moves: [RecordMove(record: other, from: winner.id, to: winner.id)], closes: [other], actor: actor,
                    reason: reason)
            }
            return try Self.joining(winner, loser, kind, actor, reason, snapshot)
        }
    }

    static func joining(
        _ winner: (number: PersonNumber, id: PersonID), _ loser: (number: PersonNumber, id: PersonID),
        _ kind: IdentityAct.Kind, _ actor: String, _ reason: String, _ snapshot: any PersonSnapshot,
    ) throws -> IdentityAct {
        let (left, right) = try (snapshot.members(of: winner.number), snapshot.members(of: loser.number))
        let isApart = try snapshot.areAsserted(different: winner.number, loser.number)
        guard !isApart || ![.feedMerge, .feedLink].contains(kind) else { throw Self.saidDifferent }
        guard left.count + right.count <= PatientFacts.recordsMax else {
            throw ExchangeError(.conflict, "more than \(PatientFacts.recordsMax) records would be one person's")
        }
        // The steward's word now outweighs what was said before about any pair of them.
        let rejoined = isApart ? try pairs(left, right).filter { try snapshot.areApart($0.one, $0.other) } : []
        return IdentityAct(
            kind, moves: right.map { RecordMove(record: $0, from: loser.id, to: winner.id) }, rejoined: rejoined,
            closes: left + right, actor: actor, reason: reason)
    }

    static let saidDifferent = ExchangeError(
        .conflict, "a steward said that these are different persons; it stays for review: hie patient review list")

    /// This record is not that person's: it gets a person of its own, and stays apart from the others.
    package func unlinking(_ record: PatientID, actor: String, reason: String) async throws(ExchangeError) -> ComposedAct {
        var random = world.random
        let fresh = PersonID.random(using: &random)
        return try await composing { snapshot in
            let person = try Self.person(record, snapshot)
            let rest = try snapshot.members(of: person.number).filter { $0 != record }
            guard !rest.isEmpty else { throw ExchangeError(.conflict, "the record is linked with no other") }
            return try Self.parting(record, from: person.id, rest, to: fresh, actor: actor, reason: reason, snapshot)
        }
    }

    private static func parting(
        _ record: PatientID, from person: PersonID, _ rest: [PatientID], to fresh: PersonID, actor: String, reason: String,
        _ snapshot: any PersonSnapshot,
    ) throws -> IdentityAct {
        IdentityAct(
            .unlink, moves: [RecordMove(record: record, from: person, to: fresh)],
            apart: try pairs([record], rest).filter { try !snapshot.areApart($0.one, $0.other) },
            closes: [record], actor: actor, reason: reason)
    }

    /// A review is closed: none of the candidates, or not now. A record that is in doubt where it is, and rejected, leaves.
    package func closing(_ record: PatientID, rejecting: Bool, actor: String, reason: String) async throws(ExchangeError)
        -> ComposedAct
    {
        let (review, candidates) = try await review(of: record)
        var random = world.random
        let fresh = PersonID.random(using: &random)
        return try await composing { snapshot in
            let person = try Self.person(record, snapshot)
            let rest = try snapshot.members(of: person.number).filter { $0 != record }
            if rejecting, !rest.isEmpty, review.candidates.contains(where: { $0.person == person.id }) {
                return try Self.parting(record, from: person.id, rest, to: fresh, actor: actor, reason: reason, snapshot)
            }
            var apart: [IdentityAct.Pair] = []
            if rejecting {
                let mine = [record] + rest
                let others = Set(candidates.joined()).subtracting(mine).sorted()
                apart = try Self.pairs(mine, others).filter { try !snapshot.areApart($0.one, $0.other) }
            }
            return IdentityAct(rejecting ? .reject : .skip, apart: apart, closes: [record], actor: actor, reason: reason)
        }
    }

    /// What an act did is taken back; `.conflict` when something was decided about one of its records since, or it was taken back
    /// already: later decisions rest on this one, and are taken back first.
    package func undoing(_ position: JournalPosition, actor: String, reason: String) async throws(ExchangeError)
        -> ComposedAct
    {
        try await composing { snapshot in
            guard let act = try snapshot.act(at: position) else {
                throw ExchangeError(.notFound, "no act stands at this position of the journal")
            }
            for record in act.records { try Self.demandLatest(position, about: record, snapshot) }
            for move in act.moves {
                let now = try snapshot.person(of: move.record).map { try snapshot.id(of: $0) }
                guard now == move.to else {
                    throw ExchangeError(.conflict, "a record of this act has moved on since; undo what came after first")
                }
            }
            return act.undone(at: position, actor: actor, reason: reason)
        }
    }

    private static func demandLatest(_ position: JournalPosition, about record: PatientID, _ snapshot: any PersonSnapshot) throws {
        for later in try snapshot.acts(about: record) where later > position {
            guard let act = try snapshot.act(at: later) else { continue }
            guard act.undoes != position else {
                throw ExchangeError(.conflict, "this act was taken back already, by entry \(later)")
            }
            guard act.undoes == nil, act.changesPersons, try !isTakenBack(later, act, snapshot) else { continue }
            throw ExchangeError(
                .conflict, "entry \(later) was decided about the same records since; take that back first: hie patient undo \(later)")
        }
    }

    private static func isTakenBack(_ position: JournalPosition, _ act: IdentityAct, _ snapshot: any PersonSnapshot) throws -> Bool {
        for record in act.records {
            for later in try snapshot.acts(about: record) where later > position {
                if try snapshot.act(at: later)?.undoes == position { return true }
            }
        }
        return false
    }

    /// Records that a table of questions was asked by an administrator; durable before the answers leave.
    package func note(questions: Int, actor: String) async throws(ExchangeError) {
        let payload: JSONValue = [
            "act": "patient-look-up", "user": .string(actor), "questions": .number(String(questions)),
        ]
        _ = try await journal.append(
            EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
    }
}
