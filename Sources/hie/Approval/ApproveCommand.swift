import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// Changes that wait for a second administrator.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Changes that wait for a second administrator: list, show, accept, reject.",
        discussion: """
            Which changes wait, and who the administrators are, stands in node.yaml (administrators, approvals). A command that
            asks for one ends with exit code \(ExitStatus.waiting.rawValue) and the change's number. Who asked cannot accept; a change that nobody accepts
            in time is over, and so is one about something that has changed since.

            EXAMPLE
              hie retention release --patient 3f0c5c1e-... --reason "case 2026-114 was settled" --socket /run/hie/admin.sock
              hie approve list --socket /run/hie/admin.sock
              hie approve accept 118 --socket /run/hie/admin.sock
            """,
        subcommands: [List.self, Show.self, Accept.self, Reject.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the changes that wait.",
            discussion: """
                EXAMPLE
                  hie approve list
                  hie approve list --all --json
                """)

        @Flag(help: "Those that are decided or over, too.") var all = false
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.approveList, ["all": .bool(all)])
            if output.json { return terminal.result(answer) }
            var table = Table("CHANGE", "WHAT", "STATE", "ASKED BY", "ASKED", "UNTIL")
            for row in answer["changes"]?.items ?? [] {
                table.add(
                    .init(row.text("id")), .init(row.text("change")), ApproveCommand.cell(row), .init(row.text("by")),
                    .init(Words.time(row.text("asked"))), .init(Words.time(row.text("until"))))
            }
            if !table.isEmpty { return terminal.result(table) }
            terminal.words("no change waits for a second administrator")
            let waits = answer.joined("waits")
            terminal.words(waits.isEmpty ? "none has to: approvals of node.yaml name none" : "these would: \(waits)")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a change: what, by whom, and what it is about as it was when it was asked for.",
            discussion: """
                EXAMPLE
                  hie approve show 118
                """)

        @Argument(help: "The change's number.") var id: UInt64
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.approveShow, ["id": .number(String(id))])
            if output.json { return terminal.result(answer) }
            ApproveCommand.facts(answer).show(on: terminal)
        }
    }

    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Agree to a change that somebody else asked for; it is carried out at once.",
            discussion: """
                EXAMPLE
                  hie approve show 118
                  hie approve accept 118
                """)

        @Argument(help: "The change's number.") var id: UInt64
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            let answer = try await Progress.during("carrying it out", world: .system, on: terminal) { _ in
                try await client.ask(.approveAccept, ["id": .number(String(id))], seconds: 3600)
            }
            if output.json { return terminal.result(answer) }
            terminal.result("change \(id) \(answer.text("state")): \(answer.text("change"))")
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reject a change, or take back what you asked for.",
            discussion: """
                EXAMPLE
                  hie approve reject 118 --note "the case is still open"
                """)

        @Argument(help: "The change's number.") var id: UInt64
        @Option(help: "Why, in at most 500 bytes.") var note: String?
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            var arguments: JSONObject = ["id": .number(String(id))]
            arguments["note"] = note.map { .string($0) }
            let answer = try await AdminClient(home).ask(.approveReject, arguments)
            if output.json { return terminal.result(answer) }
            terminal.result("change \(id) \(answer.text("state")): \(answer.text("change"))")
        }
    }

    private static func cell(_ row: JSONValue) -> Table.Cell {
        let state = row.text("state")
        return .init(state, state == "waiting" ? .doubtful : state == "failed" ? .bad : .plain)
    }

    private static func facts(_ change: JSONValue) -> Facts {
        var facts = Facts()
        facts.add("change", change.text("id"))
        facts.add("what", change.text("change"))
        facts.add("state", change.text("state"))
        facts.add("asked by", change.text("by"))
        facts.add("asked", Words.time(change.text("asked")))
        facts.add("until", Words.time(change.text("until")))
        facts.add("patient", change["patient"]?.string)
        for member in change["arguments"]?.object?.members ?? [] where member.name != "patient" {
            facts.add(member.name, plain(member.value))
        }
        for member in change["ground"]?.object?.members ?? [] { facts.add("as it was: " + member.name, plain(member.value)) }
        for act in change["decisions"]?.items ?? [] {
            let note = act.text("note")
            facts.add(act.text("state"), "by " + act.text("by") + (note.isEmpty ? "" : ": " + note))
        }
        return facts
    }

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .string(let text), .number(let text): text
        default: String(decoding: JSONWriter.bytes(value), as: UTF8.self)
        }
    }
}
