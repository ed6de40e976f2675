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
