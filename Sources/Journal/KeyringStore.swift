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
}
