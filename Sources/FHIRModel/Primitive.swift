import ExchangeCore
import JSON

/// FHIR's primitive types (R4, 2.24.0.1).
package enum Primitive: String, Sendable, CaseIterable {
    case base64Binary, boolean, canonical, code, date, dateTime, decimal, id, instant, integer, markdown, oid
    case positiveInt, string, time, unsignedInt, uri, url, uuid, xhtml

    /// Whether a value is one of this type; base64 must be the one canonical spelling, without white space.
    package func accepts(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.boolean, .bool), (.decimal, .number): true
        case (.integer, .number(let text)): Self.integer(text).map { $0 >= Int(Int32.min) } ?? false
        case (.unsignedInt, .number(let text)): Self.integer(text).map { $0 >= 0 } ?? false
        case (.positiveInt, .number(let text)): Self.integer(text).map { $0 >= 1 } ?? false
        case (_, .string(let text)): acceptsText(text)
        default: false
        }
    }

    private func acceptsText(_ text: String) -> Bool {
        guard !text.isEmpty else { return false }
        switch self {
        case .boolean, .decimal, .integer, .unsignedInt, .positiveInt: return false
        case .string, .markdown: return Self.hasOnlyTextCharacters(text)
        case .code: return Self.isCode(text)
        case .uri, .url, .canonical: return text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        case .id: return Self.isID(text)
        case .oid: return text.utf8.starts(with: "urn:oid:".utf8) && OID(text) != nil
        case .uuid: return text.utf8.starts(with: "urn:uuid:".utf8) && LocalID<Void>(text) != nil
        case .date: return PartialDate(text).map { $0.precision != .time } ?? false
        case .dateTime: return PartialDate(text).map { $0.precision != .time || Self.hasSeconds(text) } ?? false
        case .instant: return PartialDate(text).map { $0.precision == .time && Self.hasSeconds(text) } ?? false
        case .time: return PartialDate("2000-01-01T" + text + "Z") != nil && text.utf8.count >= 8
        case .base64Binary: return Self.isBase64(text)
        case .xhtml: return text.utf8.starts(with: "<div".utf8) && Self.hasOnlyTextCharacters(text)
        }
    }

    /// A JSON number written as an integer of at most 32 bits.
    private static func integer(_ text: String) -> Int? {
        Int(text).flatMap { $0 <= Int(Int32.max) && text.utf8.first != UInt8(ascii: "+") ? $0 : nil }
    }

    private static func isID(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                    || $0 == 0x2E
            }
    }

    /// No blank at either end, none but single blanks within.
    private static func isCode(_ text: String) -> Bool {
        var afterBlank = true
        for byte in text.utf8 {
            if byte == 0x20 {
                if afterBlank { return false }
                afterBlank = true
            } else {
                guard byte > 0x20 else { return false }
                afterBlank = false
            }
        }
        return !afterBlank
    }

    private static func hasOnlyTextCharacters(_ text: String) -> Bool {
        var isBlank = true
        for byte in text.utf8 {
            if byte > 0x20 {
                isBlank = false
            } else if byte != 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D {
                return false
            }
        }
        return !isBlank
    }

    /// FHIR wants seconds where there are hours.
    private static func hasSeconds(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count >= 20 && bytes[16] == UInt8(ascii: ":")
    }

    private static let isBase64Digit: [Bool] = (0..<256).map { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2B
            || byte == 0x2F
    }

    /// The alphabet in one pass; the last group, where spellings could differ, by the strict decoder.
    private static func isBase64(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count % 4 == 0 else { return false }
            let ending = String(decoding: bytes.suffix(4), as: UTF8.self)
            guard Base64.decode(ending) != nil else { return false }
            return isBase64Digit.withUnsafeBufferPointer { table in
                var isValid = true
                for byte in bytes.dropLast(4) { isValid = isValid && table[Int(byte)] }
                return isValid
            }
        }
    }
}
