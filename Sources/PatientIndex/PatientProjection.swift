import ExchangeCore

/// What the index reads of the patients registered here; the projection on floor 4 implements it.
package protocol PatientProjection: Sendable {
    /// The record of one id, active or not; nil when there is none.
    func patient(_ id: PatientID) async throws -> PatientRecord?
    /// The records that carry an identifier, in order of id.
    func patients(identifier: PatientIdentifier) async throws -> [PatientRecord]
    /// The records filed under any of the keys, each once, in order of id, at most `limit`.
    func candidates(_ keys: [BlockingKey], limit: Int) async throws -> [PatientRecord]
}
