import ArgumentParser
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
                A role that no row names may what every role may. Whether a document may be seen is decided by \
                consent, for everybody and every time. Asks no node.

                EXAMPLE
                  hie access roles
                """)

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            func list(_ words: Set<String>?) -> JSONValue {
                words.map { .array($0.sorted().map { .string($0) }) } ?? .null
            }
            if output.json {
                return terminal.result([
                    "permissions": .array(
                        Permissions.all.map {
                            [
                                "do": .string($0.deed), "means": .string($0.meaning), "roles": list($0.roles),
                                "purposes": list($0.purposes), "decidedBy": .string($0.note),
                            ]
                        })
                ])
            }
            var table = Table("DO", "ROLES", "PURPOSES", "MEANS")
            for row in Permissions.all {
                table.add(
                    .init(row.deed), .init(row.roles?.sorted().joined(separator: ", ") ?? "every role"),
                    .init(row.purposes?.sorted().joined(separator: ", ") ?? "any that is stated"), .init(row.meaning))
            }
            terminal.result(table)
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a role may do for a purpose, and what would be needed for the rest.",
            discussion: """
                Of the facility's own users, as their token names them. Whether a document may be seen is \
                decided by consent, for everybody and every time: hie consent explain. Asks no node. Exits 5 \
                when --do names something that is refused.

                EXAMPLE
                  hie access explain --role physician --purpose TREAT
                  hie access explain --role registrar --purpose PATADMIN --do record-consent
                """)

        @Option(help: "The role, as tokens name it.") var role: String?
        @Option(help: ArgumentHelp("Purpose of use, a code of v3-ActReason.", valueName: "code")) var purpose: String?
        @Option(name: .customLong("do"), help: ArgumentHelp("Ask about this alone.", valueName: "what")) var deed: String?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let deed, !Permissions.all.contains(where: { $0.deed == deed }) {
                throw ValidationError("--do is one of \(Permissions.all.map(\.deed).joined(separator: ", ")).")
            }
        }

        func run() async throws {
            let terminal = Terminal()
            let rows = Permissions.all.filter { deed == nil || $0.deed == deed }
            let verdicts = rows.map { (row: $0, refusal: $0.refusal(role: role, purpose: purpose)) }
            if output.json {
                terminal.result([
                    "role": role.map { .string($0) } ?? .null, "purpose": purpose.map { .string($0) } ?? .null,
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
            }
            if deed != nil, verdicts.contains(where: { $0.refusal != nil }) { throw ExitStatus.refused.exit }
        }
    }
}
