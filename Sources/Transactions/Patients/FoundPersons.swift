import ExchangeCore
import PatientIndex

/// Persons that a question may be about.
package struct FoundPersons: Sendable {
    /// One of them.
    package struct Person: Sendable {
        /// The person.
        package let id: PersonID
        /// What may be done with it.
        package let grade: MatchGrade
        /// The score, field by field.
        package let explanation: MatchScore
        /// The line of the policy's table.
        package let rule: PolicyRule
        /// Its records, active or not, in order of arrival.
        package let records: [PatientID]

        /// The probability, 0 to 1.
        package var score: Double { explanation.probability }
    }

    /// At least possible, best first.
    package let persons: [Person]
    /// Whether several pass that cannot be told apart.
    package let isAmbiguous: Bool
    /// The identity of the model that scored.
    package let model: String
}
