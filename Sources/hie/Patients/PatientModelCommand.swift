import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import PatientIndex

/// `hie patient model`.
struct PatientModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "What each level of agreement is worth: learn it from the index, compare, put it in force.",
        discussion: """
            EXAMPLE
              hie patient model show --home /var/lib/hie
              hie patient model learn --home /var/lib/hie
            """, subcommands: [Activate.self, Diff.self, Learn.self, Show.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The model in force, and what was learnt and put in force before.",
            discussion: """
                EXAMPLE
                  hie patient model show --home /var/lib/hie
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await IdentityWay.once(home, .patientModels, [:])
            if output.json { return terminal.result(answer) }
            terminal.result("in force: \(answer["inForce"].text("id"))")
            var table = Table("MODEL", "WAS", "BY", "DIFFERING", "LOST", "GAINED", "MOVED")
            for act in answer["acts"]?.items ?? [] {
                table.add(
                    .init(act.text("model")), .init(act.text("kind")), .init(act.text("actor")),
                    .init("\(act.text("differing")) of \(act.text("judged"))"), .init(act.text("lost")),
                    .init(act.text("gained")), .init(act.text("moved")))
            }
            if !table.isEmpty { terminal.result(table) }
        }
    }

    struct Learn: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Learn a model from the index, and judge the latest decisions by it; nothing is decided by it.",
            discussion: """
                m by expectation and maximisation over pairs that share a key, u from random pairs.
                What a household is worth stays as it is, and no level moves by more than 3 bits.

                EXAMPLE
                  hie patient model learn --home /var/lib/hie
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let way = try await IdentityWay.open(home, policy: .strict)
            let answer: JSONValue
            do {
                answer = try await Progress.during("learning", world: .system, on: terminal) { _ in
                    try await way.ask(.patientLearn, [:])
                }
            } catch {
                try? await way.close()
                throw error
            }
            try await way.close()
            if output.json { return terminal.result(answer) }
            PatientModelCommand.show(answer, on: terminal)
            terminal.words("nothing is decided by it yet: hie patient model activate \(answer.text("model"))")
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Where a learnt model differs from the one in force, and what it would have decided otherwise.",
            discussion: """
                EXAMPLE
                  hie patient model diff learned-0123456789abcdef --home /var/lib/hie
                """)

        @Argument(help: "The model.") var model: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await IdentityWay.once(home, .patientModels, [:])
            guard
                let act = (answer["acts"]?.items ?? []).first(where: {
                    $0["model"]?.string == model && $0["kind"]?.string == "learned"
                })
            else {
                throw CommandFailure(.notFound, "no model of that name was learnt here", hint: "hie patient model show")
            }
            if output.json { return terminal.result(act) }
            PatientModelCommand.show(act, on: terminal)
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a learnt model, or 'initial-1', in force; what was decided stays decided.",
            discussion: """
                EXAMPLE
                  hie patient model activate learned-0123456789abcdef --reason "reviewed" --home /var/lib/hie
                """)

        @Argument(help: "The model.") var model: String
        @Option(help: "Why; it stands in the journal.") var reason: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await IdentityWay.once(
                home, .patientActivate, ["model": .string(model), "reason": .string(reason)])
            if output.json { return terminal.result(answer) }
            terminal.result("\(model) is in force; registrations are judged by it from now on")
        }
    }

    /// What a model changes and what it would have decided otherwise.
    static func show(_ act: JSONValue, on terminal: Terminal) {
        terminal.result("model \(act.text("model"))")
        var table = Table("FIELD", "LEVEL", "BITS NOW", "BITS THEN")
        for change in act["changes"]?.items ?? [] {
            table.add(
                .init(change.text("field")), .init(change.text("level")),
                .init(PatientTable.bits(change["before"]?.integer ?? 0)),
                .init(PatientTable.bits(change["after"]?.integer ?? 0)))
        }
        terminal.result(table)
        terminal.result(
            "of \(act.text("judged")) decisions judged again \(act.text("differing")) differ: \(act.text("lost")) no longer "
                + "certain, \(act.text("gained")) newly certain, \(act.text("moved")) certain of another person")
        for example in act["examples"]?.items ?? [] {
            terminal.result("  \(example.text("record"))  \(example.text("before")) -> \(example.text("after"))")
        }
    }
}
