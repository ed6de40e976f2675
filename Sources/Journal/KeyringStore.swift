import Crypto
import ExchangeCore

/// Patients' keys: one random 256-bit key each, kept apart from what they seal.
package protocol KeyringStore: Sendable {
    /// The patient's key; nil when none was ever made. Throws `.gone` when it was erased.
    func key(for patient: PatientID) async throws(ExchangeError) -> SymmetricKey?

    /// The patient's key, made and durable before it is returned. Throws `.gone` when it was erased.
    func keyOrCreate(for patient: PatientID) async throws(ExchangeError) -> SymmetricKey

    /// Destroys the patient's key for ever: nothing sealed under it opens again. Durable when it returns.
    func erase(_ patient: PatientID) async throws(ExchangeError)

    /// Throws `.unavailable` when the keys are not where a start would look for them: nothing more may be acknowledged then.
    func demandInPlace() throws(ExchangeError)
}

extension KeyringStore {
    /// Keys that lie in memory cannot be taken away.
    package func demandInPlace() throws(ExchangeError) {}
}
