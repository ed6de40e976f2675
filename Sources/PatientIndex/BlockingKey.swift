import ExchangeCore

/// A key under which a record is filed so that registrations of the same person meet; text, without a missing part.
package struct BlockingKey: Hashable, Sendable, Comparable {
    /// Kind and normalised parts, such as `fb:GRC:19580130`; demographics, so an index stores only a keyed hash of it.
    package let text: String

    /// A key from its text.
    package init(text: String) { self.text = text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    /// The keys of a registration, at most 64, sorted.
    package static func keys(for demographics: Demographics, identifiers: [PatientIdentifier] = []) -> [BlockingKey] {
        []
    }
}
