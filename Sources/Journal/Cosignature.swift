import Crypto
import ExchangeCore

/// What a witness says of a checkpoint: at that time it was the largest of this log that it had seen, and it continued
/// every one before (C2SP tlog-cosignature, `cosignature/v1`).
///
/// The line's bytes are the time in seconds (8 bytes, big-endian) and an Ed25519 signature over `cosignature/v1`, the
/// line `time N`, and the note's text. The same key pair signs a node's own checkpoints; the key's id and what is signed
/// keep the two apart. A node cosigns its own checkpoints too: then a smaller head of a later time contradicts it.
package struct Cosignature: Sendable, Equatable {
    static let type: UInt8 = 4
    static let bytes = 72

    /// When, in seconds since 1970.
    package let time: UInt64
    /// The signature, 64 bytes.
    package let signature: [UInt8]

    /// Reads what stands in a note's line behind the key's id; nil when it is of another form.
    package init?(_ line: SignedNote.Signature) {
        guard line.bytes.count == Self.bytes else { return nil }
        time = line.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        signature = Array(line.bytes.suffix(64))
    }

    /// What is signed.
    static func message(_ text: String, time: UInt64) -> [UInt8] { Array("cosignature/v1\ntime \(time)\n\(text)".utf8) }
}

extension NoteVerifier {
    /// The key's id when it cosigns: the first four bytes of SHA-256 over name, newline, type 0x04 and public key.
    package var cosigningKeyID: [UInt8] {
        Array(EntrySeal.digest(of: Array(name.utf8) + [0x0A, Cosignature.type] + publicKey).prefix(4))
    }

    /// `name+id+key` of the key as a cosigner, as public tools read it.
    package var cosigningText: String {
        "\(name)+\(Hexadecimal.encode(cosigningKeyID))+\(Base64.encode([Cosignature.type] + publicKey))"
    }

    /// Reads `name+id+key` of a cosigner; nil when it is not one, or the id is not the key's.
    package init?(cosigningText text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let key = Base64.decode(String(parts[2])), key.count == 33, key[0] == Cosignature.type,
            let made = Self(name: String(parts[0]), publicKey: Array(key[1...])),
            Hexadecimal.decode(parts[1]) == made.cosigningKeyID
        else { return nil }
        self = made
    }

    /// When this key last cosigned the note; nil when it never did, or a line under its id is bad.
    package func cosigned(_ note: SignedNote) -> UInt64? {
        let id = cosigningKeyID
        let own = note.signatures.filter { $0.keyID == id && $0.name.utf8.elementsEqual(name.utf8) }
        guard !own.isEmpty, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return nil }
        var newest: UInt64?
        for line in own {
            guard let cosignature = Cosignature(line),
                key.isValidSignature(
                    cosignature.signature, for: Cosignature.message(note.text, time: cosignature.time))
            else { return nil }
            newest = max(newest ?? 0, cosignature.time)
        }
        return newest
    }
}

extension NoteSigner {
    /// This key's cosignature on a checkpoint's text at a time, in seconds since 1970. Throws `.internal`.
    package func cosign(_ text: String, time: UInt64) throws(ExchangeError) -> SignedNote.Signature {
        do {
            let signature = Array(try key.signature(for: Cosignature.message(text, time: time)))
            return SignedNote.Signature(
                name: verifier.name, keyID: verifier.cosigningKeyID,
                bytes: (0..<8).map { UInt8(truncatingIfNeeded: time >> UInt64(56 - 8 * $0)) } + signature)
        } catch {
            throw ExchangeError(.internal, "cosigning the checkpoint failed: \(error)")
        }
    }
}

extension SignedNote {
    /// The note with further lines; a line whose name and key id are there already takes the older one's place.
    package func adding(_ lines: [Signature]) -> SignedNote {
        var signatures = signatures
        for line in lines {
            let place = signatures.firstIndex { $0.keyID == line.keyID && $0.name.utf8.elementsEqual(line.name.utf8) }
            if let place { signatures[place] = line } else { signatures.append(line) }
        }
        return SignedNote(text: text, signatures: signatures)
    }

    /// Signature lines as a witness answers them; throws `.badRequest`.
    package static func lines(_ text: String) throws(ExchangeError) -> [Signature] {
        try SignedNote(parsing: "\n\n" + text).signatures
    }

    /// A signature line as it stands under a note, with its newline.
    package static func line(_ signature: Signature) -> String {
        let note = SignedNote(text: "\n", signatures: [signature]).description
        return String(note.dropFirst(2))
    }
}
