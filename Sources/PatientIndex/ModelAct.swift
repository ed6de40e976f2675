/// What was done about the model: it stands in the journal, and decides what is worth how much from then on.
package struct ModelAct: Sendable, Hashable {
    /// The deed.
    package enum Kind: String, Sendable, CaseIterable {
        /// Learnt from the index; weighs nothing yet.
        case learned
        /// A person put it in force.
        case activated
    }

    /// The deed.
    package let kind: Kind
    /// The model.
    package let model: MatchModel
    /// What it would have decided otherwise, when it was learnt.
    package let shadow: ModelShadow
    /// Who did it.
    package let actor: String
    /// Why, in the actor's words; empty for learning.
    package let reason: String

    /// An act from its parts.
    package init(_ kind: Kind, _ model: MatchModel, shadow: ModelShadow = ModelShadow(), actor: String, reason: String = "") {
        self.kind = kind
        self.model = model
        self.shadow = shadow
        self.actor = actor
        self.reason = reason
    }
}
