import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Transactions

/// `hie access`.
struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access",
        abstract: "What roles and purposes open, before any patient's consent is asked.",
        discussion: """
            EXAMPLE
              hie access roles
              hie access explain --role registrar --purpose PATADMIN
            """,
        subcommands: [Roles.self, Explain.self])

    struct Roles: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the table of roles and permissions that every door reads.",
            discussion: """
                What no row permits to a role is refused to it, and a role that no row names may do nothing: \
                roles in node.yaml says what the facility's own words mean. Whether a document may be seen \
                is decided by consent, for everybody and every time. Asks no node; reads node.yaml when there \
                is one.

                EXAMPLE
                  hie access roles
                  hie access roles --home /var/lib/hie --json
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let names = try RoleWords.inForce(home)
            if output.json {
                return terminal.result([
                    "permissions": .array(Permissions.all.map(Self.json)),
                    "roles": .array(UserRole.allCases.map { .string($0.rawValue) }), "codes": .array(RoleWords.rows(names).map(\.json)),
                ])
            }
            var table = Table("DO", "ROLES", "PURPOSES", "MEANS")
            for row in Permissions.all {
                table.add(
                    .init(row.deed), .init(row.roles.count == UserRole.allCases.count ? "every role below" : row.roleNames.joined(separator: ", ")),
                    .init(row.purposes?.sorted().joined(separator: ", ") ?? (row.needsPurpose ? "any that is stated" : "none needed")),
                    .init(row.meaning))
            }
            terminal.result(table)
            terminal.result("")
            terminal.result("roles: \(UserRole.allCases.map(\.rawValue).joined(separator: ", ")); any other may do nothing")
            terminal.result("")
            var words = Table("A TOKEN SAYS", "OF SYSTEM", "WHICH IS")
            for row in RoleWords.rows(names) { words.add(.init(row.code), .init(row.system ?? "node.yaml"), .init(row.role)) }
            terminal.result(words)
        }

        private static func json(_ row: Permission) -> JSONValue {
            [
                "do": .string(row.deed), "means": .string(row.meaning), "roles": .array(row.roleNames.map { .string($0) }),
                "purposes": row.purposes.map { .array($0.sorted().map { .string($0) }) } ?? .null,
                "needsPurpose": .bool(row.needsPurpose), "decidedBy": .string(row.note),
            ]
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a role may do for a purpose, and what would be needed for the rest.",
            discussion: """
                Of users, as their token names them: code, or system|code. A role that no row of the table \
                names may do nothing; what node.yaml says of it (roles) counts when there is one. Whether a \
                document may be seen is decided by consent, for everybody and every time: hie consent explain. \
                Asks no node. Exits 5 when --do names something that is refused.

                EXAMPLE
                  hie access explain --role physician --purpose TREAT
                  hie access explain --role 'http://snomed.info/sct|309343006' --purpose TREAT
                  hie access explain --role registrar --purpose PATADMIN --do record-consent
                """)

        @Option(help: "The role, as tokens name it.") var role: String?
        @Option(help: ArgumentHelp("Purpose of use, a code of v3-ActReason.", valueName: "code")) var purpose: String?
        @Option(name: .customLong("do"), help: ArgumentHelp("Ask about this alone.", valueName: "what")) var deed: String?
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let deed, !Permissions.all.contains(where: { $0.deed == deed }) {
                throw ValidationError("--do is one of \(Permissions.all.map(\.deed).joined(separator: ", ")).")
            }
        }

        func run() async throws {
            let terminal = Terminal()
            let meant = RoleWords.role(role, in: try RoleWords.inForce(home))
            let isKnown = meant.flatMap(UserRole.init(rawValue:)) != nil
            let rows = Permissions.all.filter { deed == nil || $0.deed == deed }
            let verdicts = rows.map { (row: $0, refusal: $0.refusal(role: meant, purpose: purpose)) }
            if output.json {
                terminal.result([
                    "role": role.map { .string($0) } ?? .null, "means": isKnown ? meant.map { .string($0) } ?? .null : .null,
                    "purpose": purpose.map { .string($0) } ?? .null,
                    "access": .array(
                        verdicts.map {
                            [
                                "do": .string($0.row.deed), "means": .string($0.row.meaning),
                                "permitted": .bool($0.refusal == nil), "because": $0.refusal.map { .string($0) } ?? .null,
                            ]
                        }),
                ])
            } else {
                var table = Table("", "DO", "MEANS", "BECAUSE")
                for verdict in verdicts {
                    table.add(
                        verdict.refusal == nil ? Table.Cell("yes", .good) : Table.Cell("NO", .bad), .init(verdict.row.deed),
                        .init(verdict.row.meaning), .init(verdict.refusal ?? verdict.row.note))
                }
                terminal.result(table)
                if !isKnown {
                    terminal.words(
                        "\(role.map { "the role \($0)" } ?? "no role") is named by no row: it may do nothing. What the facility's own "
                            + "words mean, roles in node.yaml says: [{name: \(role ?? "WORD"), is: physician}]")
                } else if let role, let meant, role != meant {
                    terminal.words("\(role) means \(meant)")
                }
            }
            if deed != nil, verdicts.contains(where: { $0.refusal != nil }) { throw ExitStatus.refused.exit }
        }
    }
}

/// What roles are called, for people.
private enum RoleWords {
    /// A word that means a role: its code, its system, and the role.
    struct Row {
        let code: String
        let system: String?
        let role: String

        var json: JSONValue {
            ["code": .string(code), "system": system.map { .string($0) } ?? .null, "role": .string(role)]
        }
    }

    /// The names of the node's configuration; the standard ones where there is no node.
    static func inForce(_ options: HomeOptions) throws -> RoleNames {
        let home = NodeHome.here(options.folder())
        guard LocalFile.exists(home.configuration.path) else { return RoleNames() }
        return try NodeConfiguration(of: home).roles
    }

    /// The role that `code` or `system|code` means.
    static func role(_ text: String?, in names: RoleNames) -> String? {
        guard let text, let bar = text.lastIndex(of: "|") else { return names.role(text) }
        return names.role(String(text[text.index(after: bar)...]), system: String(text[..<bar]))
    }

    /// Every word that means a role, the facility's own first.
    static func rows(_ names: RoleNames) -> [Row] {
        var rows = names.own.sorted { $0.key < $1.key }.map { Row(code: $0.key, system: nil, role: $0.value.rawValue) }
        for (system, codes) in UserRole.standard.sorted(by: { $0.key < $1.key }) {
            for (code, role) in codes.sorted(by: { $0.key < $1.key }) {
                rows.append(Row(code: code, system: system, role: role.rawValue))
            }
        }
        return rows
    }
}
