import ExchangeCore

/// Words that stand where a name should: for a newborn, for somebody nobody knows, for want of anything else. Who is called so is
/// called so like many others, twins first of all, and is linked by a person only.
enum PlaceholderNames {
    /// Whether a name says who somebody is not, or what they are: nobody's own name.
    ///
    /// - Parameters:
    ///   - family: the family name's parts, folded.
    ///   - given: the given names, folded, each in its parts.
    static func holds(family: [[UInt8]], given: [[[UInt8]]]) -> Bool {
        let firsts = given.first ?? []
        if family.count == 1, let only = family.first, situations.contains(only) { return true }
        guard let first = firsts.first else { return false }
        if situations.contains(first) || givenSituations.contains(first) || isNewborn(first) && firsts.count > 1 { return true }
        let joined = Array(firsts.joined())
        if situations.contains(joined) || newborns.contains(where: { StringDistance.isOneEdit(joined, $0) }) { return true }
        if isNoWord(joined) { return true }
        // JOHN DOE, and what a ward calls the child of somebody: BB OF MARY, HIJO DE MARIA.
        if family.count == 1, family.first == does, doeFirsts.contains(first) { return true }
        if firsts.count > 1, childOf.contains(first), links.contains(firsts[1]) { return true }
        // GIRL, BOY B, TWIN 2, but not BOY GEORGE.
        return genders.contains(first) && firsts.dropFirst().allSatisfy { $0.count == 1 || genders.contains($0) }
    }

    /// Whether a family name alone names a situation: `UNKNOWN`.
    static func isSituation(_ family: [[UInt8]]) -> Bool {
        family.count == 1 && (family.first.map(situations.contains) ?? false)
    }

    /// Whether a written name can be nobody's: letters of several scripts in one word, one letter over and over, no letter at all,
    /// a word for "not applicable", or more than any name has. Blanks and marks alone are no name, and so not an absurd one.
    static func isAbsurd(_ text: String) -> Bool {
        guard text.utf8.count <= bytesMax else { return true }
        let folded = LatinFold.fold(text).filter { $0 >= 0x61 || $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x30 && $0 <= 0x39 }
        guard let first = folded.first else { return false }
        // N/A; NA alone is a name.
        if folded == Array("NA".utf8), text.utf8.contains(UInt8(ascii: "/")) { return true }
        if folded.count > 3, folded.allSatisfy({ $0 == first }) { return true }
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return folded.allSatisfy { $0 <= 0x39 } }
        return !text.unicodeScalars.contains(where: \.properties.isAlphabetic) || isMixed(text)
    }

    private static func isMixed(_ text: String) -> Bool {
        var script: Script?
        for scalar in text.unicodeScalars {
            guard scalar.properties.isAlphabetic else {
                if scalar.properties.isWhitespace || scalar == "-" { script = nil }
                continue
            }
            guard let own = Script(scalar) else { continue }
            if let before = script, before != own { return true }
            script = own
        }
        return false
    }

    /// A longer name is no person's, and comparing it costs.
    private static let bytesMax = 256

    /// Scripts whose letters do not stand in one word. Japanese writes with several, which are one here.
    private enum Script {
        case latin, greek, cyrillic, hebrew, arabic, eastAsian, hangul

        init?(_ scalar: Unicode.Scalar) {
            switch scalar.value {
            case 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F, 0x1E00...0x1EFF: self = .latin
            case 0x370...0x3FF: self = .greek
            case 0x400...0x52F: self = .cyrillic
            case 0x590...0x5FF: self = .hebrew
            case 0x600...0x6FF, 0x750...0x77F: self = .arabic
            case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF: self = .eastAsian
            case 0xAC00...0xD7AF: self = .hangul
            default: return nil
            }
        }
    }

    private static func words(_ text: String) -> Set<[UInt8]> { Set(text.split(whereSeparator: \.isWhitespace).map { Array($0.utf8) }) }

    private static let situations = words(
        """
        UNKNOWN UNKN UNK UNIDENTIFIED NOTKNOWN NEWBORN BABY BABYBOY BABYGIRL BABYA BABYB BABYC INFANT INFANTBOY INFANTGIRL NB NEONATE
        NEONATAL NEONATO NEONATA UNBORN UNNAMED NOTNAMED NONAME NOTGIVEN NOLASTNAME NOFIRSTNAME NOGIVENNAME FNU LNU NFN NLN NN TEST
        PATIENT TRAUMA ANONYMOUS JOHNDOE JANEDOE NONE TBD PENDING REFUSED DECLINED TRIPLET TRIPLETA TRIPLETB TRIPLETC QUADRUPLET
        RECIENNACIDO RECIENNACIDA NOUVEAUNE NEUGEBORENES NEUGEBORENER SAEUGLING SAUGLING
        """)
    /// Families are called so, too.
    private static let givenSituations = words("CHILD DAUGHTER BEBE KIND NULL RN")
    private static let genders = words(
        "BOY GIRL MALE FEMALE BG BB BF BM BGIRL BBOY TWIN TWINA TWINB TWIN1 TWIN2 TRIPLET1 TRIPLET2 TRIPLET3 BOYA BOYB GIRLA GIRLB")

    /// Before `of`; alone some of them are names (SON, NINA).
    private static let childOf = words("BB BG BABY BOY GIRL SON DAUGHTER CHILD INFANT HIJO HIJA NINO NINA BEBE FILS FILLE FIGLIO FIGLIA")
    private static let links = words("OF DE DEL DELA DI")

    private static let does = Array("DOE".utf8)
    private static let doeFirsts = words("JOHN JANE BABY")

    /// Long enough that one wrong letter makes nobody's name.
    private static let newborns = ["BABYBOY", "BABYGIRL", "INFANTBOY", "INFANTGIRL"].map { Array($0.utf8) }

    /// `BABYGIRL`, and misspelt `BABIE` when more follows.
    private static func isNewborn(_ word: [UInt8]) -> Bool { word.starts(with: Array("BAB".utf8)) && word.count <= 5 }

    /// Digits, or X for want of a letter: `123`, `XX`.
    private static func isNoWord(_ word: [UInt8]) -> Bool {
        word.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } || word.count > 1 && word.allSatisfy { $0 == UInt8(ascii: "X") }
    }
}
