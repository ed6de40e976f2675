import ExchangeCore

/// How a submission names its patient: any of these, to be resolved against the patient index.
package struct SubmittedPatient: Hashable, Sendable {
    /// The reference as written, such as `Patient/0190...` or `https://mpi.example.org/fhir/Patient/994`.
    package var reference: String?
    /// The record, when the reference is `Patient/` and an id of this node's form.
    package var record: PatientID?
    /// Identifiers: of the reference, or of the contained or bundled Patient.
    package var identifiers: [PatientIdentifier]
    /// The contained or bundled Patient's demographics.
    package var demographics: Demographics?

    /// A patient from how it was named.
    package init(
        reference: String? = nil, record: PatientID? = nil, identifiers: [PatientIdentifier] = [],
        demographics: Demographics? = nil,
    ) {
        self.reference = reference
        self.record = record
        self.identifiers = identifiers
        self.demographics = demographics
    }
}
