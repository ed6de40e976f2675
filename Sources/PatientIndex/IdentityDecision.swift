import ExchangeCore

/// What a `PersonID` names: one person of this node's index, however many records.
package enum PersonSubject {}

/// A person of this node: drawn at random when the first record is filed, and never changed by linking again.
package typealias PersonID = LocalID<PersonSubject>

/// What an identity entry says besides the registration: whose it is, and why. A replay applies it and never matches.
package struct IdentityDecision: Sendable, Hashable {
    /// Who decided.
    package enum Kind: String, Sendable, CaseIterable {
        /// A person nobody was linked with.
        case new
        /// The index, by its policy.
        case automatic
        /// An entry from before persons were kept.
        case unstated
    }

    /// The person the record belongs to.
    package var person: PersonID
    /// Who decided.
    package var kind: Kind
    /// The score, in thousandths of a bit.
    package var millibits: Int
    /// The line of the policy's table.
    package var rule: PolicyRule?
    /// The model that scored.
    package var model: String
    /// The profile that judged.
    package var profile: String
    /// Persons that turned out to be the same one.
    package var merged: [PersonID]
    /// Whom somebody should compare it with, best first.
    package var review: [ReviewCandidate]

    /// A decision from its parts.
    package init(
        person: PersonID, kind: Kind, millibits: Int = 0, rule: PolicyRule? = nil, model: String = "",
        profile: String = "", merged: [PersonID] = [], review: [ReviewCandidate] = [],
    ) {
        self.person = person
        self.kind = kind
        self.millibits = millibits
        self.rule = rule
        self.model = model
        self.profile = profile
        self.merged = merged
        self.review = review
    }

    /// The decision of a record of which none was taken: a person of its own, of the record's own number.
    package static func unstated(_ record: PatientID) -> IdentityDecision? {
        PersonID(bytes: record.bytes).map { IdentityDecision(person: $0, kind: .unstated) }
    }
}

/// A person to be compared with a record by somebody.
package struct ReviewCandidate: Sendable, Hashable {
    /// The person.
    package let person: PersonID
    /// The score, in thousandths of a bit.
    package let millibits: Int
    /// Why it was not linked by itself.
    package let rule: PolicyRule

    /// A candidate from its parts.
    package init(person: PersonID, millibits: Int, rule: PolicyRule) {
        self.person = person
        self.millibits = millibits
        self.rule = rule
    }
}

/// One record that changes its person.
package struct RecordMove: Sendable, Hashable {
    /// The record.
    package let record: PatientID
    /// Whose it was.
    package let from: PersonID
    /// Whose it is.
    package let to: PersonID

    /// A move from its parts.
    package init(record: PatientID, from: PersonID, to: PersonID) {
        self.record = record
        self.from = from
        self.to = to
    }

    /// The way back.
    package var reversed: RecordMove { RecordMove(record: record, from: to, to: from) }
}

/// What a person (or a feed) did to the index: it stands in the journal and can be undone.
package struct IdentityAct: Sendable, Hashable {
    /// The deed.
    package enum Kind: String, Sendable, CaseIterable {
        /// A steward: these records are one person's.
        case link
        /// A steward: this record is not that person's.
        case unlink
        /// A steward: these two are one person.
        case merge
        /// What an earlier act did is taken back.
        case undo
        /// A feed said so (A40, ITI-104); never against a steward's word.
        case feedMerge = "feed-merge"
        /// A steward: different persons; a review is closed.
        case reject
        /// A steward: not now; a review is closed until something new comes.
        case skip
    }

    /// Two records of which something was said.
    package struct Pair: Sendable, Hashable {
        /// One record.
        package let one: PatientID
        /// The other.
        package let other: PatientID

        /// A pair.
        package init(_ one: PatientID, _ other: PatientID) {
            self.one = one
            self.other = other
        }
    }

    /// The deed.
    package var kind: Kind
    /// Records that change their person, in order.
    package var moves: [RecordMove]
    /// Records that are never to be one person's by themselves.
    package var apart: [Pair]
    /// Pairs kept apart before, of which that no longer holds.
    package var rejoined: [Pair]
    /// Records whose review this closes.
    package var closes: [PatientID]
    /// The entry it takes back.
    package var undoes: UInt64?
    /// Who did it.
    package var actor: String
    /// Why, in the actor's words.
    package var reason: String

    /// An act from its parts.
    package init(
        _ kind: Kind, moves: [RecordMove] = [], apart: [Pair] = [], rejoined: [Pair] = [], closes: [PatientID] = [],
        undoes: UInt64? = nil, actor: String, reason: String,
    ) {
        self.kind = kind
        self.moves = moves
        self.apart = apart
        self.rejoined = rejoined
        self.closes = closes
        self.undoes = undoes
        self.actor = actor
        self.reason = reason
    }

    /// The act that takes this one back: both sides are as they were.
    package func undone(at position: UInt64, actor: String, reason: String) -> IdentityAct {
        IdentityAct(
            .undo, moves: moves.reversed().map(\.reversed), apart: rejoined, rejoined: apart, undoes: position,
            actor: actor, reason: reason)
    }
}
