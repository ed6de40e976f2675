import ExchangeCore
import Transactions

/// The list `roles` of `node.yaml`: what the facility's own words for roles mean in the table of permissions.
enum RoleKeys {
    /// The names of the table's roles, in its order.
    static let names = UserRole.allCases.map(\.rawValue)

    static func read(_ section: inout YAMLReader, into names: RoleNames) -> RoleNames {
        let (word, means) = (section.required("name"), section.required("is"))
        var own = names.own
        if UserRole(rawValue: word) != nil { section.refuse("name", "is a role of the table itself: hie access roles") }
        if own[word] != nil { section.refuse("name", "stands twice") }
        if word.utf8.count > 256 { section.refuse("name", "must be at most 256 bytes") }
        guard let role = UserRole(rawValue: means) else {
            if !means.isEmpty { section.refuse("is", unknown(means)) }
            return names
        }
        own[word] = role
        return RoleNames(own: own)
    }

    /// What is said of a role that no row names.
    static func unknown(_ word: String) -> String {
        let near = NearestWord.of(word, among: Set(names)).map { "; did you mean \($0)?" } ?? ""
        return "names no role of the table (hie access roles)\(near)"
    }

    static func effective(_ names: RoleNames) -> [(key: String, value: String)] {
        [("roles", names.own.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.rawValue)" }.joined(separator: "; "))]
    }

    static let schema = [
        ConfigurationKey(
            "roles[].name", .text, "a role as the facility's tokens name it: code, or system|code", isRequired: true,
            isReloadable: true),
        ConfigurationKey("roles[].is", .choice(names), "the role of the table that it means", isRequired: true, isReloadable: true),
    ]
}
