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
        if let system, let role = meant("\(system)|\(code)") ?? UserRole.standard[system]?[code] { return role.rawValue }
        return meant(code)?.rawValue ?? code
    }

    /// Byte for byte: a dictionary takes letters that are composed otherwise for the same.
    private func meant(_ word: String) -> UserRole? {
        own.index(forKey: word).flatMap { own[$0].key.utf8.elementsEqual(word.utf8) ? own[$0].value : nil }
    }
}
