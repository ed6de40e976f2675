import ExchangeCore

/// What the evaluator reads of the directives recorded here; the projection on floor 4 implements it.
package protocol ConsentProjection: Sendable {
    /// Every directive of a patient, active or not, and the journal position up to which the answer is complete.
    ///
    /// The position is what a later append is guarded with: the patient's consent has not changed since.
    func directives(of patient: PatientID) async throws -> (directives: [ConsentDirective], position: UInt64)
}
