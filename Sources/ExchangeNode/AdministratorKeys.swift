import AdminEndpoint
import ExchangeCore

/// The sections `administrators` and `approvals` of `node.yaml`: who may administer the node beside its own user and root, and
/// which changes wait for a second one.
package struct AdministratorSettings: Sendable, Equatable {
    /// Users of this machine, by name or user id.
    package var users: [String] = []
    /// A group of this machine whose members are administrators, too.
    package var group: String?
    /// A second socket, where they can reach it; nil where there are none.
    package var socket: String?
    /// What waits for a second administrator.
    package var waits: Set<AdminCommand> = []
    /// Hours after which what waits is over.
    package var hours = 72

    /// Nobody, and nothing waits.
    package init() {}

    /// Whether anybody is named.
    var isStated: Bool { !users.isEmpty || group != nil }
}

/// How the sections are read and shown.
enum AdministratorKeys {
    static let hours = 1...720

    static func read(_ file: inout YAMLReader) -> AdministratorSettings {
        var settings = AdministratorSettings()
        if var section = file.reader("administrators") {
            settings.users = section.list("users")
            settings.group = section.text("group")
            settings.socket = section.text("socket")
            if settings.isStated, settings.socket == nil {
                section.refuse("socket", "is missing: a path that they can reach, such as /run/hie/admin.sock")
            }
            if let path = settings.socket, !path.hasPrefix("/") || path.utf8.count >= FolderCheckup.socketPathMax {
                section.refuse("socket", "must be a whole path of fewer than \(FolderCheckup.socketPathMax) bytes")
            }
            if settings.users.contains(where: \.isEmpty) { section.refuse("users", "must be a list of names or user ids") }
            file.take(section)
        }
        // Once a second administrator can exist, what would undo the rest waits for one.
        if settings.users.count > 1 || settings.group != nil { settings.waits = Set(AdministratorDesk.standard) }
        if var section = file.reader("approvals") {
            if let hours = section.integer("hours", in: hours) { settings.hours = hours }
            if let isOn = section.flag("on") { settings.waits = isOn ? Set(AdministratorDesk.standard) : [] }
            let names = section.list("changes")
            if !names.isEmpty { settings.waits = [] }
            for name in names {
                if let command = AdminCommand(rawValue: name), AdministratorDesk.governable.contains(command) {
                    settings.waits.insert(command)
                } else {
                    section.refuse(
                        "changes", "names \(name); what can wait is " + AdministratorDesk.governable.map(\.rawValue).joined(separator: ", "))
                }
            }
            if !settings.waits.isEmpty, settings.group == nil, settings.users.count < 2 {
                section.refuse("changes", "would wait for ever: name two users, or a group, under administrators")
            }
            file.take(section)
        }
        return settings
    }

    static func effective(_ settings: AdministratorSettings) -> [(key: String, value: String)] {
        [
            ("administrators.users", settings.users.joined(separator: ", ")),
            ("administrators.group", settings.group ?? "none"), ("administrators.socket", settings.socket ?? "none"),
            ("approvals.on", String(!settings.waits.isEmpty)),
            ("approvals.changes", settings.waits.map(\.rawValue).sorted().joined(separator: ", ")),
            ("approvals.hours", String(settings.hours)),
        ]
    }

    static let schema = [
        ConfigurationKey("administrators.users", .list, "users of this machine who may administer the node, by name or id"),
        ConfigurationKey("administrators.group", .text, "a group of this machine whose members may"),
        ConfigurationKey("administrators.socket", .text, "a socket of theirs, a path that they can reach"),
        ConfigurationKey("approvals.on", .flag, "whether changes wait for a second administrator; on once two can exist"),
        ConfigurationKey("approvals.changes", .list, "which; those that would undo the rest when not stated"),
        ConfigurationKey("approvals.hours", .integer(hours), "after how many hours what waits is over; 72 when not stated"),
    ]
}
