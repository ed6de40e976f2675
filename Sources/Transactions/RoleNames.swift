import ExchangeCore

/// What a role is called elsewhere: by standards' codes, and by a facility's own words (`roles` of `node.yaml`).
package struct RoleNames: Sendable, Equatable {
    /// The facility's own words, `code` or `system|code`, and what they mean.
    package private(set) var own: [String: UserRole]

    /// The standards' codes, and a facility's words.
    package init(own: [String: UserRole] = [:]) { self.own = own }

    /// The role of the table that a token's code means; the code itself where it means none, which then may do nothing.
    package func role(_ code: String?, system: String? = nil) -> String? {
        guard let code else { return nil }
        if let system, let role = own["\(system)|\(code)"] ?? UserRole.standard[system]?[code] { return role.rawValue }
        return own[code]?.rawValue ?? code
    }
}
