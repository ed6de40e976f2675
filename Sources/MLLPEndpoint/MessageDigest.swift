import Crypto

/// Names what feeds have taken, so that whoever reads the names without the node's own secret learns nothing of it.
package struct MessageDigest: Sendable {
    private let key: SymmetricKey

    /// Digests under a secret of 32 bytes; those of another secret are others.
    package init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    /// HMAC-SHA256 of some bytes, its first 16 (RFC 2104, section 5).
    package func of(_ bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key).prefix(16))
    }
}
