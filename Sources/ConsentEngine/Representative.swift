import ExchangeCore

/// What shows that somebody agreed: where the signed form lies, or the digest of its bytes.
package enum ConsentEvidence: Hashable, Sendable {
    /// A reference to the signed form (`sourceReference`), such as `DocumentReference/consent-form-1`; never followed.
    case document(String)
    /// The digest of the signed form (`sourceAttachment.hash`): 20 bytes of SHA-1 or 32 of SHA-256.
    case digest([UInt8])
}

/// Who laid a directive down: the patient, or a person who acts for them (FHIR `Consent.performer` and its source).
///
/// Printing one prints nothing: names of relatives are patient data.
package struct Representative: Hashable, Sendable, CustomStringConvertible {
    /// What they are to the patient (v3-RoleCode), such as `PRN` or `HPOWATT`; `ONESELF` for the patient.
    package var relation: CodedValue
    /// Their name, for people.
    package var name: String?
    /// What tells them apart: `system|value`, a URI, or a reference such as `RelatedPerson/7`.
    package var identifier: String?
    /// What shows that they agreed.
    package var evidence: ConsentEvidence?

    /// A representative from the parts.
    package init(
        relation: CodedValue, name: String? = nil, identifier: String? = nil, evidence: ConsentEvidence? = nil,
    ) {
        self.relation = relation
        self.name = name
        self.identifier = identifier
        self.evidence = evidence
    }

    /// v3-RoleCode, the system of relations.
    package static let relations = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
    /// The patient, for themselves.
    package static let oneself = CodedValue(code: "ONESELF", system: relations)
    /// Somebody else, in a relation that is not said.
    package static let unsaid = CodedValue(
        code: "UNK", system: "http://terminology.hl7.org/CodeSystem/v3-NullFlavor")

    package var description: String { "<redacted>" }
}
