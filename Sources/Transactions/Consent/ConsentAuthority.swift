import ExchangeCore

/// Who may read and record directives: the facility's own, in a role that does not treat.
///
/// Whoever treats must not be able to write the permission to look; so clinical roles are not among them.
package enum ConsentAuthority {
    /// Roles, as tokens name them, that record what patients say.
    private static let roles = Permissions.recordConsent.roles ?? []
    /// Purposes of use (v3-ActReason) for which it is done.
    private static let purposes = Permissions.recordConsent.purposes ?? []

    /// Refuses, before anybody is looked up, who may not; a fact about the caller alone.
    static func demand(_ context: AccessContext) throws(ExchangeError) {
        switch context.door {
        case .administration: return
        case .peer: throw ExchangeError(.forbidden, "consent is recorded at the facility that holds the documents")
        case .client: break
        }
        try demandRole(context, among: roles)
    }

    /// Refuses a community's question of what a draft would change unless it says that its consent office asks.
    static func demandAbroad(_ context: AccessContext) throws(ExchangeError) {
        try demandRole(context, among: roles.union(["administrator"]))
    }

    private static func demandRole(_ context: AccessContext, among roles: Set<String>) throws(ExchangeError) {
        guard let role = context.role, roles.contains(role) else {
            throw ExchangeError(
                .forbidden, "consent is for the roles \(roles.sorted().joined(separator: ", ")), as the token names them")
        }
        guard let purpose = context.purpose, purposes.contains(purpose) else {
            throw ExchangeError(
                .forbidden,
                "consent is recorded and read for \(purposes.sorted().joined(separator: ", ")); state one in the token")
        }
    }
}
