import ExchangeCore
import Glibc
import Journal
import Synchronization

/// What becomes of a keyring whose file is removed, replaced or changed while it is open: no key is made any more, and the
/// file is written anew from memory, which has every key that was ever acknowledged.
extension FileKeyring {
    /// Whether the file that was in use is lost, and was not put back yet.
    package var isLost: Bool { state.withLock { $0.isLost } }

    /// Throws `.unavailable` when the path does not lead to the file in use any more.
    package func demandInPlace() throws(ExchangeError) {
        let isLost = state.withLock { state in
            guard !state.isLost else { return true }
            // A keyring that is closed, or has failed otherwise, says so when it is asked for a key.
            guard state.failure == nil, !state.isBeingReplaced, let open = state.open else { return false }
            return !open.file.isInPlace(at: path)
        }
        if isLost { throw lose("its file was removed or replaced") }
    }

    /// Looks whether the file in use is still there as it was last written here; `failure` says so when it is not.
    package func watch() async {
        _ = await threads.attempt {
            do throws(ExchangeError) { try self.demandInPlace() } catch { return }
            let isChanged = self.state.withLock { state in
                guard state.failure == nil, let open = state.open else { return false }
                return open.file.stamp != open.stamp
            }
            if isChanged { _ = self.lose("its file was changed") }
        }
    }

    /// Writes a file that was lost anew, from memory; whether it had to. Keys are made again once it was opened anew.
    ///
    /// Throws `.unavailable` when the disk refuses; may be tried again.
    package func putBack() async throws(ExchangeError) -> Bool {
        try await threads.run { () throws(ExchangeError) in
            let state = self.state.withLock { $0 }
            guard state.isLost, let open = state.open else { return false }
            let name = String(self.path.split(separator: "/").last ?? "keyring")
            let head = try FileKeyringRecord.head(open.wrappingKey, world: self.world)
            try Self.folder(of: self.path, self.calls).replace(name, with: head + state.recordBytes)
            self.state.withLock { $0.isLost = false }
            return true
        }
    }

    private func lose(_ how: String) -> ExchangeError {
        let lost = ExchangeError(
            .unavailable, "the keyring is lost: \(how) while the node runs, by something else than the node", at: path)
        return state.withLock { state in
            guard !state.isLost else { return state.failure ?? lost }
            state.isLost = true
            state.failure = lost
            return lost
        }
    }
}

extension FileKeyring.State {
    /// The records as a file has them, made from memory. Each is a batch of its own: they become durable as a whole.
    fileprivate var recordBytes: [UInt8] {
        var patients = [(PatientID, isErased: Bool)?](repeating: nil, count: count)
        for (patient, number) in records { patients[abs(number) - 1] = (patient, number < 0) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * FileKeyringRecord.bytes)
        for (index, owner) in patients.enumerated() {
            let at = index * FileKeyringRecord.wrappedBytes
            guard let (patient, isErased) = owner else {
                bytes += FileKeyringRecord.void(batch: index + 1)
                continue
            }
            bytes += isErased
                ? FileKeyringRecord.erased(patient, batch: index + 1)
                : FileKeyringRecord.live(
                    patient, Array(wrapped[at..<at + FileKeyringRecord.wrappedBytes]), batch: index + 1)
        }
        return bytes
    }
}
