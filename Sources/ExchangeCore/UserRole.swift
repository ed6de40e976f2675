/// The roles that the table of permissions knows, as tokens name them. A closed list: any other may do nothing.
package enum UserRole: String, CaseIterable, Sendable {
    /// Whoever treats, where the facility tells no more.
    case clinician
    /// A physician.
    case physician
    /// A nurse.
    case nurse
    /// A pharmacist.
    case pharmacist
    /// Registers patients, and takes down what they say of consent.
    case registrar
    /// A system that feeds registrations and documents (HL7 v2).
    case identitySource = "identity-source"
    /// Decides whose a record is.
    case identitySteward = "identity-steward"
    /// Health information management: completes, corrects and releases records.
    case himProfessional = "him-professional"
    /// Records what patients say.
    case consentOfficer = "consent-officer"
    /// Records what patients say, and watches who looks.
    case privacyOfficer = "privacy-officer"
    /// Watches who looks.
    case auditor
    /// Administers the node: at its own socket, not by a token.
    case administrator
    /// A patient: has no door of their own here; the facility asks and records for them.
    case patient
    /// A system of the facility without a user (SMART Backend Services).
    case system
}

extension UserRole {
    /// HL7's practitioner roles.
    package static let practitionerRole = "http://terminology.hl7.org/CodeSystem/practitioner-role"
    /// HL7 v3's classes of roles.
    package static let roleClass = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"

    /// Codes that mean a role of the table, by system. SNOMED CT: occupations below 223366009 Healthcare professional.
    package static let standard: [String: [String: UserRole]] = [
        CodeSystems.snomed: [
            "223366009": .clinician, "309343006": .physician, "112247003": .physician, "106292003": .nurse,
            "224535009": .nurse, "46255001": .pharmacist,
        ],
        practitionerRole: ["doctor": .physician, "nurse": .nurse, "pharmacist": .pharmacist],
        roleClass: ["PAT": .patient],
    ]

    /// The role that `system|code` of a standard means; nil for everything else.
    package init?(standard name: String) {
        guard let bar = name.utf8.lastIndex(of: UInt8(ascii: "|")),
            let role = Self.standard[String(name[..<bar])]?[String(name[name.utf8.index(after: bar)...])]
        else { return nil }
        self = role
    }
}
