import Crypto
import ExchangeCore

/// Seals entries and documents under a patient's key, and opens them again.
///
/// Each thing is sealed with AES-256-GCM under a key of its own, derived by HKDF-SHA256 (RFC 5869) from the patient's
/// key with 16 random bytes as salt; since no key seals twice, the nonce is zero. The header of an entry, and a
/// document's id with its patient's, are authenticated with it, so that nothing can be exchanged for another.
package enum EntrySeal {
    static let saltBytes = 16
    static let tagBytes = 16
    static let payloadPurpose = Array("concordat/1/payload".utf8)
    private static let contentPurpose = Array("concordat/1/content/".utf8)

    /// An entry's bytes: header, then the payload, sealed when a key is given (it must be the header's subject's).
    package static func seal(
        _ payload: [UInt8], header: EntryHeader, key: SymmetricKey?,
    ) throws(ExchangeError) -> [UInt8] {
        let head = header.encoded()
        guard let key else { return head + payload }
        return head + (try box(payload, key, salt: header.salt, purpose: payloadPurpose, bound: head))
    }

    /// The payload of an entry's bytes in clear. Throws `.corrupted` when they are not what was sealed.
    package static func open(
        _ entry: [UInt8], header: EntryHeader, key: SymmetricKey?,
    ) throws(ExchangeError) -> [UInt8] {
        let bytes = header.encodedBytes
        guard let key else { return Array(entry[bytes...]) }
        return try unbox(
            entry[bytes...], key, salt: header.salt, purpose: payloadPurpose, bound: Array(entry[..<bytes]))
    }

    /// A document's sealed bytes: version (1), salt (16), then the sealed bytes and their tag.
    package static func seal(
        _ content: DraftContent, of patient: PatientID, key: SymmetricKey, salt: [UInt8],
    ) throws(ExchangeError) -> SealedContent {
        let head = [1] + salt
        let sealed =
            head
            + (try box(
                content.bytes, key, salt: salt, purpose: contentPurpose + content.document.bytes,
                bound: head + patient.bytes + content.document.bytes))
        return SealedContent(document: content.document, bytes: sealed, digest: digest(of: sealed))
    }

    /// A document's bytes in clear. Throws `.corrupted` when they are not this document's of this patient.
    package static func open(
        _ sealed: [UInt8], document: DocumentID, of patient: PatientID, key: SymmetricKey,
    ) throws(ExchangeError) -> [UInt8] {
        guard sealed.count >= 1 + saltBytes + tagBytes, sealed[0] == 1 else {
            throw ExchangeError(.corrupted, "sealed document has no readable head")
        }
        let head = Array(sealed[...saltBytes])
        return try unbox(
            sealed[(1 + saltBytes)...], key, salt: Array(head[1...]), purpose: contentPurpose + document.bytes,
            bound: head + patient.bytes + document.bytes)
    }

    /// SHA-256.
    package static func digest(of bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest(of: $0) } }

    /// SHA-256 of bytes that lie elsewhere.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        return hash.finalize().withUnsafeBytes { [UInt8]($0) }
    }

    static func derived(_ key: SymmetricKey, _ salt: [UInt8], _ purpose: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, salt: salt, info: purpose, outputByteCount: 32)
    }

    private static func box(
        _ clear: [UInt8], _ key: SymmetricKey, salt: [UInt8], purpose: [UInt8], bound: [UInt8],
    ) throws(ExchangeError) -> [UInt8] {
        do {
            let nonce = try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12))
            let sealed = try AES.GCM.seal(
                clear, using: derived(key, salt, purpose), nonce: nonce, authenticating: bound)
            return Array(sealed.ciphertext) + Array(sealed.tag)
        } catch {
            throw ExchangeError(.internal, "sealing failed: \(error)")
        }
    }

    private static func unbox(
        _ sealed: ArraySlice<UInt8>, _ key: SymmetricKey, salt: [UInt8], purpose: [UInt8], bound: [UInt8],
    ) throws(ExchangeError) -> [UInt8] {
        guard sealed.count >= tagBytes else { throw ExchangeError(.corrupted, "sealed bytes are cut short") }
        do {
            let nonce = try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12))
            let box = try AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed.dropLast(tagBytes), tag: sealed.suffix(tagBytes))
            return Array(try AES.GCM.open(box, using: derived(key, salt, purpose), authenticating: bound))
        } catch {
            throw ExchangeError(.corrupted, "sealed bytes do not open: they were changed, or belong to another")
        }
    }
}
