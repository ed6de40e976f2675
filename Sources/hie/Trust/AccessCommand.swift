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
              hie access explain --role registrar --purpose PATADMIN
            """,
        subcommands: [Explain.self])

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
            if let deed, !AccessTable.rows.contains(where: { $0.deed == deed }) {
                throw ValidationError("--do is one of \(AccessTable.rows.map(\.deed).joined(separator: ", ")).")
            }
        }

        func run() async throws {
            let terminal = Terminal()
            let rows = AccessTable.rows.filter { deed == nil || $0.deed == deed }
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

/// What the doors ask of a user, by deed: the sets that they themselves read.
enum AccessTable {
    struct Row: Sendable {
        let deed: String
        let meaning: String
        /// Nil when every role may.
        let roles: Set<String>?
        /// Nil when any purpose will do, as long as one is stated.
        let purposes: Set<String>?
        /// What still decides where it is permitted.
        let note: String

        /// Why it is refused; nil when it is not.
        func refusal(role: String?, purpose: String?) -> String? {
            if let roles {
                guard let role, roles.contains(role) else { return "needs the role \(roles.sorted().joined(separator: ", "))" }
            }
            guard let purpose else { return "needs a purpose of use" }
            if let purposes, !purposes.contains(purpose) {
                return "needs the purpose \(purposes.sorted().joined(separator: ", "))"
            }
            return nil
        }
    }

    static let rows: [Row] = [
        Row(
            deed: "find-documents", meaning: "find and read documents (ITI-67, ITI-68)", roles: nil, purposes: nil,
            note: "consent decides for each document"),
        Row(
            deed: "publish", meaning: "publish documents (ITI-65, ITI-105)", roles: nil, purposes: nil,
            note: "for a patient who is registered here"),
        Row(
            deed: "find-patients", meaning: "search and match patients (ITI-78, ITI-119)", roles: nil, purposes: nil,
            note: "of this facility"),
        Row(
            deed: "register-patients", meaning: "register, merge, withdraw (ITI-104)", roles: IdentityAuthority.feeders,
            purposes: IdentityAuthority.purposes, note: "by role and purpose"),
        Row(
            deed: "see-weights", meaning: "what each field weighed in a match", roles: IdentityAuthority.stewards, purposes: nil,
            note: "by role"),
        Row(
            deed: "record-consent", meaning: "record and read directives (ITI-108)", roles: ConsentAuthority.roles,
            purposes: ConsentAuthority.purposes, note: "by role and purpose"),
        Row(
            deed: "read-audit", meaning: "read the journal as audit events (ITI-81)", roles: Exchange.auditorRoles, purposes: nil,
            note: "by role"),
        Row(
            deed: "emergency", meaning: "break the glass", roles: nil, purposes: ["BTG"],
            note: "where policy keeps it for emergencies; always raises an alert"),
    ]
}
