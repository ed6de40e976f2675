import Crypto
import ExchangeCore
import Journal
import Synchronization

/// Patients' keys in memory, with the contract of a keyring: what it returned survives a crash.
package final class MemoryKeyring: KeyringStore {
    private struct State {
        var keys: [PatientID: [UInt8]] = [:]
        var erased: Set<PatientID> = []
        var failsNext = false
    }

    private let world: World
    private let state = Mutex(State())

    /// An empty keyring that takes its keys from that world.
    package init(world: World) { self.world = world }

    /// Makes the next key that would be created, or erasure, fail once with `.unavailable`.
    package func failNext() { state.withLock { $0.failsNext = true } }

    package func key(for patient: PatientID) async throws(ExchangeError) -> SymmetricKey? {
        let (key, isErased) = state.withLock { ($0.keys[patient], $0.erased.contains(patient)) }
        if isErased { throw ExchangeError(.gone, "the patient's key was erased") }
        return key.map { SymmetricKey(data: $0) }
    }

    package func keyOrCreate(for patient: PatientID) async throws(ExchangeError) -> SymmetricKey {
        if let key = try await key(for: patient) { return key }
        try spendFault()
        let made = world.randomBytes(32)
        let key = state.withLock { state in
            let key = state.keys[patient] ?? made
            state.keys[patient] = key
            return key
        }
        return SymmetricKey(data: key)
    }

    package func erase(_ patient: PatientID) async throws(ExchangeError) {
        try spendFault()
        state.withLock { state in
            state.keys[patient] = nil
            state.erased.insert(patient)
        }
    }

    private func spendFault() throws(ExchangeError) {
        let fails = state.withLock { state in
            defer { state.failsNext = false }
            return state.failsNext
        }
        if fails { throw ExchangeError(.unavailable, "the keyring was told to fail") }
    }
}
