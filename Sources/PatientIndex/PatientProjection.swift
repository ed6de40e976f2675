import ExchangeCore

/// What the index reads of the patients registered here; the projection on floor 4 implements it.
package protocol PatientProjection: Sendable {
    /// The record of one id, active or not; nil when there is none.
    func patient(_ id: PatientID) async throws -> PatientRecord?
    /// The records that carry an identifier, in order of id.
    func patients(identifier: PatientIdentifier) async throws -> [PatientRecord]
    /// Asks the persons of one snapshot, and how many entries of the journal it contains.
    func personsNow<Value: Sendable>(_ question: @Sendable @escaping (any PersonSnapshot, UInt64) throws -> Value)
        async throws -> Value
}

extension PatientProjection {
    /// Asks the persons of one snapshot.
    package func persons<Value: Sendable>(_ question: @Sendable @escaping (any PersonSnapshot) throws -> Value)
        async throws -> Value
    {
        try await personsNow { snapshot, _ in try question(snapshot) }
    }
}
