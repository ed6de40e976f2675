import Crypto
import ExchangeCore
import FoundationEssentials
import Journal

/// A file of a backup, sealed for a recovery key as it is written and opened as it is read (HPKE, RFC 9180, base mode:
/// X25519, HKDF-SHA256, ChaCha20-Poly1305).
///
/// Layout: `CONCPIEC` (8 bytes), version (1), encapsulated key (32), then chunks: length of the sealed bytes (4,
/// little-endian), sealed bytes. Chunks are sealed in order with the piece's name as `info`; one byte is authenticated with
/// each, 1 for the last, so that none can be left out, moved, or cut off.
package enum SealedPiece {
    private static let magic = Array("CONCPIEC".utf8) + [1]
    private static let chunkBytes = 1 << 20
    private static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly

    private static func info(_ name: String) -> Data { Data("concordat/1/backup/\(name)".utf8) }

    /// Writes a piece: bytes in any portions, then `end`.
    package struct Writer {
        /// Bytes in clear so far.
        package private(set) var clearBytes: UInt64 = 0
        private let file: DurableFile
        private var sender: HPKE.Sender
        private var waiting: [UInt8] = []
        private var offset: UInt64
        private var hash = SHA256()

        /// Begins a piece in a new file. Throws `.conflict` when the file is there.
        package init(_ path: String, name: String, for key: RecoveryKey.Public) throws(ExchangeError) {
            file = try DurableFile(path, .create)
            do {
                sender = try HPKE.Sender(
                    recipientKey: try Curve25519.KeyAgreement.PublicKey(rawRepresentation: key.bytes),
                    ciphersuite: suite, info: info(name))
            } catch {
                throw ExchangeError(.badRequest, "this recovery key cannot be sealed for")
            }
            let head = magic + Array(sender.encapsulatedKey)
            try file.write(head, at: 0)
            hash.update(data: head)
            offset = UInt64(head.count)
        }

        /// Takes the next bytes.
        package mutating func append(_ bytes: some Collection<UInt8>) throws(ExchangeError) {
            waiting += bytes
            clearBytes += UInt64(bytes.count)
            while waiting.count > chunkBytes {
                try seal(Array(waiting.prefix(chunkBytes)), isLast: false)
                waiting.removeFirst(chunkBytes)
            }
        }

        /// Writes what is left, syncs, and returns how long the file is and its SHA-256.
        package mutating func end() throws(ExchangeError) -> (bytes: UInt64, digest: [UInt8]) {
            try seal(waiting, isLast: true)
            waiting = []
            try file.sync()
            return (offset, Array(hash.finalize()))
        }

        private mutating func seal(_ chunk: [UInt8], isLast: Bool) throws(ExchangeError) {
            var bytes: [UInt8] = []
            do {
                let sealed = try sender.seal(chunk, authenticating: [UInt8(isLast ? 1 : 0)])
                bytes.appendLittleEndian(UInt32(truncatingIfNeeded: sealed.count))
                bytes += sealed
            } catch {
                throw ExchangeError(.internal, "sealing a backup failed")
            }
            try file.write(bytes, at: offset)
            hash.update(data: bytes)
            offset += UInt64(bytes.count)
        }
    }

    /// Opens a piece and hands its bytes over in portions, in order.
    ///
    /// Throws `.corrupted` when it is not the whole piece of that name, sealed for that key.
    package static func read(
        _ path: String, name: String, key: RecoveryKey, _ take: ([UInt8]) throws(ExchangeError) -> Void,
    ) throws(ExchangeError) {
        let file = try DurableFile(path, .read)
        let head = try file.read(at: 0, count: magic.count + 32)
        let damage = ExchangeError(
            .corrupted, "the piece is not whole, was changed, or is sealed for another recovery key", at: path)
        guard head.count == magic.count + 32, head.starts(with: magic) else { throw damage }
        var recipient: HPKE.Recipient
        do {
            recipient = try HPKE.Recipient(
                privateKey: key.privateKey, ciphersuite: suite, info: info(name),
                encapsulatedKey: Data(head.dropFirst(magic.count)))
        } catch { throw damage }
        let size = try file.size()
        var offset = UInt64(head.count)
        while true {
            let prefix = try file.read(at: offset, count: 4)
            guard prefix.count == 4 else { throw damage }
            let length = Int(prefix.littleEndian(UInt32.self, at: 0))
            guard length <= chunkBytes + 16 else { throw damage }
            let sealed = try file.read(at: offset + 4, count: length)
            guard sealed.count == length else { throw damage }
            offset += 4 + UInt64(length)
            let isLast = offset == size
            let clear: [UInt8]
            do {
                clear = Array(try recipient.open(sealed, authenticating: [UInt8(isLast ? 1 : 0)]))
            } catch { throw damage }
            try take(clear)
            if isLast { return }
        }
    }

    /// SHA-256 of a file as it lies there, and its length; nil when it is missing.
    package static func digest(of path: String) throws(ExchangeError) -> (bytes: UInt64, digest: [UInt8])? {
        let file: DurableFile
        do throws(ExchangeError) { file = try DurableFile(path, .read) } catch where error.code == .notFound { return nil }
        var hash = SHA256()
        var offset: UInt64 = 0
        while true {
            let part = try file.read(at: offset, count: 1 << 20)
            if part.isEmpty { return (offset, Array(hash.finalize())) }
            hash.update(data: part)
            offset += UInt64(part.count)
        }
    }
}
