import Crypto
import ExchangeCore

/// Opening one entry for an outsider without opening any other: the entry's own key, made from its patient's.
extension EntrySeal {
    /// The key that opens this entry's payload and nothing else, 32 bytes (HKDF-SHA256 of the patient's key, the entry's
    /// salt as salt, `concordat/1/payload` as info).
    package static func payloadKey(_ header: EntryHeader, of key: SymmetricKey) -> [UInt8] {
        derived(key, header.salt, payloadPurpose).withUnsafeBytes { Array($0) }
    }

    /// The payload of an entry's bytes, opened with the entry's own key. Throws `.corrupted` when it does not open.
    package static func open(_ entry: [UInt8], header: EntryHeader, payloadKey: [UInt8]) throws(ExchangeError) -> [UInt8] {
        let bytes = header.encodedBytes
        guard entry.count >= bytes + tagBytes, payloadKey.count == 32 else {
            throw ExchangeError(.corrupted, "sealed bytes are cut short")
        }
        do {
            let nonce = try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12))
            let box = try AES.GCM.SealedBox(
                nonce: nonce, ciphertext: entry[bytes...].dropLast(tagBytes), tag: entry.suffix(tagBytes))
            return Array(
                try AES.GCM.open(box, using: SymmetricKey(data: payloadKey), authenticating: Array(entry[..<bytes])))
        } catch {
            throw ExchangeError(.corrupted, "the entry does not open with this key")
        }
    }
}

extension JournalReader {
    /// An entry as it lies in the store, sealed. Throws `.notFound` beyond the end.
    package func stored(_ position: JournalPosition) async throws(ExchangeError) -> StoredEntry {
        guard let entry = try await store.read(from: position, limit: 1).first else {
            throw ExchangeError(.notFound, "the journal has no entry \(position) yet")
        }
        return entry
    }

    /// The key that opens one stored entry and no other; nil for one that stands in clear. Throws `.gone` when the
    /// patient's key was erased.
    package func payloadKey(of entry: StoredEntry) async throws(ExchangeError) -> [UInt8]? {
        guard let header = EntryHeader(entry.bytes), let subject = header.subject else { return nil }
        guard let key = try await keyring.key(for: subject) else { return nil }
        return EntrySeal.payloadKey(header, of: key)
    }

    /// The positions of the entries about a patient, oldest first, at most `limit`; reads every header.
    package func positions(about patient: PatientID, limit: Int) async throws(ExchangeError) -> [JournalPosition] {
        var positions: [JournalPosition] = []
        var next: JournalPosition = 0
        while positions.count < limit {
            let entries = try await store.read(from: next, limit: 4096)
            guard let last = entries.last else { break }
            for entry in entries where EntryHeader.subject(of: entry.bytes) == patient { positions.append(entry.position) }
            next = last.position + 1
        }
        return Array(positions.prefix(limit))
    }
}

extension EntryHeader {
    /// The patient an entry is about, without reading the rest of its header.
    package static func subject(of entry: [UInt8]) -> PatientID? {
        guard entry.count >= fixedBytes, entry[0] == 1, entry[2] == 1 else { return nil }
        return PatientID(bytes: entry[14..<30])
    }
}

extension JournalReader {
    /// The entries of a range whose header is wanted, opened; the others are not.
    package func entries(
        in range: Range<JournalPosition>, where isWanted: (EntryHeader) -> Bool,
    ) async throws(ExchangeError) -> [CommittedEntry] {
        var entries: [CommittedEntry] = []
        var next = range.lowerBound
        while next < range.upperBound {
            let stored = try await store.read(from: next, limit: Int(clamping: range.upperBound - next))
            guard let last = stored.last else { break }
            for one in stored {
                guard let header = EntryHeader(one.bytes), isWanted(header) else { continue }
                entries.append(try await open(one))
            }
            next = last.position + 1
        }
        return entries
    }
}

extension JournalReader {
    /// Destroys a patient's key: nothing sealed under it opens again. Durable when it returns; safe to repeat.
    package func destroyKey(of patient: PatientID) async throws(ExchangeError) {
        do throws(ExchangeError) {
            guard try await keyring.key(for: patient) != nil else { return }
        } catch  where error.code == .gone {
            return
        }
        try await keyring.erase(patient)
    }
}
