/// Escape sequences within text (HL7 v2.8, 2.7).
enum EscapeSequences {
    /// Why a text cannot be read.
    enum Fault: Error { case otherCharacterSet, badHexadecimal }

    /// The bytes a text stands for, still in the message's character set.
    ///
    /// A sequence that HL7 does not know (`\Zxx\`, a stray escape character) stays as written: a folder name in free
    /// text must not end a feed. Switching the character set within a text (`\C..\`, `\M..\`) is refused.
    static func resolve(_ text: ArraySlice<UInt8>, _ delimiters: Delimiters) throws(Fault) -> [UInt8] {
        guard let escape = delimiters.escape else { return Array(text) }
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var at = text.startIndex
        while at < text.endIndex {
            guard text[at] == escape, let end = text[(at + 1)...].firstIndex(of: escape) else {
                out.append(text[at])
                at += 1
                continue
            }
            let body = text[(at + 1)..<end]
            guard let meaning = try meaning(body, delimiters, escape) else {
                // Not a sequence: the sign stands for itself, and the next one may open a real sequence.
                out.append(escape)
                at += 1
                continue
            }
            out += meaning
            at = end + 1
        }
        return out
    }

    /// Bytes as they stand in a field: delimiters and line breaks escaped.
    static func escape(_ text: some Collection<UInt8>, _ delimiters: Delimiters) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        for byte in text {
            let letter: UInt8? =
                switch byte {
                case delimiters.field: UInt8(ascii: "F")
                case delimiters.component: UInt8(ascii: "S")
                case delimiters.repetition: UInt8(ascii: "R")
                case delimiters.escape: UInt8(ascii: "E")
                case delimiters.subcomponent: UInt8(ascii: "T")
                default: nil
                }
            guard let escape = delimiters.escape else {
                // Without an escape character a delimiter cannot be said at all.
                out.append(letter != nil || byte < 0x20 ? UInt8(ascii: " ") : byte)
                continue
            }
            if let letter {
                out += [escape, letter, escape]
            } else if byte < 0x20 {
                let digits = Array("0123456789ABCDEF".utf8)
                out += [escape, UInt8(ascii: "X"), digits[Int(byte >> 4)], digits[Int(byte & 15)], escape]
            } else {
                out.append(byte)
            }
        }
        return out
    }

    private static func meaning(
        _ body: ArraySlice<UInt8>, _ delimiters: Delimiters, _ escape: UInt8,
    ) throws(Fault) -> [UInt8]? {
        guard let first = body.first else { return nil }
        if body.count == 1 {
            switch first {
            case UInt8(ascii: "F"): return [delimiters.field]
            case UInt8(ascii: "S"): return [delimiters.component]
            case UInt8(ascii: "R"): return delimiters.repetition.map { [$0] }
            case UInt8(ascii: "E"): return [escape]
            case UInt8(ascii: "T"): return delimiters.subcomponent.map { [$0] }
            case UInt8(ascii: "P"): return delimiters.truncation.map { [$0] }
            case UInt8(ascii: "H"), UInt8(ascii: "N"): return []
            default: return nil
            }
        }
        switch first {
        case UInt8(ascii: "X"): return try hexadecimal(body.dropFirst())
        case UInt8(ascii: "."): return formatting(body.dropFirst())
        case UInt8(ascii: "C"), UInt8(ascii: "M"):
            let digits = body.dropFirst()
            guard digits.count == 4 || digits.count == 6, digits.allSatisfy({ nibble($0) != nil }) else { return nil }
            throw .otherCharacterSet
        default: return nil
        }
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) throws(Fault) -> [UInt8] {
        guard digits.count.isMultiple(of: 2) else { throw .badHexadecimal }
        var out: [UInt8] = []
        var at = digits.startIndex
        while at < digits.endIndex {
            guard let high = nibble(digits[at]), let low = nibble(digits[at + 1]) else { throw .badHexadecimal }
            out.append(high << 4 | low)
            at += 2
        }
        return out
    }

    /// Commands of formatted text; those that only move or fill say nothing.
    private static func formatting(_ command: ArraySlice<UInt8>) -> [UInt8]? {
        let name = String(decoding: command.prefix(2), as: UTF8.self)
        let rest = command.dropFirst(2)
        let isNumber = rest.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D }
        switch name {
        case "br", "ce": return rest.isEmpty ? [0x0A] : nil
        case "sp":
            guard isNumber, rest.count <= 3 else { return nil }
            let lines = Int(String(decoding: rest.filter { $0 != 0x2B }, as: UTF8.self)) ?? 1
            return [UInt8](repeating: 0x0A, count: min(max(lines, 1), 100))
        case "fi", "nf": return rest.isEmpty ? [] : nil
        case "in", "ti", "sk": return isNumber ? [] : nil
        default: return nil
        }
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
