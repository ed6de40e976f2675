import Crypto
import ExchangeCore
import Journal
import Synchronization

/// Patients' keys in one append-only file, each wrapped by the node's wrapping key and synced before it is used.
///
/// Records have 128 bytes, so that none crosses a disk sector: one is there whole or not at all. In memory lie the
/// wrapped keys only (about 100 bytes a patient); a key is unwrapped when it is needed. Many keys made at once share a
/// sync.
package final class FileKeyring: KeyringStore {
    struct State: Sendable {
        /// The record of each patient, counted from 1; negative when erased.
        var records: [PatientID: Int] = [:]
        /// Nonce, wrapped key and tag of each record, one behind the other.
        var wrapped: [UInt8] = []
        var failure: ExchangeError?
        /// Whether the file in use was removed, replaced or changed by another: memory alone has the keys then.
        var isLost = false
        /// Whether another file takes the place of the one in use right now.
        var isBeingReplaced = false
        /// Nil until the keyring is open.
        var open: Open?

        var count: Int { wrapped.count / FileKeyringRecord.wrappedBytes }
    }

    /// The file in use, and the key that wraps what is in it: exchanged together (`FileKeyringRewrap`).
    struct Open: Sendable {
        let file: DurableFile
        let wrappingKey: SymmetricKey
        /// How the file stood when it was last written here.
        var stamp: DurableFile.Stamp?

        init(file: DurableFile, wrappingKey: SymmetricKey) {
            self.file = file
            self.wrappingKey = wrappingKey
            stamp = file.stamp
        }
    }

    private typealias Outcome = Result<SymmetricKey, ExchangeError>

    /// Where it lies.
    package let path: String
    let world: World
    let calls: FileCalls
    let threads = BlockingThreads(count: 1)
    let state: Mutex<State>
    private let queue = GroupQueue<PatientID, [Outcome], Outcome>(
        waitingMax: 8192, waitingCostMax: 8192, groupMax: 1024, groupCostMax: 1024)

    private init(path: String, file: DurableFile, wrappingKey: SymmetricKey, world: World, calls: FileCalls, state: State) {
        var state = state
        state.open = Open(file: file, wrappingKey: wrappingKey)
        self.path = path
        self.world = world
        self.calls = calls
        self.state = Mutex(state)
    }

    /// Makes an empty keyring; the path's folder must exist. Throws `.conflict` when there is one already.
    package static func create(
        _ path: String, wrappingKey: SymmetricKey, world: World, calls: FileCalls = .system,
    ) async throws(ExchangeError) -> FileKeyring {
        try await BlockingThreads(count: 1).run { () throws(ExchangeError) in
            let file = try DurableFile(path, .create, calls: calls)
            guard file.lockExclusively() else { throw locked(path) }
            try file.write(try FileKeyringRecord.head(wrappingKey, world: world), at: 0)
            try file.sync()
            try folder(of: path, calls).sync()
            return FileKeyring(path: path, file: file, wrappingKey: wrappingKey, world: world, calls: calls, state: State())
        }
    }

    /// Opens a keyring. Throws `.notFound`, `.conflict` (another process holds it, or the wrapping key is another one)
    /// or `.corrupted` naming the record.
    package static func open(
        _ path: String, wrappingKey: SymmetricKey, world: World, calls: FileCalls = .system,
    ) async throws(ExchangeError) -> FileKeyring {
        try await BlockingThreads(count: 1).run { () throws(ExchangeError) in
            let file = try DurableFile(path, .update, calls: calls)
            guard file.lockExclusively() else { throw locked(path) }
            var recovery = FileKeyringRecovery(file)
            let state = try recovery.recover(wrappingKey)
            try folder(of: path, calls).sync()
            return FileKeyring(path: path, file: file, wrappingKey: wrappingKey, world: world, calls: calls, state: state)
        }
    }

    package func key(for patient: PatientID) async throws(ExchangeError) -> SymmetricKey? { try known(patient) }

    package func keyOrCreate(for patient: PatientID) async throws(ExchangeError) -> SymmetricKey {
        if let key = try known(patient) { return key }
        let outcome = await queue.submit(patient, cost: 1, first: { [await self.make($0)] }, second: { $0 })
        guard let outcome else {
            throw ExchangeError(.unavailable, "too many patients wait for their key; try again later")
        }
        return try outcome.get()
    }

    package func erase(_ patient: PatientID) async throws(ExchangeError) {
        try await threads.run { () throws(ExchangeError) in
            let (record, file) = try self.writable { state in state.records[patient] }
            if let record, record < 0 { return }
            // A patient without a key gets an erased record too, so that none is ever made.
            let number = record ?? (self.state.withLock { $0.count } + 1)
            do throws(ExchangeError) {
                let place = UInt64(number * FileKeyringRecord.bytes)
                let before = FileKeyringRecord(try file.read(at: place, count: FileKeyringRecord.bytes))
                let batch = before.map { Int($0.batch) } ?? number
                try file.write(FileKeyringRecord.erased(patient, batch: batch), at: place)
                try file.sync()
            } catch {
                throw self.fail(error)
            }
            try self.demandInPlace()
            self.state.withLock { state in
                let blank = [UInt8](repeating: 0, count: FileKeyringRecord.wrappedBytes)
                if record == nil {
                    state.wrapped += blank
                } else {
                    let at = (number - 1) * FileKeyringRecord.wrappedBytes
                    state.wrapped.replaceSubrange(at..<at + FileKeyringRecord.wrappedBytes, with: blank)
                }
                state.records[patient] = -number
                state.open?.stamp = file.stamp
            }
        }
    }

    /// Why no more keys can be made; nil while they can.
    package var failure: ExchangeError? { state.withLock { $0.failure } }

    /// Makes no more keys, and gives the file free; keys that are there can still be used.
    package func close() async {
        _ = await threads.attempt {
            let file = self.state.withLock { state in
                state.failure = ExchangeError(.unavailable, "the keyring is closed")
                return state.open?.file
            }
            file?.unlock()
        }
    }

    /// What a writer needs: something of the state, and the file. Throws when the keyring can no longer be written.
    func writable<Value>(_ look: (State) -> Value) throws(ExchangeError) -> (Value, DurableFile) {
        let (value, failure, open) = state.withLock { (look($0), $0.failure, $0.open) }
        if let failure { throw failure }
        guard let open else { throw ExchangeError(.unavailable, "the keyring is closed") }
        return (value, open.file)
    }

    static func locked(_ path: String) -> ExchangeError {
        ExchangeError(.conflict, "keyring locked by another process; is a node running on this folder?", at: path)
    }

    static func folder(of path: String, _ calls: FileCalls) -> DurableFolder {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return DurableFolder(
            parts.count == 1 ? "." : parts.dropLast().joined(separator: "/") + "/", calls: calls)
    }

    private func known(_ patient: PatientID) throws(ExchangeError) -> SymmetricKey? {
        let (record, wrapped, open): (Int?, [UInt8], Open?) = state.withLock { state in
            guard let record = state.records[patient], record > 0 else { return (state.records[patient], [], state.open) }
            let at = (record - 1) * FileKeyringRecord.wrappedBytes
            return (record, Array(state.wrapped[at..<at + FileKeyringRecord.wrappedBytes]), state.open)
        }
        guard let record, let wrappingKey = open?.wrappingKey else { return nil }
        guard record > 0 else { throw ExchangeError(.gone, "the patient's key was erased") }
        return try FileKeyringRecord.unwrap(wrapped, of: patient, wrappingKey, number: record)
    }

    private func make(_ patients: [PatientID]) async -> [Outcome] {
        do throws(ExchangeError) {
            return try await threads.run { () throws(ExchangeError) in try self.makeAll(patients) }
        } catch {
            return patients.map { _ in .failure(error) }
        }
    }

    private func makeAll(_ patients: [PatientID]) throws(ExchangeError) -> [Outcome] {
        // Only what is needed: a copy of the state that is still held would have every key of the node copied below.
        let (before, file) = try writable { state in
            (known: Set(patients.filter { state.records[$0] != nil }), count: state.count, wrappingKey: state.open?.wrappingKey)
        }
        guard let wrappingKey = before.wrappingKey else {
            throw ExchangeError(.unavailable, "the keyring is closed")
        }
        var made: [PatientID: [UInt8]] = [:]
        var order: [PatientID] = []
        var bytes: [UInt8] = []
        for patient in patients where !before.known.contains(patient) && made[patient] == nil {
            let wrapped = try FileKeyringRecord.wrap(
                SymmetricKey(data: world.randomBytes(32)), of: patient, wrappingKey, nonce: world.randomBytes(12))
            made[patient] = wrapped
            order.append(patient)
            bytes += FileKeyringRecord.live(patient, wrapped, batch: before.count + 1)
        }
        if !order.isEmpty {
            do throws(ExchangeError) {
                try file.write(bytes, at: UInt64((before.count + 1) * FileKeyringRecord.bytes))
                try file.sync()
            } catch {
                throw fail(error)
            }
            try demandInPlace()
            state.withLock { state in
                state.open?.stamp = file.stamp
                for patient in order {
                    state.wrapped += made[patient] ?? []
                    state.records[patient] = state.count
                }
            }
        }
        return patients.map { patient in
            do throws(ExchangeError) {
                guard let key = try known(patient) else {
                    throw ExchangeError(.internal, "a key that was made is not there")
                }
                return .success(key)
            } catch {
                return .failure(error)
            }
        }
    }

    func fail(_ cause: ExchangeError) -> ExchangeError {
        let failure = ExchangeError(
            .unavailable, "the keyring cannot be written: \(cause.message)",
            at: cause.location)
        state.withLock { $0.failure = failure }
        return failure
    }
}
