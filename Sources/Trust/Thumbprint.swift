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

    /// The 43 characters of base64url without padding (RFC 4648 section 5).
    package var text: String { Base64.encode(bytes, .url) }

    package var description: String { text }

    package static func < (left: Thumbprint, right: Thumbprint) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
