/// What was compared in one field, how it came out, and what that is worth.
package struct FieldComparison: Sendable, Hashable {
    /// The field, such as `family`.
    package let field: String
    /// The level it reached, such as `exact`, `nickname`, `missing`; never a value of the patient's.
    package let level: String
    /// Evidence for (positive) or against (negative) the same person, in thousandths of a bit.
    package let millibits: Int
    /// What it would be worth without the model's cap on this field, in thousandths of a bit; nil where the cap took nothing.
    package let uncapped: Int?

    /// A comparison from its parts.
    package init(field: String, level: String, millibits: Int, uncapped: Int? = nil) {
        self.field = field
        self.level = level
        self.millibits = millibits
        self.uncapped = uncapped == millibits ? nil : uncapped
    }

    /// The evidence in bits.
    package var bits: Double { Double(millibits) / 1000 }
}

/// The evidence that two registrations are one person's: log2 of a likelihood ratio, the prior included.
///
/// Kept in thousandths of a bit, as integers, so that the parts sum exactly and equally on every machine.
package struct MatchScore: Sendable, Hashable {
    /// The comparisons in a fixed order, the prior last.
    package let fields: [FieldComparison]
    /// Their sum, in thousandths of a bit.
    package let millibits: Int

    /// A score whose sum is taken from its fields.
    package init(fields: [FieldComparison]) {
        self.fields = fields
        millibits = fields.reduce(0) { $0 + $1.millibits }
    }

    /// Their sum in bits.
    package var bits: Double { Double(millibits) / 1000 }

    /// The probability that it is the same person, 0 to 1 in thousandths; for showing only.
    package var probability: Double { Millibits.probability(millibits) }
}
