import ExchangeCore

/// What an ADT message of the patient identity feed asks for (ITI-8, ITI-30). Printing one prints its kind alone.
package enum PatientFeedEvent: Hashable, Sendable, CustomStringConvertible {
    /// A01 to A14, A28, A31: the patient is known by these identifiers, and this is said of them. That a stay was cancelled
    /// (A11 to A13) changes nothing about who the patient is.
    case registered([PatientIdentifier], Demographics)
    /// A18, A34, A36, A40: the prior identifier is no longer in use; its record goes up in the other.
    case merged(prior: PatientIdentifier, into: PatientIdentifier, Demographics)
    /// A47: the patient has another identifier in place of the prior one.
    case renumbered(prior: PatientIdentifier, to: PatientIdentifier, Demographics)
    /// A24: the records of two identifiers are one person's; both stay in use.
    case linked(PatientIdentifier, PatientIdentifier)
    /// A37: the records of two identifiers are different persons'.
    case unlinked(PatientIdentifier, PatientIdentifier)
    /// A29: the patient's record is in use no more.
    case withdrawn(PatientIdentifier)

    package var description: String {
        switch self {
        case .registered: "registration"
        case .merged: "merge"
        case .renumbered: "change of identifier"
        case .linked: "link"
        case .unlinked: "unlink"
        case .withdrawn: "withdrawal"
        }
    }

    private static let merges: Set<String> = ["A18", "A34", "A36", "A40"]
    /// Events about a person rather than a stay: no PV1.
    private static let personal: Set<String> = ["A28", "A29", "A31", "A47"]

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
        if event == "A24" || event == "A37" { return try link(patients, event, authorities) }
        guard patients.count == 1 else {
            throw HL7Error(
                .segmentSequence, "more than one PID; send one message for each patient", at: patients[1].position())
        }
        let patient = try PatientIdentification(first)
        let identifiers = try authorities.identifiers(patient.identifiers)
        let event = event ?? ""
        if merges.contains(event) { return try merge(message, identifiers, patient.demographics, authorities) }
        guard message.first("PV1") != nil || personal.contains(event) else {
            throw HL7Error(.segmentSequence, "the segment PV1 is missing", at: HL7Position("PV1"))
        }
        switch event {
        case "A29": return .withdrawn(identifiers[0])
        case "A47": return try renumbering(message, identifiers, patient.demographics, authorities)
        default: return .registered(identifiers, patient.demographics)
        }
    }

    /// The two patients of a link (HL7 v2.8, 3.3.24 and 3.3.37), each by its first identifier that is believed.
    private static func link(_ patients: [HL7Segment], _ event: String?, _ authorities: AssigningAuthorities)
        throws(HL7Error) -> PatientFeedEvent
    {
        guard patients.count == 2 else {
            throw HL7Error(
                .segmentSequence, "a link has two PID, one for each patient", at: HL7Position("PID", patients.count))
        }
        let one = try authorities.identifiers(try PatientIdentification(patients[0]).identifiers)[0]
        let other = try authorities.identifiers(try PatientIdentification(patients[1]).identifiers)[0]
        guard one != other else {
            throw patients[1].field(3).refusal(.duplicateKey, "a patient cannot be linked with itself")
        }
        return event == "A24" ? .linked(one, other) : .unlinked(one, other)
    }

    /// The one identifier that is new, and the one of its authority that it takes the place of: both lists are whole, and
    /// most of what they name stays (HL7 v2.8, 3.3.47).
    private static func renumbering(
        _ message: HL7Message, _ identifiers: [PatientIdentifier], _ demographics: Demographics,
        _ authorities: AssigningAuthorities,
    ) throws(HL7Error) -> PatientFeedEvent {
        guard let segment = message.first("MRG") else {
            throw HL7Error(.segmentSequence, "the segment MRG is missing", at: HL7Position("MRG"))
        }
        let before = try authorities.identifiers(try MergePatient(segment).identifiers)
        let gone = before.filter { !identifiers.contains($0) }
        guard let prior = gone.first, gone.count == 1 else {
            throw segment.field(1).refusal(.dataType, "a change of identifier names one that is not in PID-3 any more")
        }
        guard let new = identifiers.first(where: { $0.system == prior.system && !before.contains($0) }) else {
            throw segment.field(1).refusal(
                .unknownKey, "PID-3 has no new identifier of the prior one's authority; a change stays within one")
        }
        return .renumbered(prior: prior, to: new, demographics)
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
