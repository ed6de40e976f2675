import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Transactions

/// `hie retention`.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "How long records are kept: plan, apply, legal holds, and the erasure of a patient or a document.",
        discussion: """
            The rules stand in node.yaml under retention. A record under legal hold is erased by \
            nobody, whatever the rules say.

            EXAMPLE
              hie retention plan
              hie retention hold --patient 3f0c5c1e-... --reason "case 2026-114, county court"
              hie retention apply --yes
            """,
        subcommands: [
            Plan.self, Apply.self, Hold.self, Release.self, Holds.self, RetentionEraseCommand.self,
        ])

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what would be erased and when, by which law; changes nothing.",
            discussion: """
                EXAMPLE
                  hie retention plan --due
                  hie retention plan --documents
                  hie retention plan --json | jq '.records[] | select(.due)'
                """)

        @Flag(help: "Only what is due now.") var due = false
        @Flag(help: "Say it of each document.") var documents = false
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await Self.show(due: due, documents: documents, home, output)
        }

        /// What would be erased; also what an erasure shows that is not meant yet.
        static func show(due: Bool, documents: Bool, _ home: HomeOptions, _ output: OutputOptions) async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            var rows: [JSONValue] = []
            var after: String?
            repeat {
                var arguments: JSONObject = [:]
                arguments["after"] = after.map { .string($0) }
                let page = try await client.ask(.retentionPlan, arguments, seconds: 600)
                rows += (page["records"]?.items ?? []).filter { !due || isDue($0) }
                after = page["next"]?.string
            } while after != nil
            if output.json { return terminal.result(["records": .array(rows)]) }
            if documents { return show(rows, due: due, terminal) }
            var table = Table("PATIENT", "DOCUMENTS", "DUE ALONE", "KEPT UNTIL", "BY THE LAW OF", "STATE")
            for row in rows {
                let isDue = row["due"]?.bool == true
                let isHeld = row["held"]?.bool == true
                table.add(
                    .init(row.text("patient")), .init(row.text("documents")),
                    .init(String(row["dueDocuments"]?.items.count ?? 0)),
                    .init(row["end"]?.string.map(Words.time) ?? "without end"),
                    .init((row["jurisdictions"]?.items ?? []).compactMap(\.string).joined(separator: ", ")),
                    .init(isHeld ? "legal hold" : isDue ? "due" : "kept", isDue ? .doubtful : .plain))
            }
            if table.isEmpty { terminal.words(due ? "nothing is due" : "no patient is registered") } else {
                terminal.result(table)
            }
        }

        private static func isDue(_ row: JSONValue) -> Bool {
            row["due"]?.bool == true || row["dueDocuments"]?.items.isEmpty == false
        }

        private static func show(_ rows: [JSONValue], due: Bool, _ terminal: Terminal) {
            var table = Table("DOCUMENT", "CODE", "KEPT UNTIL", "BY THE LAW OF", "STATE")
            for row in rows {
                let alone = Set((row["dueDocuments"]?.items ?? []).compactMap(\.string))
                let goes = row["due"]?.bool == true
                for item in row["ends"]?.items ?? [] {
                    let isDue = goes || alone.contains(item.text("document"))
                    if due, !isDue { continue }
                    table.add(
                        .init(item.text("document")), .init(item.text("code")),
                        .init(item["end"]?.string.map(Words.time) ?? "without end"), .init(item.text("jurisdiction")),
                        .init(
                            row["held"]?.bool == true ? "legal hold" : goes ? "due, with its record" : isDue ? "due" : "kept",
                            isDue ? .doubtful : .plain))
                }
            }
            if table.isEmpty { terminal.words(due ? "nothing is due" : "no document is registered") } else {
                terminal.result(table)
            }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erase every record and document that is due; shows the preview unless --yes is given.",
            discussion: """
                EXAMPLE
                  hie retention apply
                  hie retention apply --yes
                """)

        @Flag(help: "Do it; without, only what would be done is shown.") var yes = false
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard yes else {
                try await Plan.show(due: true, documents: false, home, output)
                return Terminal().words("nothing was erased; hie retention apply --yes does it, for ever")
            }
            let terminal = Terminal()
            let client = AdminClient(home)
            let answer = try await Progress.during("erasing", world: .system, on: terminal) { _ in
                try await client.ask(.retentionApply, seconds: 3600)
            }
            if output.json { return terminal.result(answer) }
            for patient in answer["erased"]?.items ?? [] { terminal.result(patient.string ?? "") }
            for document in answer["documents"]?.items ?? [] { terminal.result(document.string ?? "") }
            terminal.words(
                "\(Words.count(answer["erased"]?.items.count ?? 0, "record")) erased, and "
                    + "\(Words.count(answer["documents"]?.items.count ?? 0, "document")) of others")
        }
    }

    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold a patient's record for a legal case.",
            discussion: """
                EXAMPLE
                  hie retention hold --patient 3f0c5c1e-... --reason "case 2026-114, county court"
                """)

        @OptionGroup var choice: PatientChoice
        @Option(help: "Which case, in 10 to 500 bytes.") var reason: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try RetentionCommand.demand(reason) }

        func run() async throws { try await RetentionCommand.hold(.retentionHold, choice, reason, home, output) }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Release a patient's record from its hold.",
            discussion: """
                EXAMPLE
                  hie retention release --patient 3f0c5c1e-... --reason "case 2026-114 was settled"
                """)

        @OptionGroup var choice: PatientChoice
        @Option(help: "Why it may go on as the rules say, in 10 to 500 bytes.") var reason: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try RetentionCommand.demand(reason) }

        func run() async throws { try await RetentionCommand.hold(.retentionRelease, choice, reason, home, output) }
    }

    struct Holds: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the records under legal hold.",
            discussion: """
                EXAMPLE
                  hie retention holds --json
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.retentionHolds)
            if output.json { return terminal.result(answer) }
            var table = Table("PATIENT", "REASON", "BY")
            for row in answer["holds"]?.items ?? [] {
                table.add(.init(row.text("patient")), .init(row.text("reason")), .init(row.text("user")))
            }
            if table.isEmpty { terminal.words("no record is under legal hold") } else { terminal.result(table) }
        }
    }

    private static func demand(_ reason: String) throws {
        do { try LegalHold.demandReason(reason) } catch { throw ValidationError("--reason: \(error.message).") }
    }

    private static func hold(
        _ command: AdminCommand, _ choice: PatientChoice, _ reason: String, _ home: HomeOptions, _ output: OutputOptions,
    ) async throws {
        let terminal = Terminal()
        var arguments = try choice.arguments()
        arguments["reason"] = .string(reason)
        let answer = try await AdminClient(home).ask(command, arguments)
        if output.json { return terminal.result(answer) }
        terminal.result("\(answer.text("patient")) \(answer["held"]?.bool == true ? "held" : "released")")
    }
}
