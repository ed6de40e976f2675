import Crypto
import ExchangeCore
import Glibc
import Journal
import Synchronization

extension FileKeyring {
    /// Whether a keyring's head opens with that wrapping key; false when there is no keyring.
    ///
    /// Throws `.corrupted` when the file is no keyring.
    package static func isWrapped(_ path: String, by wrappingKey: SymmetricKey) throws(ExchangeError) -> Bool {
        do throws(ExchangeError) {
            let head = try DurableFile(path, .read).read(at: 0, count: FileKeyringRecord.bytes)
            try FileKeyringRecord.check(head: head, wrappingKey, path: path)
            return true
        } catch where error.code == .notFound || error.code == .conflict {
            return false
        }
    }

    /// Whether a keyring's bytes begin with a head that opens with that wrapping key.
    package static func isWrapped(_ bytes: [UInt8], by wrappingKey: SymmetricKey) -> Bool {
        let head = Array(bytes.prefix(FileKeyringRecord.bytes))
        do throws(ExchangeError) { try FileKeyringRecord.check(head: head, wrappingKey, path: "") } catch { return false }
        return true
    }

    /// Opens every key in a keyring's bytes; how many there are. Throws `.corrupted` naming the record.
    package static func check(_ bytes: [UInt8], wrappingKey: SymmetricKey) throws(ExchangeError) -> Int {
        guard isWrapped(bytes, by: wrappingKey) else {
            throw ExchangeError(.corrupted, "the keyring's head is damaged, or the wrapping key is another one")
        }
        var count = 0
        var number = 1
        while (number + 1) * FileKeyringRecord.bytes <= bytes.count {
            let start = number * FileKeyringRecord.bytes
            let bytes = Array(bytes[start..<start + FileKeyringRecord.bytes])
            if let record = FileKeyringRecord(bytes) {
                if record.state == .live {
                    _ = try FileKeyringRecord.unwrap(record.wrapped, of: record.patient, wrappingKey, number: number)
                    count += 1
                }
            } else if bytes.contains(where: { $0 != 0 }) {
                throw ExchangeError(.corrupted, "a record of the keyring is damaged", at: "record \(number)")
            }
            number += 1
        }
        return count
    }

    /// Wraps every key by another wrapping key, into a new file that takes the old one's place as a whole; keys can be used
    /// all the while, and those that are to be made wait. Returns how many keys were wrapped.
    ///
    /// Throws `.unavailable` when the disk refuses: the old file and the old wrapping key hold on then.
    package func rewrap(by next: SymmetricKey) async throws(ExchangeError) -> Int {
        try await threads.run { () throws(ExchangeError) in
            let (before, file) = try self.writable { $0 }
            guard let wrappingKey = before.open?.wrappingKey else {
                throw ExchangeError(.unavailable, "the keyring is closed")
            }
            let temporary = self.path + ".new"
            unlink(temporary)
            let made = try DurableFile(temporary, .create, calls: self.calls)
            guard made.lockExclusively() else { throw Self.locked(temporary) }
            var bytes = try FileKeyringRecord.head(next, world: self.world)
            var wrapped: [UInt8] = []
            var count = 0
            for number in 0..<before.count {
                let place = UInt64((number + 1) * FileKeyringRecord.bytes)
                let old = try file.read(at: place, count: FileKeyringRecord.bytes)
                guard let record = FileKeyringRecord(old) else {
                    throw ExchangeError(
                        .corrupted, "a record of the keyring is damaged; put it back with hie keyring restore",
                        at: "\(self.path), offset \(place)")
                }
                guard record.state == .live else {
                    bytes += old
                    wrapped += record.wrapped
                    continue
                }
                let key = try FileKeyringRecord.unwrap(record.wrapped, of: record.patient, wrappingKey, number: number + 1)
                let again = try FileKeyringRecord.wrap(
                    key, of: record.patient, next, nonce: self.world.randomBytes(12))
                bytes += FileKeyringRecord.live(record.patient, again, batch: Int(record.batch))
                wrapped += again
                count += 1
            }
            try made.write(bytes, at: 0)
            try made.sync()
            self.state.withLock { $0.isBeingReplaced = true }
            defer { self.state.withLock { $0.isBeingReplaced = false } }
            guard rename(temporary, self.path) == 0 else { throw FileErrors.error("replace", self.path) }
            do throws(ExchangeError) {
                try Self.folder(of: self.path, self.calls).sync()
            } catch {
                // Which of the two files a power cut would leave is not known: nothing may be written to either.
                throw self.fail(error)
            }
            let open = Open(file: made, wrappingKey: next)
            self.state.withLock { state in
                state.wrapped = wrapped
                state.open = open
            }
            return count
        }
    }
}
