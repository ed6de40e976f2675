/// The character set of a message, as MSH-18 names it (HL7 table 0211).
package enum HL7CharacterSet: Hashable, Sendable {
    /// Seven bits; MSH-18 says so.
    case ascii
    /// UTF-8; MSH-18 says so, a byte order mark does, or nothing else is said and the bytes are UTF-8.
    case utf8
    /// ISO 8859-1.
    case latin1
    /// ISO 8859-15: as 8859-1 with the euro sign and seven others.
    case latin9

    /// The set MSH-18 names; nil for those that are not read here.
    package init?(name: String) {
        switch name {
        case "ASCII", "ISO IR6", "ISO IR 6": self = .ascii
        case "UNICODE UTF-8", "UTF-8", "UTF8", "ISO IR192", "ISO IR 192": self = .utf8
        case "8859/1", "ISO IR100", "ISO IR 100": self = .latin1
        case "8859/15": self = .latin9
        default: return nil
        }
    }

    /// What MSH-18 says for it.
    package var name: String {
        switch self {
        case .ascii: "ASCII"
        case .utf8: "UNICODE UTF-8"
        case .latin1: "8859/1"
        case .latin9: "8859/15"
        }
    }

    /// The text of bytes in this set; nil when they are not.
    package func decode(_ bytes: some Collection<UInt8>) -> String? {
        switch self {
        case .ascii: bytes.allSatisfy { $0 < 0x80 } ? String(decoding: bytes, as: UTF8.self) : nil
        case .utf8: String(validating: bytes, as: UTF8.self)
        case .latin1, .latin9:
            bytes.allSatisfy { $0 < 0x80 }
                ? String(decoding: bytes, as: UTF8.self)
                : String(String.UnicodeScalarView(bytes.map { Self.scalar($0, isLatin9: self == .latin9) }))
        }
    }

    /// The bytes of a text in this set; what it cannot say becomes a question mark.
    package func encode(_ text: String) -> [UInt8] {
        if self == .utf8 { return Array(text.utf8) }
        return text.unicodeScalars.map { scalar in
            if scalar.value < 0x80 { return UInt8(scalar.value) }
            if self == .ascii { return UInt8(ascii: "?") }
            if self == .latin9, let byte = Self.latin9Scalars.first(where: { $0.value == scalar })?.key { return byte }
            let isTaken = self == .latin9 && Self.latin9Scalars[UInt8(truncatingIfNeeded: scalar.value)] != nil
            return scalar.value < 0x100 && !isTaken ? UInt8(scalar.value) : UInt8(ascii: "?")
        }
    }

    private static let latin9Scalars: [UInt8: Unicode.Scalar] = [
        0xA4: "\u{20AC}", 0xA6: "\u{160}", 0xA8: "\u{161}", 0xB4: "\u{17D}", 0xB8: "\u{17E}", 0xBC: "\u{152}",
        0xBD: "\u{153}", 0xBE: "\u{178}",
    ]

    private static func scalar(_ byte: UInt8, isLatin9: Bool) -> Unicode.Scalar {
        (isLatin9 ? latin9Scalars[byte] : nil) ?? Unicode.Scalar(byte)
    }
}
