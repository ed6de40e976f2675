import ExchangeCore

/// Who may feed registrations, and who may see how persons were told apart: the facility's own, by their role.
package enum IdentityAuthority {

    /// Refuses, before anybody is looked up, who may not register; a fact about the caller alone.
    static func demandFeeder(_ context: AccessContext) throws(ExchangeError) {
        try demand(context, Permissions.registerPatients, "patients are registered", peer: "patients are registered by their own facility")
    }

    /// Refuses who may not decide who is who.
    static func demandSteward(_ context: AccessContext) throws(ExchangeError) {
        try demand(
            context, Permissions.decideIdentity, "who is who is decided", peer: "who is who is decided at the facility that holds the records")
    }

    /// Whether the caller is to be told what each field weighed.
    package static func isSteward(_ context: AccessContext) -> Bool {
        context.door == .client && Permissions.decideIdentity.includes(context.role)
    }

    private static func demand(_ context: AccessContext, _ permission: Permission, _ what: String, peer: String)
        throws(ExchangeError)
    {
        switch context.door {
        case .administration: return
        case .peer: throw ExchangeError(.forbidden, peer)
        case .client: break
        }
        guard permission.includes(context.role) else {
            throw ExchangeError(
                .forbidden, "\(what) by the roles \(permission.roleNames.joined(separator: ", ")), as the token names them")
        }
        guard permission.refusal(role: context.role, purpose: context.purpose) == nil else {
            throw ExchangeError(
                .forbidden, "\(what) for \((permission.purposes ?? []).sorted().joined(separator: ", ")); state one in the token")
        }
    }
}
