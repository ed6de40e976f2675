import ExchangeCore
import XDSMetadata

/// What the registry already holds of the things a submission names, read in one snapshot.
package struct RegistryFacts: Sendable {
    /// Entries with a `uniqueId` that the submission uses, of any patient.
    package var sameUniqueID: [DocumentEntry]
    /// Entries that the submission's relations and patches point to.
    package var targets: [DocumentEntry]
    /// Whether the submission set's own `uniqueId` is in use.
    package var isSetKnown: Bool

    /// Facts from their parts.
    package init(sameUniqueID: [DocumentEntry] = [], targets: [DocumentEntry] = [], isSetKnown: Bool = false) {
        self.sameUniqueID = sameUniqueID
        self.targets = targets
        self.isSetKnown = isSetKnown
    }
}

/// The metadata rules of ITI-41, ITI-42 and ITI-65; each breach is an error with IHE's code word and a location.
package enum SubmissionRules {
    /// Every rule, against the registry as it stands.
    package static func check(_ submission: Submission, against facts: RegistryFacts) throws(ExchangeError) {
        throw ExchangeError(.unavailable, "not yet")
    }
}
