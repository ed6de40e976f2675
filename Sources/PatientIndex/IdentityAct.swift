import ExchangeCore

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

/// A record that another one took the place of: a merge within one domain of identifiers.
package struct Retirement: Sendable, Hashable {
    /// The record that is in use no more.
    package let record: PatientID
    /// The record that took its place.
    package let survivor: PatientID

    /// A retirement from its parts.
    package init(record: PatientID, survivor: PatientID) {
        self.record = record
        self.survivor = survivor
    }
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
        /// A feed said that two records in use are one person's (A24); never against a steward's word.
        case feedLink = "feed-link"
        /// A feed said that two records are different persons' (A37); never against a steward's word.
        case feedUnlink = "feed-unlink"
        /// A steward: different persons; a review is closed.
        case reject
        /// A steward: not now; a review is closed until something new comes.
        case skip
        /// The node: what a link rested on turned out to name nobody; somebody has to look.
        case doubt
        /// The node: who is one person with whom, said again without a record that is about to be erased.
        case restate
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
    /// The reviews that were open and are closed by it.
    package var closed: [OpenReview] = []
    /// Reviews that are open again.
    package var reopens: [OpenReview] = []
    /// Records that are in use no more, since others took their place.
    package var retires: [Retirement] = []
    /// Records that are in use again.
    package var revives: [Retirement] = []
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
        var act = IdentityAct(
            .undo, moves: moves.reversed().map(\.reversed), apart: rejoined, rejoined: apart, undoes: position,
            actor: actor, reason: reason)
        act.closed = reopens
        act.closes = reopens.map(\.record)
        act.reopens = closed
        act.retires = revives
        act.revives = retires
        return act
    }

    /// Whether it said whose records these are, and not only when to look again.
    package var changesPersons: Bool {
        !(moves.isEmpty && apart.isEmpty && rejoined.isEmpty && retires.isEmpty && revives.isEmpty)
    }

    /// Every record it is about, each once, in order.
    package var records: [PatientID] {
        var seen: Set<PatientID> = []
        let all =
            moves.map(\.record) + (apart + rejoined).flatMap { [$0.one, $0.other] } + closes
            + (retires + revives).flatMap { [$0.record, $0.survivor] } + reopens.map(\.record)
        return all.filter { seen.insert($0).inserted }
    }
}
