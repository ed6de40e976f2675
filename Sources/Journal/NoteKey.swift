import Crypto
import ExchangeCore

/// A public Ed25519 key that signs notes under a name (C2SP signed-note, type 0x01).
package struct NoteVerifier: Sendable, Equatable {
    /// The name of the key; for a node's log its origin.
    package let name: String
    /// 32 bytes.
    package let publicKey: [UInt8]
    /// The first four bytes of SHA-256 over name, newline, type and public key.
    package let keyID: [UInt8]

    private static let type: UInt8 = 1

    /// A key and its name; nil when the name is not allowed or the key is not 32 bytes.
    package init?(name: String, publicKey: [UInt8]) {
        guard SignedNote.isName(name.utf8), publicKey.count == 32 else { return nil }
        self.name = name
        self.publicKey = publicKey
        keyID = Array(EntrySeal.digest(of: Array(name.utf8) + [0x0A, Self.type] + publicKey).prefix(4))
    }

    /// Reads `name+id+key`, as public tools write it; nil when it is not one, or the id is not the key's.
    package init?(text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let key = Base64.decode(String(parts[2])), key.count == 33, key[0] == Self.type,
            let made = Self(name: String(parts[0]), publicKey: Array(key[1...])),
            Hexadecimal.decode(parts[1]) == made.keyID
        else { return nil }
        self = made
    }

    /// `name+id+key`, as public tools read it.
    package var text: String {
        "\(name)+\(Hexadecimal.encode(keyID))+\(Base64.encode([Self.type] + publicKey))"
    }

    /// Whether this key signed the note: at least one signature is its own, and none of its own is bad.
    package func verifies(_ note: SignedNote) -> Bool {
        let own = note.signatures.filter { $0.keyID == keyID && $0.name.utf8.elementsEqual(name.utf8) }
        guard !own.isEmpty, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
            return false
        }
        return own.allSatisfy { key.isValidSignature($0.bytes, for: Array(note.text.utf8)) }
    }
}

/// The private key under a node's log.
package struct NoteSigner: Sendable {
    /// The public half.
    package let verifier: NoteVerifier
    let key: Curve25519.Signing.PrivateKey

    /// A key (32 bytes, the seed of RFC 8032) and its name. Throws `.badRequest` when either is not fit.
    package init(name: String, privateKey: [UInt8]) throws(ExchangeError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: privateKey),
            let verifier = NoteVerifier(name: name, publicKey: Array(key.publicKey.rawRepresentation))
        else { throw ExchangeError(.badRequest, "log key or its name cannot be used") }
        self.key = key
        self.verifier = verifier
    }

    /// The text (ending in a newline) with this key's signature. Throws `.internal`.
    package func sign(_ text: String) throws(ExchangeError) -> SignedNote {
        do {
            let bytes = Array(try key.signature(for: Array(text.utf8)))
            return SignedNote(
                text: text,
                signatures: [SignedNote.Signature(name: verifier.name, keyID: verifier.keyID, bytes: bytes)])
        } catch {
            throw ExchangeError(.internal, "signing the checkpoint failed: \(error)")
        }
    }
}
