import ExchangeCore
import Journal
import PatientIndex

/// A person as a question names it: by its own id, or by one of its records.
package enum PersonChoice: Sendable {
    /// The person's id.
    case person(PersonID)
    /// The person whose record it is.
    case record(PatientID)
}

/// A steward's word about records and persons.
package enum LinkWord: Sendable {
    /// The record is the person's.
    case same(PatientID, PersonChoice)
    /// The record is not the person's.
    case different(PatientID, PersonChoice)
    /// The second person takes the first one's records.
    case merge(PersonChoice, into: PersonChoice)
    /// The two persons are different.
    case apart(PersonChoice, PersonChoice)
}

/// What came of a steward's word.
package struct DecidedLink: Sendable {
    /// What it changes, or would change.
    package let preview: ActPreview
    /// The entry that holds it; nil when it was only looked at.
    package let position: JournalPosition?
}

extension Exchange {
    /// The links of a record or a person; nil for every open review. For stewards only (`IdentityAuthority`); names of records
    /// and persons and scores, never what a registration says.
    package func personLinks(of name: PersonChoice?, limit: Int, for context: AccessContext) async throws(ExchangeError)
        -> [PersonLink]
    {
        try IdentityAuthority.demandSteward(context)
        switch name {
        case nil: return try await desk.openLinks(limit: limit)
        case .record(let record): return try await desk.links(of: record)
        case .person(let person): return try await desk.links(of: person)
        }
    }

    /// What was done about a record, newest first. For stewards only.
    package func linkHistory(of record: PatientID, for context: AccessContext) async throws(ExchangeError) -> [ActAt] {
        try IdentityAuthority.demandSteward(context)
        return try await desk.history(of: record)
    }

    /// Records a steward's word, or says what it would change. For stewards only; the same acts, with the same refusals, as
    /// `hie patient`.
    package func decideLink(_ word: LinkWord, reason: String, isPreview: Bool, for context: AccessContext)
        async throws(ExchangeError) -> DecidedLink
    {
        try IdentityAuthority.demandSteward(context)
        let (desk, actor) = (desk, context.user)
        let composed: ComposedAct
        switch word {
        case .same(let record, let person):
            composed = try await desk.linking(try await self.record(of: person), record, actor: actor, reason: reason)
        case .different(let record, let person):
            let other = try await self.record(of: person)
            let persons = try await persons(of: [record, other])
            composed =
                persons[0] != nil && persons[0] == persons[1]
                ? try await desk.unlinking(record, actor: actor, reason: reason)
                : try await desk.parting(record, other, actor: actor, reason: reason)
        case .merge(let loser, let winner):
            composed = try await desk.linking(
                try await self.record(of: winner), try await self.record(of: loser), kind: .merge, actor: actor, reason: reason)
        case .apart(let one, let other):
            composed = try await desk.parting(
                try await self.record(of: one), try await self.record(of: other), actor: actor, reason: reason)
        }
        let preview = try await desk.preview(composed)
        return DecidedLink(preview: preview, position: isPreview ? nil : try await desk.record(composed))
    }

    /// A record of a person.
    private func record(of name: PersonChoice) async throws(ExchangeError) -> PatientID {
        switch name {
        case .record(let record): return record
        case .person(let person):
            guard let record = try await desk.member(of: person) else {
                throw ExchangeError(.unknownPatient, "no such person is registered here")
            }
            return record
        }
    }
}
