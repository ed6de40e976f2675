import ExchangeCore

/// What searches by demographics (ITI-78) are led by: family names, birth dates and telecoms, each folded, as words.
package enum PatientWords {
    /// Bytes of one word at the most.
    package static let bytesMax = 96
    /// Words of one record at the most.
    package static let countMax = 48

    /// The words of a record, each once, in order.
    package static func words(of demographics: Demographics) -> [String] {
        var words: Set<String> = []
        for name in demographics.names where !name.family.isEmpty { words.insert(family(name.family)) }
        if let date = demographics.birthDate { words.insert(birth(date)) }
        for phone in demographics.phones { words.insert(telecom(phone)) }
        for email in demographics.emails { words.insert(telecom(email)) }
        return Array(words.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(countMax))
    }

    static func family(_ text: String) -> String { word("f:", folded(text)) }
    static func birth(_ date: PartialDate) -> String { word("b:", String(date.text.prefix(10))) }
    static func telecom(_ text: String) -> String { word("t:", contact(text)) }

    /// A text without case and accents, blanks closed up to one.
    static func folded(_ text: String) -> String {
        let words = LatinFold.fold(text).split { $0 <= 0x20 || $0 == 0x7F }
        return String(decoding: Array(words.joined(separator: [0x20])), as: UTF8.self)
    }

    /// A telephone number as its digits, anything else folded.
    static func contact(_ text: String) -> String {
        guard !text.utf8.contains(UInt8(ascii: "@")) else { return folded(text) }
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }
        return digits.isEmpty ? folded(text) : String(decoding: digits, as: UTF8.self)
    }

    private static func word(_ kind: String, _ text: String) -> String {
        String(decoding: (kind + text).utf8.prefix(bytesMax), as: UTF8.self)
    }
}

/// A run of words: those that begin alike.
package struct WordRange: Sendable, Hashable {
    /// The first that could be in it.
    package let from: String
    /// The first behind it.
    package let until: String

    /// Every word that begins so.
    init(beginning word: String) {
        from = word
        until = word + "\u{10FFFF}"
    }

    /// Whether a word is in it, by bytes.
    package func holds(_ word: String) -> Bool {
        !word.utf8.lexicographicallyPrecedes(from.utf8) && word.utf8.lexicographicallyPrecedes(until.utf8)
    }
}
