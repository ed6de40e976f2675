import ExchangeCore

/// Who may read and record directives: the facility's own, in a role that does not treat.
///
/// Whoever treats must not be able to write the permission to look; so clinical roles are not among them.
package enum ConsentAuthority {
    /// Refuses, before anybody is looked up, who may not; a fact about the caller alone.
    static func demand(_ context: AccessContext) throws(ExchangeError) {
        switch context.door {
        case .administration: return
        case .peer: throw ExchangeError(.forbidden, "consent is recorded at the facility that holds the documents")
        case .client: break
        }
        try demand(Permissions.recordConsent, context)
    }

    /// Refuses a community's question of what a draft would change unless it says that its consent office asks.
    static func demandAbroad(_ context: AccessContext) throws(ExchangeError) {
        try demand(Permissions.previewConsent, context)
    }

    private static func demand(_ permission: Permission, _ context: AccessContext) throws(ExchangeError) {
        guard permission.includes(context.role) else {
            throw ExchangeError(
                .forbidden, "consent is for the roles \(permission.roleNames.joined(separator: ", ")), as the token names them")
        }
        guard permission.refusal(role: context.role, purpose: context.purpose) == nil else {
            throw ExchangeError(
                .forbidden,
                "consent is recorded and read for \((permission.purposes ?? []).sorted().joined(separator: ", ")); state one in "
                    + "the token")
        }
    }
}
