import Crypto

/// The hashes of a document's bytes.
package struct ContentDigest: Hashable, Sendable {
    /// SHA-1, which XDS (hex) and FHIR (base64) carry as `hash`; 20 bytes. Never decides sameness alone.
    package let sha1: [UInt8]
    /// SHA-256, which decides whether two documents are the same here; 32 bytes.
    package let sha256: [UInt8]

    /// The digest of some bytes.
    package init(_ bytes: [UInt8]) {
        sha1 = Array(Insecure.SHA1.hash(data: bytes))
        sha256 = Array(SHA256.hash(data: bytes))
    }
}
