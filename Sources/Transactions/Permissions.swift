import ExchangeCore

/// One thing that users do, and what a token has to say for it: a row of the table of roles and permissions.
package struct Permission: Hashable, Sendable {
    /// Its name, as `hie access` knows it.
    package let deed: String
    /// What it is, for people.
    package let meaning: String
    /// The roles that may; whoever has none of them may not.
    package let roles: Set<UserRole>
    /// The purposes of use (v3-ActReason) for which it is done; nil when any will do, as long as one is stated.
    package let purposes: Set<String>?
    /// Whether it is done for a purpose at all: what shows nothing about patients is not.
    package let needsPurpose: Bool
    /// What still decides where it is permitted.
    package let note: String

    init(
        _ deed: String, _ meaning: String, _ roles: Set<UserRole>, purposes: Set<String>? = nil, needsPurpose: Bool = true,
        note: String,
    ) {
        self.deed = deed
        self.meaning = meaning
        self.roles = roles
        self.purposes = purposes
        self.needsPurpose = needsPurpose
        self.note = note
    }

    /// The roles' names, in order.
    package var roleNames: [String] { roles.map(\.rawValue).sorted() }

    /// Whether a role, as a token names it, is one of those that may.
    package func includes(_ role: String?) -> Bool { role.flatMap(UserRole.init(rawValue:)).map(roles.contains) ?? false }

    /// Why it is refused to a role and purpose; nil when it is not.
    package func refusal(role: String?, purpose: String?) -> String? {
        guard includes(role) else { return "needs the role \(roleNames.joined(separator: ", "))" }
        guard needsPurpose else { return nil }
        guard let purpose else { return "needs a purpose of use" }
        if let purposes, !purposes.contains(purpose) {
            return "needs the purpose \(purposes.sorted().joined(separator: ", "))"
        }
        if purpose == EmergencyAccess.purpose, deed != Permissions.emergency.deed {
            return Permissions.emergency.refusal(role: role, purpose: purpose)
        }
        return nil
    }

    /// Refuses, before anybody is looked up, whom the table does not name: a fact about the caller alone (`.forbidden`).
    ///
    /// Whoever is at the node's own socket is in no row: who that is, the kernel says.
    package func demand(_ context: AccessContext) throws(ExchangeError) {
        if needsPurpose, context.purpose == nil {
            throw ExchangeError(.forbidden, "state a purpose of use, such as TREAT, in the token")
        }
        if context.door != .administration, let refusal = refusal(role: context.role, purpose: context.purpose) {
            throw ExchangeError(.forbidden, "to \(meaning) \(refusal), as the token names it: hie access explain")
        }
        if needsPurpose { try EmergencyAccess.demandReason(context) }
    }
}

/// The one table of roles and permissions: every door reads it, and `hie access roles` prints it. What no row permits to a
/// role is refused to it, and a role that no row names may do nothing.
package enum Permissions {
    private static let clinical: Set<UserRole> = [.clinician, .physician, .nurse, .pharmacist]

    /// ITI-66, ITI-67, ITI-68: to see documents.
    package static let findDocuments = Permission(
        "find-documents", "find and read documents and lists of them (ITI-66, ITI-67, ITI-68)", clinical.union([.himProfessional, .system]),
        note: "consent decides for each document")
    /// ITI-65, ITI-105, ITI-106: to publish.
    package static let publish = Permission(
        "publish", "publish documents (ITI-65, ITI-105, ITI-106)",
        clinical.union([.registrar, .identitySource, .himProfessional, .system]),
        note: "for a patient who is registered here")
    /// ITI-78, ITI-83, ITI-119: to look for patients.
    package static let findPatients = Permission(
        "find-patients", "search and match patients (ITI-78, ITI-83, ITI-119)",
        clinical.union([
            .registrar, .identitySource, .identitySteward, .himProfessional, .consentOfficer, .privacyOfficer, .system,
        ]), note: "of this facility; other communities by what consent shows them")
    /// ITI-104: to register, merge, withdraw.
    package static let registerPatients = Permission(
        "register-patients", "register, merge, withdraw (ITI-104)",
        [.registrar, .identitySource, .identitySteward, .himProfessional], purposes: ["TREAT", "HOPERAT", "PATADMIN"],
        note: "by role and purpose")
    /// To decide whose a record is, and to see what each field weighed.
    package static let decideIdentity = Permission(
        "decide-identity", "link, merge and see what each field weighed ($mdm-...)", [.identitySteward, .himProfessional],
        purposes: ["TREAT", "HOPERAT", "PATADMIN"], note: "by role and purpose")
    /// ITI-108: to record and read directives. Whoever treats must not be able to write the permission to look, so clinical
    /// roles are not among them.
    package static let recordConsent = Permission(
        "record-consent", "record and read directives (ITI-108)", [.consentOfficer, .privacyOfficer, .registrar],
        purposes: ["TREAT", "HOPERAT", "PATADMIN", "PATRQT"], note: "by role and purpose")
    /// To ask here, from another community, what a draft of a directive would change.
    package static let previewConsent = Permission(
        "preview-consent", "ask other communities what a draft of a directive would change",
        recordConsent.roles.union([.administrator]), purposes: recordConsent.purposes,
        note: "answered in numbers, of what the community that asks may be shown now")
    /// ITI-81: to read the journal as audit events.
    package static let readAudit = Permission(
        "read-audit", "read the journal as audit events (ITI-81)", [.auditor, .privacyOfficer], note: "by role")
    /// ITI-20: to send audit events of other systems.
    package static let sendAudit = Permission(
        "send-audit", "send other systems' audit events (ITI-20)",
        Set(UserRole.allCases).subtracting([.patient, .administrator]), needsPurpose: false,
        note: "kept as the claim of who sent it")
    /// ITI-90, ITI-91, code systems: what shows nothing about any patient.
    package static let lookUp = Permission(
        "look-up", "read the directory of facilities (ITI-90, ITI-91) and code systems", Set(UserRole.allCases),
        needsPurpose: false, note: "shows no patient")
    /// To break the glass.
    package static let emergency = Permission(
        "emergency", "break the glass", clinical, purposes: [EmergencyAccess.purpose],
        note: "where policy keeps it for emergencies; always raises an alert")

    /// Every row.
    package static let all = [
        findDocuments, publish, findPatients, registerPatients, decideIdentity, recordConsent, previewConsent, readAudit,
        sendAudit, lookUp, emergency,
    ]
}
