import ExchangeCore

/// EVN: what happened, and when (HL7 v2.8, 3.4.1).
package struct EventType: Hashable, Sendable {
    /// EVN-1; MSH-9 has it too, and counts.
    package let code: String?
    /// EVN-2: when it was recorded.
    package let recorded: PartialDate?
    /// EVN-6: when it happened.
    package let occurred: PartialDate?

    /// Reads EVN.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        code = try segment.field(1).text()
        recorded = try DataTypes.time(segment.field(2))
        occurred = try DataTypes.time(segment.field(6))
    }
}

/// PID: who the patient is (HL7 v2.8, 3.4.2). Printing one prints nothing.
package struct PatientIdentification: Hashable, Sendable, CustomStringConvertible {
    /// PID-3, and PID-2 and PID-4 where older versions put them; at least one.
    package let identifiers: [ExtendedIdentifier]
    /// PID-5, 7, 8, 11, 13 and 14.
    package let demographics: Demographics
    /// PID-18: the account, which MDM and ORU name instead of a stay.
    package let account: ExtendedIdentifier?

    /// Reads PID; without an identifier, or with a birth date that is none, it is refused.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        var found = try DataTypes.all(segment.field(3)) { element throws(HL7Error) in try ExtendedIdentifier(element) }
        if found.isEmpty {
            for field in [2, 4] {
                found += try DataTypes.all(segment.field(field)) { element throws(HL7Error) in
                    try ExtendedIdentifier(element)
                }
            }
        }
        guard !found.isEmpty else { throw segment.field(3).refusal(.requiredField, "the patient has no identifier") }
        identifiers = found
        var demographics = Demographics(
            names: try DataTypes.all(segment.field(5), DataTypes.personName),
            birthDate: try DataTypes.date(segment.field(7)), sex: try DataTypes.sex(segment.field(8)),
            addresses: try DataTypes.all(segment.field(11), DataTypes.address))
        for field in [13, 14] {
            for repetition in segment.field(field).repetitions {
                let (phone, email) = try DataTypes.telecom(repetition)
                if let phone { demographics.phones.append(phone) }
                if let email { demographics.emails.append(email) }
            }
        }
        self.demographics = demographics
        account = try ExtendedIdentifier(segment.field(18))
    }

    package var description: String { "<redacted>" }
}

/// MRG: who the patient was before a merge (HL7 v2.8, 3.4.9). Printing one prints nothing.
package struct MergePatient: Hashable, Sendable, CustomStringConvertible {
    /// MRG-1, and MRG-4 where older versions put it; at least one.
    package let identifiers: [ExtendedIdentifier]

    /// Reads MRG; without an identifier it is refused.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        var found = try DataTypes.all(segment.field(1)) { element throws(HL7Error) in try ExtendedIdentifier(element) }
        if found.isEmpty {
            found = try DataTypes.all(segment.field(4)) { element throws(HL7Error) in try ExtendedIdentifier(element) }
        }
        guard !found.isEmpty else { throw segment.field(1).refusal(.requiredField, "the prior identifier is missing") }
        identifiers = found
    }

    package var description: String { "<redacted>" }
}

/// PV1: the stay or visit (HL7 v2.8, 3.4.3).
package struct PatientVisit: Hashable, Sendable {
    /// PV1-2: `I` inpatient, `O` outpatient, `E` emergency, ... (HL7 table 0004).
    package let patientClass: String?
    /// PV1-3: point of care, room, bed; the facility is its fourth component.
    package let facility: HierarchicDesignator
    /// PV1-7.
    package let attendingDoctors: [NumberedPerson]
    /// PV1-10.
    package let service: String?
    /// PV1-19.
    package let visitNumber: ExtendedIdentifier?
    /// PV1-36: where the patient went (HL7 table 0112).
    package let dischargeDisposition: String?
    /// PV1-44.
    package let admitted: PartialDate?
    /// PV1-45.
    package let discharged: PartialDate?

    /// Reads PV1.
    package init(_ segment: HL7Segment) throws(HL7Error) {
        patientClass = try segment.field(2).text()
        facility = try HierarchicDesignator(segment.field(3).component(4))
        attendingDoctors = try DataTypes.all(segment.field(7)) { element throws(HL7Error) in try NumberedPerson(element) }
        service = try segment.field(10).text()
        visitNumber = try ExtendedIdentifier(segment.field(19))
        dischargeDisposition = try segment.field(36).text()
        admitted = try DataTypes.time(segment.field(44))
        discharged = try DataTypes.time(segment.field(45))
    }
}
