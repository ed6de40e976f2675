import HTTPTypes

/// What a token's scopes let it do (SMART App Launch 2.2, "Scopes for requesting FHIR Resources"): `system/Patient.rs` and its
/// older spelling `system/Patient.read`. A scope restricts; role, purpose and consent decide as ever.
package enum ScopeRules {
    /// Whether a scope is one of those understood here.
    package static func isKnown(_ scope: String) -> Bool { letters(scope) != nil }

    /// Whether any of a token's scopes covers a route; routes without a resource are nobody's matter.
    static func permit(_ route: Route, _ scopes: [String]) -> Bool {
        guard let (type, letter) = need(route) else { return true }
        return scopes.contains { scope in
            guard let (own, letters) = Self.letters(scope) else { return false }
            return (own == "*" || own == type) && letters.contains(letter)
        }
    }

    /// The resource and the letter (c, r, u, d, s) that a route needs.
    static func need(_ route: Route) -> (type: String, letter: Character)? {
        // ITI-65 posts a Bundle to the base: it creates what is in it.
        let type = route.resourceType ?? (route.interaction == "transaction" ? "DocumentReference" : nil)
        guard let type, let interaction = route.interaction else { return nil }
        switch interaction {
        case "read", "vread", "history-instance": return (type, "r")
        case "create", "transaction", "$generate-metadata": return (type, "c")
        case "update": return (type, "u")
        case "delete": return (type, "d")
        default: return (type, "s")
        }
    }

    private static func letters(_ scope: String) -> (type: String, letters: String)? {
        let parts = scope.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "system", let dot = parts[1].lastIndex(of: ".") else { return nil }
        let type = String(parts[1][..<dot])
        guard type == "*" || !type.isEmpty && type.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else { return nil }
        switch parts[1][parts[1].index(after: dot)...] {
        case "read": return (type, "rs")
        case "write": return (type, "cud")
        case "*": return (type, "cruds")
        case let given:
            // In this order and each once, as SMART writes them.
            var rest = Substring("cruds")
            for letter in given {
                guard let at = rest.firstIndex(of: letter) else { return nil }
                rest = rest[rest.index(after: at)...]
            }
            return given.isEmpty ? nil : (type, String(given))
        }
    }
}
