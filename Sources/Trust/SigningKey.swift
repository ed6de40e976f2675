import Crypto
import ExchangeCore

/// A node's, an authority's or a client's P-256 private key: for its certificate and its JWS signatures (ES256).
package struct SigningKey: Sendable {
    let key: P256.Signing.PrivateKey

    /// A new key.
    ///
    /// Draws from the system's generator inside swift-crypto and not from a `World`: BoringSSL takes no foreign
    /// randomness, and a key that follows from a simulation's seed would be no secret.
    package init() { key = P256.Signing.PrivateKey() }

    /// Reads a PEM text, SEC 1 (`EC PRIVATE KEY`) or PKCS #8 (`PRIVATE KEY`); `.badRequest` for anything but P-256.
    package init(pem: String) throws(ExchangeError) {
        do { key = try P256.Signing.PrivateKey(pemRepresentation: pem) } catch {
            throw ExchangeError(.badRequest, "this is no P-256 private key in PEM; make one with hie certificate init")
        }
    }

    /// Reads the DER form, SEC 1 or PKCS #8; `.badRequest` for anything but P-256.
    package init(der: [UInt8]) throws(ExchangeError) {
        do { key = try P256.Signing.PrivateKey(derRepresentation: der) } catch {
            throw ExchangeError(.badRequest, "the private key is not P-256; ask for a certificate of such a key")
        }
    }

    /// A key from its 32-byte scalar, so that tests and simulations repeat; nil outside the curve's order.
    package init?(scalar: [UInt8]) {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar) else { return nil }
        self.key = key
    }

    /// The PKCS #8 PEM form; a secret, for files of mode 0600.
    package var pem: String { key.pemRepresentation }

    /// The PKCS #8 DER form; a secret.
    package var der: [UInt8] { Array(key.derRepresentation) }

    /// The public half.
    package var publicKey: VerifyingKey { VerifyingKey(key.publicKey) }

    /// The 64-byte ES256 signature of some bytes: r and s, big-endian (RFC 7518 section 3.4).
    package func sign(_ content: [UInt8]) throws(ExchangeError) -> [UInt8] {
        do { return Array(try key.signature(for: content).rawRepresentation) } catch {
            throw ExchangeError(.internal, "the node's key cannot sign")
        }
    }
}

/// A P-256 public key, known by the thumbprint of its SubjectPublicKeyInfo.
package struct VerifyingKey: Sendable, Hashable {
    let key: P256.Signing.PublicKey
    /// SHA-256 of the SubjectPublicKeyInfo: the `kid` of all our tokens, and what an admission names.
    package let thumbprint: Thumbprint

    init(_ key: P256.Signing.PublicKey) {
        self.key = key
        thumbprint = Thumbprint(of: key.derRepresentation)
    }

    /// Reads a SubjectPublicKeyInfo in DER; nil for anything but the canonical form of a point on P-256.
    package init?(spki: [UInt8]) {
        guard let key = try? P256.Signing.PublicKey(derRepresentation: spki), Array(key.derRepresentation) == spki else {
            return nil
        }
        self.init(key)
    }

    /// Reads a PEM text (`PUBLIC KEY`); `.badRequest` for anything but P-256.
    package init(pem: String) throws(ExchangeError) {
        do { self.init(try P256.Signing.PublicKey(pemRepresentation: pem)) } catch {
            throw ExchangeError(.badRequest, "this is no P-256 public key in PEM")
        }
    }

    /// The SubjectPublicKeyInfo in DER, 91 bytes.
    package var spki: [UInt8] { Array(key.derRepresentation) }

    /// The PEM form.
    package var pem: String { key.pemRepresentation }

    /// Whether a 64-byte ES256 signature is this key's over those bytes.
    package func verifies(_ signature: [UInt8], of content: [UInt8]) -> Bool {
        guard signature.count == 64, let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else {
            return false
        }
        return key.isValidSignature(parsed, for: content)
    }

    package static func == (left: VerifyingKey, right: VerifyingKey) -> Bool { left.thumbprint == right.thumbprint }

    package func hash(into hasher: inout Hasher) { hasher.combine(thumbprint) }
}
