/// One thing that users do, and what a token has to say for it: a row of the table of roles and permissions.
package struct Permission: Hashable, Sendable {
    /// Its name, as `hie access` knows it.
    package let deed: String
    /// What it is, for people.
    package let meaning: String
    /// The roles that may, as tokens name them; nil when every role may.
    package let roles: Set<String>?
    /// The purposes of use (v3-ActReason) for which it is done; nil when any will do, as long as one is stated.
    package let purposes: Set<String>?
    /// What still decides where it is permitted.
    package let note: String

    /// Why it is refused to a role and purpose; nil when it is not.
    package func refusal(role: String?, purpose: String?) -> String? {
        if let roles {
            guard let role, roles.contains(role) else { return "needs the role \(roles.sorted().joined(separator: ", "))" }
        }
        guard let purpose else { return "needs a purpose of use" }
        if let purposes, !purposes.contains(purpose) {
            return "needs the purpose \(purposes.sorted().joined(separator: ", "))"
        }
        return nil
    }
}

/// The one table of roles and permissions: every door reads it, and `hie access roles` prints it. What no row permits to a
/// role is refused to it. The administrator of the node's own socket is in no row: who that is, the kernel says.
package enum Permissions {
    /// ITI-66, ITI-67, ITI-68: to see documents.
    package static let findDocuments = Permission(
        deed: "find-documents", meaning: "find and read documents and lists of them (ITI-66, ITI-67, ITI-68)", roles: nil, purposes: nil,
        note: "consent decides for each document")
    /// ITI-65, ITI-105: to publish.
    package static let publish = Permission(
        deed: "publish", meaning: "publish documents (ITI-65, ITI-105)", roles: nil, purposes: nil,
        note: "for a patient who is registered here")
    /// ITI-78, ITI-119: to look for patients.
    package static let findPatients = Permission(
        deed: "find-patients", meaning: "search and match patients (ITI-78, ITI-119)", roles: nil, purposes: nil,
        note: "of this facility")
    /// ITI-104: to register, merge, withdraw.
    package static let registerPatients = Permission(
        deed: "register-patients", meaning: "register, merge, withdraw (ITI-104)",
        roles: ["registrar", "identity-source", "identity-steward"], purposes: ["TREAT", "HOPERAT", "PATADMIN"],
        note: "by role and purpose")
    /// To decide whose a record is, and to see what each field weighed.
    package static let decideIdentity = Permission(
        deed: "decide-identity", meaning: "link, merge and see what each field weighed ($mdm-...)", roles: ["identity-steward"],
        purposes: ["TREAT", "HOPERAT", "PATADMIN"], note: "by role and purpose")
    /// ITI-108: to record and read directives. Whoever treats must not be able to write the permission to look, so clinical
    /// roles are not among them.
    package static let recordConsent = Permission(
        deed: "record-consent", meaning: "record and read directives (ITI-108)",
        roles: ["consent-officer", "privacy-officer", "registrar"], purposes: ["TREAT", "HOPERAT", "PATADMIN", "PATRQT"],
        note: "by role and purpose")
    /// ITI-81: to read the journal as audit events.
    package static let readAudit = Permission(
        deed: "read-audit", meaning: "read the journal as audit events (ITI-81)", roles: ["auditor", "privacy-officer"],
        purposes: nil, note: "by role")
    /// To break the glass.
    package static let emergency = Permission(
        deed: "emergency", meaning: "break the glass", roles: nil, purposes: ["BTG"],
        note: "where policy keeps it for emergencies; always raises an alert")

    /// Every row.
    package static let all = [
        findDocuments, publish, findPatients, registerPatients, decideIdentity, recordConsent, readAudit, emergency,
    ]

    /// Every role that a row names.
    package static var roles: [String] { Set(all.flatMap { $0.roles ?? [] }).sorted() }
}
