/// Lower-case hexadecimal (RFC 4648 section 8).
package enum Hexadecimal {
    /// Two digits a byte.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for an odd number of digits or a foreign character; reads both cases.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var half: UInt8?
        for byte in text.utf8 {
            let value: UInt8
            switch byte {
            case 0x30...0x39: value = byte - 0x30
            case 0x41...0x46: value = byte - 0x41 + 10
            case 0x61...0x66: value = byte - 0x61 + 10
            default: return nil
            }
            if let high = half {
                bytes.append(high << 4 | value)
                half = nil
            } else {
                half = value
            }
        }
        return half == nil ? bytes : nil
    }
}

/// Base64 and base64url (RFC 4648 sections 4 and 5), strict: canonical padding, no white space, no foreign characters.
package enum Base64 {
    /// Which alphabet, and whether padded.
    package enum Alphabet: Sendable {
        /// `+` and `/`, padded.
        case standard
        /// `-` and `_`, without padding, as JWS wants it (RFC 7515).
        case url
    }

    private static let standardDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlDigits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let standardValues = values(of: standardDigits)
    private static let urlValues = values(of: urlDigits)

    private static func values(of digits: [UInt8]) -> [UInt8] {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, digit) in digits.enumerated() { table[Int(digit)] = UInt8(value) }
        return table
    }

    /// The text form.
    package static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
        let digits = alphabet == .standard ? standardDigits : urlDigits
        let padded = alphabet == .standard
        return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { buffer in
            var out = 0
            var at = 0
            while at + 2 < bytes.count {
                let word = UInt32(bytes[at]) << 16 | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2])
                buffer[out] = digits[Int(word >> 18)]
                buffer[out + 1] = digits[Int(word >> 12 & 63)]
                buffer[out + 2] = digits[Int(word >> 6 & 63)]
                buffer[out + 3] = digits[Int(word & 63)]
                out += 4
                at += 3
            }
            let rest = bytes.count - at
            guard rest > 0 else { return out }
            let word = UInt32(bytes[at]) << 16 | (rest == 2 ? UInt32(bytes[at + 1]) << 8 : 0)
            buffer[out] = digits[Int(word >> 18)]
            buffer[out + 1] = digits[Int(word >> 12 & 63)]
            out += 2
            if rest == 2 {
                buffer[out] = digits[Int(word >> 6 & 63)]
                out += 1
            }
            while padded && out % 4 != 0 {
                buffer[out] = UInt8(ascii: "=")
                out += 1
            }
            return out
        }
    }

    /// The bytes; nil for anything but the one canonical spelling.
    package static func decode(_ text: String, _ alphabet: Alphabet = .standard) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0, alphabet) }
    }

    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ alphabet: Alphabet) -> [UInt8]? {
        let table = alphabet == .standard ? standardValues : urlValues
        var length = text.count
        if alphabet == .standard {
            guard length % 4 == 0 else { return nil }
            if length > 0, text[length - 1] == UInt8(ascii: "=") { length -= 1 }
            if length > 0, text[length - 1] == UInt8(ascii: "=") { length -= 1 }
        }
        let rest = length % 4
        guard rest != 1 else { return nil }
        var valid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: length / 4 * 3 + max(0, rest - 1)) { buffer, count in
            table.withUnsafeBufferPointer { table in
                var bad: UInt8 = 0
                var at = 0
                while at + 3 < length {
                    let first = table[Int(text[at])]
                    let second = table[Int(text[at + 1])]
                    let third = table[Int(text[at + 2])]
                    let fourth = table[Int(text[at + 3])]
                    bad |= first | second | third | fourth
                    buffer[count] = first << 2 | second >> 4
                    buffer[count + 1] = second << 4 | third >> 2
                    buffer[count + 2] = third << 6 | fourth
                    count += 3
                    at += 4
                }
                if rest > 0 {
                    let first = table[Int(text[at])]
                    let second = table[Int(text[at + 1])]
                    let third = rest == 3 ? table[Int(text[at + 2])] : 0
                    bad |= first | second | third
                    buffer[count] = first << 2 | second >> 4
                    count += 1
                    if rest == 3 {
                        buffer[count] = second << 4 | third >> 2
                        count += 1
                    }
                    // Left-over bits must be zero, else one value would have several spellings.
                    if (rest == 2 ? second << 4 : third << 6) != 0 { bad = 255 }
                }
                valid = bad < 64
            }
        }
        return valid ? bytes : nil
    }
}
