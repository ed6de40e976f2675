/// Folds Latin letters to plain upper-case ASCII, whatever their marks and however composed (NFC or NFD).
///
/// Other scripts keep their letters, in lower case, so that they compare equal to themselves and to nothing else.
enum LatinFold {
    /// The folded form of a text as UTF-8; blanks and punctuation are kept for the caller to split at.
    static func fold(_ text: String) -> [UInt8] {
        var folded: [UInt8] = []
        folded.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars { append(scalar, to: &folded) }
        return folded
    }

    private static func append(_ scalar: Unicode.Scalar, to folded: inout [UInt8]) {
        switch scalar.value {
        case 0x61...0x7A: folded.append(UInt8(scalar.value) - 0x20)
        case 0x00...0x7F: folded.append(UInt8(scalar.value))
        case 0xA0, 0x2000...0x200B, 0x202F, 0x3000: folded.append(0x20)
        case 0x2010...0x2015: folded.append(UInt8(ascii: "-"))
        case 0x2018, 0x2019, 0x02BC, 0xB4: folded.append(UInt8(ascii: "'"))
        case 0x0300...0x036F: break
        case 0xC0...0x17F: folded += latin[Int(scalar.value) - 0xC0]
        case 0x1EA0...0x1EF9: folded += vietnamese[Int(scalar.value) - 0x1EA0]
        case 0x01A0, 0x01A1: folded.append(UInt8(ascii: "O"))
        case 0x01AF, 0x01B0: folded.append(UInt8(ascii: "U"))
        case 0x0218, 0x0219: folded.append(UInt8(ascii: "S"))
        case 0x021A, 0x021B: folded.append(UInt8(ascii: "T"))
        default: folded += Array(scalar.properties.lowercaseMapping.utf8)
        }
    }

    private static func letters(_ table: String) -> [[UInt8]] {
        table.split(separator: " ").map { $0 == "-" ? [] : Array($0.utf8) }
    }

    /// U+00C0 to U+017F.
    private static let latin = letters(
        """
        A A A A A A AE C E E E E I I I I D N O O O O O - O U U U U Y TH SS A A A A A A AE C E E E E I I I I D N \
        O O O O O - O U U U U Y TH Y A A A A A A C C C C C C C C D D D D E E E E E E E E E E G G G G G G G G H H \
        H H I I I I I I I I I I IJ IJ J J K K K L L L L L L L L L L N N N N N N N N N O O O O O O OE OE R R R R \
        R R S S S S S S S S T T T T T T U U U U U U U U U U U U W W Y Y Y Z Z Z Z Z Z S
        """)

    /// U+1EA0 to U+1EF9.
    private static let vietnamese = letters(
        """
        A A A A A A A A A A A A A A A A A A A A A A A A E E E E E E E E E E E E E E E E I I I I O O O O O O O O \
        O O O O O O O O O O O O O O O O U U U U U U U U U U U U U U Y Y Y Y Y Y Y Y
        """)
}
