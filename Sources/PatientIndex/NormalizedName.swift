import ExchangeCore

/// One name as matching compares it.
struct NormalizedName: Hashable, Sendable {
    /// The family name in one piece, particles and hyphens closed up: `DELACRUZ`, `SMITHJONES`.
    let family: [UInt8]
    /// Its parts, particles glued to what follows: `SMITH` and `JONES`.
    let familyTokens: [[UInt8]]
    /// The first given name in one piece.
    let first: [UInt8]
    /// All given tokens in order, the first name's own parts first.
    let givenTokens: [[UInt8]]
    /// The first letter of what follows the first name.
    let middleInitial: UInt8?
    /// `JR`, `SR`, `2`, `3`, ...
    let suffix: [UInt8]?

    /// Whether the given name was a word for a situation (`BABY BOY`) and was left out.
    let isPlaceholder: Bool

    /// The suffix as a number: 1 junior, 2 senior, 3 the second and so on; 0 for none.
    var suffixCode: UInt8 {
        guard let suffix else { return 0 }
        switch String(decoding: suffix, as: UTF8.self) {
        case "JR": return 1
        case "SR": return 2
        default: return 1 + (suffix.first ?? 0x30) - 0x30
        }
    }

    /// Nil for a name that names nobody: empty, absurd, or a word for a situation (`UNKNOWN`, `BABY BOY`).
    init?(_ name: PersonName) {
        guard !PlaceholderNames.isAbsurd(name.family) else { return nil }
        var family = Self.tokens(name.family)
        var suffix = name.suffix.flatMap { Self.suffix(Self.tokens($0).last ?? []) }
        if suffix == nil, family.count > 1, let last = family.last, let found = Self.suffix(last) {
            suffix = found
            family.removeLast()
        }
        let glued = Self.glue(family)
        var given = name.given.map(Self.tokens)
        if suffix == nil, let last = given.last?.last, given.count > 1 || (given.first?.count ?? 0) > 1,
            last.count > 1, let found = Self.suffix(last)
        {
            suffix = found
            given[given.count - 1].removeLast()
        }
        given.removeAll(where: \.isEmpty)
        isPlaceholder =
            PlaceholderNames.holds(family: glued, given: given) || (name.given.first.map(PlaceholderNames.isAbsurd) ?? false)
        // The family name of a newborn still tells something; the words for the situation do not.
        if isPlaceholder { given = [] }
        guard !(glued.isEmpty && given.isEmpty), !PlaceholderNames.isSituation(glued) else { return nil }
        self.family = Array(glued.joined())
        familyTokens = glued
        first = Array((given.first ?? []).joined())
        givenTokens = Array(given.joined())
        middleInitial = given.count > 1 ? given[1].first?.first : nil
        self.suffix = suffix
    }

    /// Folded words; hyphens, commas and blanks part them, other punctuation is dropped.
    static func tokens(_ text: String) -> [[UInt8]] {
        LatinFold.fold(String(text.prefix(128))).split { $0 == 0x20 || $0 == 0x2D || $0 == 0x2C || $0 == 0x09 }
            .map { $0.filter { ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x30 && $0 <= 0x39) || $0 >= 0x61 } }
            .filter { !$0.isEmpty }
    }

    private static let particles: Set<[UInt8]> = Set(
        [
            "DE", "DEL", "DELA", "LA", "LAS", "LOS", "EL", "AL", "DA", "DAS", "DO", "DOS", "DI", "DU", "LE", "VAN",
            "VON",
            "DER", "DEN", "TER", "TEN", "BIN", "IBN", "ABU", "MC", "MAC", "O", "ST", "SAN", "SANTA",
        ].map { Array($0.utf8) })

    private static func glue(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var glued: [[UInt8]] = []
        var open: [UInt8] = []
        for (index, token) in tokens.enumerated() {
            if particles.contains(token), index + 1 < tokens.count {
                open += token
            } else {
                glued.append(open + token)
                open = []
            }
        }
        return glued
    }

    private static func suffix(_ token: [UInt8]) -> [UInt8]? {
        switch String(decoding: token, as: UTF8.self) {
        case "JR", "JUNIOR": Array("JR".utf8)
        case "SR", "SENIOR": Array("SR".utf8)
        case "II", "2ND": Array("2".utf8)
        case "III", "3RD": Array("3".utf8)
        case "IV", "4TH": Array("4".utf8)
        default: nil
        }
    }
}
