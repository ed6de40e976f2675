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
        context.door == .client && (context.role.map((Permissions.decideIdentity.roles ?? []).contains) ?? false)
    }

    private static func demand(_ context: AccessContext, _ permission: Permission, _ what: String, peer: String)
        throws(ExchangeError)
    {
        switch context.door {
        case .administration: return
        case .peer: throw ExchangeError(.forbidden, peer)
        case .client: break
        }
        let (roles, purposes) = (permission.roles ?? [], permission.purposes ?? [])
        guard let role = context.role, roles.contains(role) else {
            throw ExchangeError(
                .forbidden, "\(what) by the roles \(roles.sorted().joined(separator: ", ")), as the token names them")
        }
        guard let purpose = context.purpose, purposes.contains(purpose) else {
            throw ExchangeError(
                .forbidden, "\(what) for \(purposes.sorted().joined(separator: ", ")); state one in the token")
        }
    }
}
