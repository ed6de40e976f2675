import ExchangeCore

/// What an ADT message of the patient identity feed asks for (ITI-8, ITI-30). Printing one prints its kind alone.
package enum PatientFeedEvent: Hashable, Sendable, CustomStringConvertible {
    /// A01, A04, A05, A08, A28, A31: the patient is known by these identifiers, and this is said of them.
    case registered([PatientIdentifier], Demographics)
    /// A40: the prior identifier is no longer in use; its record goes up in the other.
    case merged(prior: PatientIdentifier, into: PatientIdentifier, Demographics)

    package var description: String {
        switch self {
        case .registered: "registration"
        case .merged: "merge"
        }
    }

    /// Reads an ADT message whose header `ReceiverRules.patientIdentityFeed` takes.
    package static func read(
        _ message: HL7Message, event: String?, authorities: AssigningAuthorities,
    ) throws(HL7Error) -> PatientFeedEvent {
        guard message.first("EVN") != nil else {
            throw HL7Error(.segmentSequence, "the segment EVN is missing", at: HL7Position("EVN"))
        }
        let patients = message.all("PID")
        guard let first = patients.first else {
            throw HL7Error(.segmentSequence, "the segment PID is missing", at: HL7Position("PID"))
        }
        guard patients.count == 1 else {
            throw HL7Error(
                .segmentSequence, "more than one PID; send one message for each patient", at: patients[1].position())
        }
        let patient = try PatientIdentification(first)
        let identifiers = try authorities.identifiers(patient.identifiers)
        guard event == "A40" else {
            guard message.first("PV1") != nil || ["A28", "A31"].contains(event ?? "") else {
                throw HL7Error(.segmentSequence, "the segment PV1 is missing", at: HL7Position("PV1"))
            }
            return .registered(identifiers, patient.demographics)
        }
        return try merge(message, identifiers, patient.demographics, authorities)
    }

    private static func merge(
        _ message: HL7Message, _ identifiers: [PatientIdentifier], _ demographics: Demographics,
        _ authorities: AssigningAuthorities,
    ) throws(HL7Error) -> PatientFeedEvent {
        let priors = message.all("MRG")
        guard let segment = priors.first, priors.count == 1 else {
            throw HL7Error(
                .segmentSequence, priors.isEmpty ? "the segment MRG is missing" : "one merge to a message, please",
                at: HL7Position("MRG", max(priors.count, 1)))
        }
        let prior = try authorities.identifiers(try MergePatient(segment).identifiers)
        guard prior.count == 1 else {
            throw segment.field(1).refusal(.dataType, "a merge names one prior identifier")
        }
        // The survivor's number is the one of the same authority: merging across authorities is linking (A24).
        guard let survivor = identifiers.first(where: { $0.system == prior[0].system }) else {
            throw segment.field(1).refusal(
                .unknownKey, "PID-3 has no identifier of the prior one's authority; a merge stays within one")
        }
        guard survivor != prior[0] else {
            throw segment.field(1).refusal(.duplicateKey, "a patient cannot be merged into itself")
        }
        return .merged(prior: prior[0], into: survivor, demographics)
    }
}
