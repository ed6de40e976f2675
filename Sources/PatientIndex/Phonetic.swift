/// What a folded name sounds like in American ears: a short code after Philips' Metaphone (1990), simplified.
///
/// Only for finding candidates: it must bring likely spellings together, it need not be right.
enum Phonetic {
    /// At most 6 letters; other scripts give their own bytes. Empty for an empty name.
    static func code(_ name: [UInt8]) -> [UInt8] {
        guard name.allSatisfy({ (0x41...0x5A).contains($0) }) else { return Array(name.prefix(24)) }
        var code: [UInt8] = []
        var at = 0
        func letter(_ index: Int) -> Unicode.Scalar {
            name.indices.contains(index) ? Unicode.Scalar(name[index]) : "."
        }
        switch (letter(0), letter(1)) {
        case ("K", "N"), ("G", "N"), ("P", "N"), ("W", "R"), ("A", "E"): at = 1
        default: break
        }
        while at < name.count, code.count < 6 {
            let here = letter(at)
            let next = letter(at + 1)
            if here == letter(at - 1), at > 0, here != "C" {
                at += 1
                continue
            }
            let (sound, length) = sound(
                here, next, after: letter(at + 2), before: letter(at - 1), isFirst: code.isEmpty)
            if let sound, code.last != sound { code.append(sound) }
            at += length
        }
        return code
    }

    private static func isVowel(_ letter: Unicode.Scalar) -> Bool {
        switch letter {
        case "A", "E", "I", "O", "U", "Y": true
        default: false
        }
    }

    private static func isFront(_ letter: Unicode.Scalar) -> Bool { letter == "E" || letter == "I" || letter == "Y" }

    /// The sound of a letter among its neighbours, if it has one, and how many letters it takes.
    private static func sound(
        _ here: Unicode.Scalar, _ next: Unicode.Scalar, after: Unicode.Scalar, before: Unicode.Scalar, isFirst: Bool,
    ) -> (UInt8?, Int) {
        func code(_ letter: Unicode.Scalar, _ length: Int = 1) -> (UInt8?, Int) { (UInt8(ascii: letter), length) }
        switch here {
        case "A", "E", "I", "O", "U", "Y": return isFirst ? code("A") : (nil, 1)
        case "B": return next == "." && before == "M" ? (nil, 1) : code("P")
        case "C":
            if next == "H" { return code("X", 2) }
            if next == "K" { return code("K", 2) }
            return isFront(next) ? code("S") : code("K")
        case "D", "T":
            if here == "D", next == "G", isFront(after) { return code("J", 2) }
            if here == "T", next == "H" { return code("T", 2) }
            if here == "T", next == "C", after == "H" { return code("X", 3) }
            return code("T")
        case "F", "V": return code("F")
        case "G":
            if next == "H" { return isVowel(after) ? code("K", 2) : (nil, 2) }
            if next == "N" { return (nil, 1) }
            return isFront(next) ? code("J") : code("K")
        case "H": return isFirst && isVowel(next) ? code("H") : (nil, 1)
        case "J": return code("J")
        case "K", "Q": return code("K")
        case "L": return code("L")
        case "M": return code("M")
        case "N": return code("N")
        case "P": return next == "H" ? code("F", 2) : code("P")
        case "R": return code("R")
        case "S":
            if next == "H" { return code("X", 2) }
            if next == "C", after == "H" { return code("X", 3) }
            return code("S")
        case "W": return isVowel(next) && isFirst ? code("W") : (nil, 1)
        case "X": return isFirst ? code("S") : code("K")
        case "Z": return code("S")
        default: return (nil, 1)
        }
    }
}
