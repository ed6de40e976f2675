import ExchangeCore

/// A patient's record as one registration left it.
package struct PatientVersion: Sendable, Hashable {
    /// The record.
    package let record: PatientRecord
    /// 1 for the first, one more with every change of what is registered.
    package let number: Int
    /// When it was registered.
    package let updated: Timestamp

    /// A version from its parts.
    package init(record: PatientRecord, number: Int, updated: Timestamp) {
        self.record = record
        self.number = number
        self.updated = updated
    }
}
