import Crypto
import ExchangeCore
import Journal

/// One record of a keyring: version (1 byte), state (1), patient (16), nonce (12), wrapped key (32), tag (16), number
/// of the first record that was synced with it (4), zeros up to 124, CRC-32C (4). The first record of the file is its
/// head.
struct FileKeyringRecord {
    enum State: UInt8 {
        case live = 1
        case erased = 2
        /// Was never written because its sync was cut off; filled in at the next start.
        case void = 3
    }

    let patient: PatientID
    let state: State
    /// A record with a later batch proves that everything before the batch was durable.
    let batch: UInt32
    /// Nonce, wrapped key and tag.
    let wrapped: [UInt8]

    static let bytes = 128
    static let wrappedBytes = 60
    private static let magic = Array("CONCKEYS".utf8)
    private static let headBound = Array("concordat/1/keyring".utf8)

    /// Nil when the bytes are not a whole record.
    init?(_ record: [UInt8]) {
        guard record.count == Self.bytes, record[0] == 1, let state = State(rawValue: record[1]),
            CRC32C.checksum(Array(record[..<124])) == record.littleEndian(UInt32.self, at: 124),
            let patient = PatientID(bytes: record[2..<18])
        else { return nil }
        self.patient = patient
        self.state = state
        batch = record.littleEndian(UInt32.self, at: 78)
        wrapped = Array(record[18..<18 + Self.wrappedBytes])
    }

    static func live(_ patient: PatientID, _ wrapped: [UInt8], batch: Int) -> [UInt8] {
        closed([1, State.live.rawValue] + patient.bytes + wrapped, batch: batch)
    }

    static func erased(_ patient: PatientID, batch: Int) -> [UInt8] {
        closed([1, State.erased.rawValue] + patient.bytes, batch: batch)
    }

    static func void(batch: Int) -> [UInt8] { closed([1, State.void.rawValue], batch: batch) }

    /// The first record: a magic, and something only the right wrapping key opens.
    static func head(_ wrappingKey: SymmetricKey, world: World) throws(ExchangeError) -> [UInt8] {
        let proof = try seal(
            [UInt8](repeating: 0, count: 32), wrappingKey, nonce: world.randomBytes(12), bound: headBound)
        return closed(magic + [1, 0] + proof, batch: 0)
    }

    static func check(head: [UInt8], _ wrappingKey: SymmetricKey, path: String) throws(ExchangeError) {
        guard head.count == bytes, head.starts(with: magic), head[8] == 1,
            CRC32C.checksum(Array(head[..<124])) == head.littleEndian(UInt32.self, at: 124)
        else { throw ExchangeError(.corrupted, "the file is not a keyring, or its head is damaged", at: path) }
        guard open(Array(head[10..<10 + wrappedBytes]), wrappingKey, bound: headBound) != nil else {
            throw ExchangeError(.conflict, "the wrapping key is not the one this keyring was made with", at: path)
        }
    }

    static func wrap(
        _ key: SymmetricKey, of patient: PatientID, _ wrappingKey: SymmetricKey, nonce: [UInt8],
    ) throws(ExchangeError) -> [UInt8] {
        try seal(key.withUnsafeBytes { Array($0) }, wrappingKey, nonce: nonce, bound: headBound + patient.bytes)
    }

    static func unwrap(
        _ wrapped: [UInt8], of patient: PatientID, _ wrappingKey: SymmetricKey, number: Int,
    ) throws(ExchangeError) -> SymmetricKey {
        guard let key = open(wrapped, wrappingKey, bound: headBound + patient.bytes) else {
            throw ExchangeError(
                .corrupted, "a patient's key does not open; restore the keyring", at: "record \(number)")
        }
        return SymmetricKey(data: key)
    }

    private static func closed(_ start: [UInt8], batch: Int) -> [UInt8] {
        var record = start + [UInt8](repeating: 0, count: 78 - start.count)
        record.appendLittleEndian(UInt32(truncatingIfNeeded: batch))
        record += [UInt8](repeating: 0, count: 124 - record.count)
        record.appendLittleEndian(CRC32C.checksum(record))
        return record
    }

    private static func seal(
        _ clear: [UInt8], _ key: SymmetricKey, nonce: [UInt8], bound: [UInt8],
    ) throws(ExchangeError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                clear, using: key, nonce: try AES.GCM.Nonce(data: nonce), authenticating: bound)
            return nonce + Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw ExchangeError(.internal, "wrapping a key failed: \(error)")
        }
    }

    private static func open(_ wrapped: [UInt8], _ key: SymmetricKey, bound: [UInt8]) -> [UInt8]? {
        guard wrapped.count == wrappedBytes, let nonce = try? AES.GCM.Nonce(data: wrapped[..<12]),
            let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: wrapped[12..<44], tag: wrapped[44...])
        else { return nil }
        return (try? AES.GCM.open(box, using: key, authenticating: bound)).map { Array($0) }
    }
}
