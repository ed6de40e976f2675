/// Whether a name in a document says what the code says.
package enum DisplayAgreement: String, Sendable, CaseIterable {
    /// A name the publisher gives the code, letters' case, signs and blanks aside.
    case same
    /// Other words, some of them shared: people abbreviate and reorder.
    case similar
    /// No word in common: one of the two is probably wrong.
    case different

    /// Compares a name with the names of a concept.
    package static func judge(_ display: String, _ concept: Concept) -> DisplayAgreement {
        let words = words(display)
        guard !words.isEmpty else { return .similar }
        var shares = false
        for name in concept.displays {
            let theirs = Self.words(name)
            if theirs == words { return .same }
            if !shares { shares = theirs.contains { their in words.contains { isAlike(their, $0) } } }
        }
        return shares ? .similar : .different
    }

    /// Words that say nothing about which code is meant.
    private static let fillers: Set<String> = [
        "a", "an", "and", "by", "due", "for", "from", "in", "into", "nec", "nos", "not", "of", "on", "or", "other", "the", "to",
        "unspecified", "with", "without", "oral", "mg", "ml", "finding", "disorder", "procedure", "disease",
    ]

    private static func words(_ text: String) -> [String] {
        let all = text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        let telling = all.filter { !fillers.contains($0) }
        return telling.isEmpty ? all : telling
    }

    /// The same word, or one the beginning of the other: `hypertensive` and `hypertension` share eight letters.
    private static func isAlike(_ left: String, _ right: String) -> Bool {
        if left == right { return true }
        let shared = zip(left, right).prefix { $0 == $1 }.count
        return shared >= 5 || shared >= 3 && shared == min(left.count, right.count)
    }
}
