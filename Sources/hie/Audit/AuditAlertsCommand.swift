import AdminEndpoint
import ArgumentParser
import JSON

/// `hie audit alerts`.
struct AuditAlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "Accesses worth a look, for the privacy officer: list, review, close.",
        discussion: """
            Rules raise alerts: own-record, same-surname, many-patients, denied-series, \
            after-discharge and out-of-hours, by the numbers in node.yaml under alerts. Every \
            emergency access (purpose BTG) opens one, too; further accesses of the same user to the \
            same patient for the same reason within four hours belong to it.

            EXAMPLE
              hie audit alerts
              hie audit alerts review 1204 --note "called the ward, patient was unconscious"
              hie audit alerts close 1204 --note "justified"
            """,
        subcommands: [List.self, Review.self, Close.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the emergencies that are not closed, newest first.",
            discussion: """
                EXAMPLE
                  hie audit alerts list --all --json
                """)

        @Flag(help: "Those that are closed, too.") var all = false
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.alertList, ["all": .bool(all)])
            if output.json { return terminal.result(answer) }
            var table = Table("ID", "RULE", "STATE", "SINCE", "USER", "ORGANISATION", "PATIENT", "ACCESSES", "SHOWN", "REASON")
            for row in answer["alerts"]?.items ?? [] {
                let role = row.text("role")
                table.add(
                    .init(row.text("id")), .init(row.text("rule")), .init(row.text("state"), row.text("state") == "open" ? .bad : .plain),
                    .init(Words.time(row.text("opened"))),
                    .init(row.text("user") + (role.isEmpty ? "" : " (\(role))")), .init(row.text("organization")),
                    .init(row.text("patient")), .init(row.text("accesses")),
                    .init(String(row["shown"]?.items.count ?? 0)), .init(row.text("reason")))
            }
            if table.isEmpty { return terminal.words(all ? "no alert was ever raised" : "no alert is open") }
            terminal.result(table)
        }
    }

    struct Review: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write down what looking into an emergency brought to light.",
            discussion: """
                EXAMPLE
                  hie audit alerts review 1204 --note "called the ward, patient was unconscious"
                """)

        @OptionGroup var finding: Finding

        func run() async throws { try await finding.send(.alertReview) }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close an emergency that was reviewed.",
            discussion: """
                EXAMPLE
                  hie audit alerts close 1204 --note "justified"
                """)

        @OptionGroup var finding: Finding

        func run() async throws { try await finding.send(.alertClose) }
    }

    /// What is said of one alert.
    struct Finding: ParsableArguments {
        @Argument(help: "The alert's id.") var id: UInt64
        @Option(help: "What was found, or what came of it.") var note: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func send(_ command: AdminCommand) async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(command, ["id": .number(String(id)), "note": .string(note)])
            if output.json { return terminal.result(answer) }
            terminal.result("\(answer.text("id")) \(answer.text("state"))")
        }
    }
}
