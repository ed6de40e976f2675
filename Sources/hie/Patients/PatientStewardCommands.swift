import AdminEndpoint
import ArgumentParser
import ExchangeCore
import JSON

/// `hie patient explain`.
struct PatientExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Why two records are, or are not, one person's: field, level, bits, and the policy's word.",
        discussion: """
            A record is named by its id, by 'system|value', or by its row in an imported table.
            The bits of the fields and of the prior sum to the score exactly.

            EXAMPLE
              hie patient explain Rf9a2ab454319 R5d51a2cb7c02 --home /var/lib/hie
            """)

    @Argument(help: "One record.") var one: String
    @Argument(help: "The other.") var other: String
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let answer = try await IdentityWay.once(home, .patientExplain, ["one": .string(one), "other": .string(other)])
        if output.json { return terminal.result(answer) }
        terminal.result(Self.waterfall(answer))
        let linked = answer["linked"]?.bool ?? false
        terminal.result(
            "\(answer.text("grade")) by \(answer.text("profile")), rule \(answer.text("rule")); "
                + (linked ? "they are one person's" : "they are not linked")
                + (answer["different"]?.bool ?? false ? ": a steward said that they are different persons'" : ""))
    }

    /// Fields with their bits, the sum last.
    static func waterfall(_ answer: JSONValue) -> Table {
        var table = Table("FIELD", "LEVEL", "BITS")
        for field in answer["fields"]?.items ?? [] {
            let cap = field["uncapped"]?.integer.map { ", capped from \(PatientTable.bits($0))" } ?? ""
            table.add(
                .init(field.text("field")), .init(field.text("level") + cap),
                .init(PatientTable.bits(field["millibits"]?.integer ?? 0)))
        }
        table.add("score", "", .init(PatientTable.bits(answer["millibits"]?.integer ?? 0)))
        return table
    }
}

/// What every act of a steward takes.
struct StewardOptions: ParsableArguments {
    @Option(help: "Why; it stands in the journal.") var reason: String
    @Flag(help: "Say what it would change, and change nothing.") var preview = false
}

/// An act, done and said.
enum StewardAct {
    static func perform(
        _ act: String, _ arguments: JSONObject, _ steward: StewardOptions, _ home: HomeOptions, _ output: OutputOptions,
    ) async throws {
        let terminal = Terminal()
        var arguments = arguments
        arguments["act"] = .string(act)
        arguments["reason"] = .string(steward.reason)
        arguments["preview"] = .bool(steward.preview)
        let answer = try await IdentityWay.once(home, .patientAct, arguments)
        if output.json { return terminal.result(answer) }
        let moved =
            "\(answer.text("records")) records move, with \(answer.text("documents")) documents; "
            + "\(answer.text("directives")) consent directives reach other documents than before; "
            + "who the person is at \(answer.text("communities")) other communities is asked anew"
        guard let position = answer["position"]?.integer else { return terminal.result("would \(act): \(moved)") }
        terminal.result("\(act) recorded as entry \(position): \(moved); hie patient undo \(position) takes it back")
    }
}

/// `hie patient merge`.
struct PatientMergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Say that two persons are one: the first record's person takes the other's records.",
        discussion: """
            EXAMPLE
              hie patient merge R1 R2 --reason "same passport seen" --preview
            """)

    @Argument(help: "A record of the one.") var one: String
    @Argument(help: "A record of the other.") var other: String
    @OptionGroup var steward: StewardOptions
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await StewardAct.perform(
            "merge", ["record": .string(one), "other": .string(other)], steward, home, output)
    }
}

/// `hie patient unlink`.
struct PatientUnlinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlink", abstract: "Say that a record is not that person's; it is never linked there again by itself.",
        discussion: """
            EXAMPLE
              hie patient unlink R2 --reason "the twin's record"
            """)

    @Argument(help: "The record.") var record: String
    @OptionGroup var steward: StewardOptions
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await StewardAct.perform("unlink", ["record": .string(record)], steward, home, output)
    }
}

/// `hie patient history`.
struct PatientHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "What stewards and feeds did about a record, newest first.",
        discussion: """
            Links, unlinks, merges, closed reviews and what was taken back, each with its entry: hie
            patient undo takes one back, hie audit prove proves it.

            EXAMPLE
              hie patient history R2 --home /var/lib/hie
            """)

    @Argument(help: "The record.") var record: String
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let answer = try await IdentityWay.once(home, .patientHistory, ["record": .string(record)])
        if output.json { return terminal.result(answer) }
        var table = Table("ENTRY", "ACT", "BY", "WITH", "WHY")
        for act in answer["acts"]?.items ?? [] {
            let named = act["about"]?.items.count ?? 0
            let more = (act["others"]?.integer ?? 0) - named
            let with = act.joined("about", separator: " ") + (more > 0 ? " and \(more) more" : "")
            var deed = act.text("act")
            if let undone = act["undoes"]?.integer { deed += " of \(undone)" }
            if let by = act["undoneBy"]?.integer { deed += ", taken back by \(by)" }
            table.add(.init(act.text("position")), .init(deed), .init(act.text("actor")), .init(with), .init(act.text("reason")))
        }
        if table.isEmpty { return terminal.words("nobody has done anything about this record") }
        terminal.result(table)
    }
}

/// `hie patient undo`.
struct PatientUndoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Take back what an act did: both sides are as they were.",
        discussion: """
            EXAMPLE
              hie patient undo 4711 --reason "wrong patient"
            """)

    @Argument(help: "The entry that holds the act.") var position: Int
    @OptionGroup var steward: StewardOptions
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await StewardAct.perform("undo", ["position": .number(String(position))], steward, home, output)
    }
}
