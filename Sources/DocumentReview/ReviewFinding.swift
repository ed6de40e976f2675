/// What a review of a document has to say about one place; never patient data.
package struct ReviewFinding: Hashable, Sendable {
    /// How much it matters.
    package enum Grade: String, Sendable, CaseIterable, Comparable {
        /// To be mended before the document leaves: a registry refuses it, or it would mislead who reads it.
        case error
        /// To be mended soon: somebody will miss or doubt it.
        case warning
        /// Would make the document better.
        case advice

        package static func < (left: Grade, right: Grade) -> Bool {
            allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
        }
    }

    /// The rule that found it.
    package enum Rule: String, Sendable, CaseIterable {
        case patient
        case registry
        case header
        case dates
        case dischargeSections = "discharge-sections"
        case narrative
        case codes
        case specificity
    }

    /// How much it matters.
    package let grade: Grade
    /// The rule that found it.
    package let rule: Rule
    /// Where: element names from the document down, repeated ones with their index from 0.
    package let path: String
    /// One lower-case sentence that says what to do.
    package let message: String
    /// The regulation or standard that asks for it, where one does.
    package let basis: String?

    /// A finding from its parts.
    package init(_ grade: Grade, _ rule: Rule, _ path: String, _ message: String, basis: String? = nil) {
        self.grade = grade
        self.rule = rule
        self.path = path
        self.message = message
        self.basis = basis
    }
}
