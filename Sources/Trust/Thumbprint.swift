import Crypto
import ExchangeCore

/// A SHA-256 digest that names a key, a certificate or a signed text; written as 43 characters of base64url.
package struct Thumbprint: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// The digest of some bytes.
    package init(of content: some Sequence<UInt8>) {
        var hash = SHA256()
        hash.update(data: Array(content))
        bytes = Array(hash.finalize())
    }

    /// Reads the one canonical base64url spelling of 32 bytes; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 43, let bytes = Base64.decode(text, .url), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads a digest as people copy it: base64url, or 64 hexadecimal digits with or without colons; nil for anything else.
    package init?(anyForm text: String) {
        if let thumbprint = Thumbprint(text) {
            self = thumbprint
            return
        }
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        let isGrouped = text.utf8.count == 95 && text.utf8.enumerated().allSatisfy { ($1 == UInt8(ascii: ":")) == ($0 % 3 == 2) }
        guard digits.count == 64, isGrouped || text.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: 64, by: 2) {
            guard let byte = Self.value(digits[start]), let low = Self.value(digits[start + 1]) else { return nil }
            bytes.append(byte << 4 | low)
        }
        self.bytes = bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    /// The 43 characters of base64url without padding (RFC 4648 section 5).
    package var text: String { Base64.encode(bytes, .url) }

    package var description: String { text }

    package static func < (left: Thumbprint, right: Thumbprint) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
