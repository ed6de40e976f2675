import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie patient review`.
struct PatientReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Records that somebody should compare, the most urgent first.",
        discussion: """
            EXAMPLE
              hie patient review list --home /var/lib/hie
            """,
        subcommands: [List.self, Show.self, Link.self, Reject.self, Skip.self, Recheck.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open reviews: records that stand with somebody they do not fit, then the likeliest missed link.",
            discussion: """
                EXAMPLE
                  hie patient review list --limit 20
                """)

        @Option(help: "At most so many.") var limit = 50
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await IdentityWay.once(home, .patientReviews, ["limit": .number(String(limit))])
            if output.json { return terminal.result(answer) }
            let reviews = answer["reviews"]?.items ?? []
            var table = Table("RECORD", "BITS", "NOW", "WHY NOT BY ITSELF", "CANDIDATES")
            for review in reviews {
                table.add(
                    .init(review.text("record")), .init(PatientTable.bits(review["millibits"]?.integer ?? 0)),
                    .init(review["linked"]?.bool ?? false ? "linked" : "apart"),
                    .init(review.text("rule")), .init(review.text("candidates")))
            }
            if table.isEmpty { return terminal.words("nothing to review") }
            terminal.result(table)
            if let open = answer["open"]?.integer, open > reviews.count {
                terminal.words("\(reviews.count) of \(open) open reviews; --limit shows more, at most 1000")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One review: each candidate's records with their bits side by side.",
            discussion: """
                EXAMPLE
                  hie patient review show R2
                """)

        @Argument(help: "The record.") var record: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await IdentityWay.once(home, .patientReview, ["record": .string(record)])
            if output.json { return terminal.result(answer) }
            for candidate in answer["candidates"]?.items ?? [] {
                terminal.result(
                    "person \(candidate.text("person")): \(PatientTable.bits(candidate["millibits"]?.integer ?? 0)) bits, "
                        + candidate.text("rule"))
                if candidate["holds"]?.bool ?? false {
                    terminal.result("the record is this person's now: link confirms that, reject parts them")
                }
                for side in candidate["records"]?.items ?? [] {
                    terminal.result("\(answer.text("record")) beside \(side.text("record")):")
                    terminal.result(PatientExplainCommand.waterfall(side))
                }
            }
        }
    }

    struct Link: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that the record is the person's to whom another record belongs.",
            discussion: """
                EXAMPLE
                  hie patient review link R2 R1 --reason "passport seen"
                """)

        @Argument(help: "The record.") var record: String
        @Argument(help: "A record of the person.") var other: String
        @OptionGroup var steward: StewardOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await StewardAct.perform(
                "link", ["record": .string(other), "other": .string(record)], steward, home, output)
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say that it is none of the candidates; it is never linked with them by itself.",
            discussion: """
                EXAMPLE
                  hie patient review reject R2 --reason "twins"
                """)

        @Argument(help: "The record.") var record: String
        @OptionGroup var steward: StewardOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await StewardAct.perform("reject", ["record": .string(record)], steward, home, output)
        }
    }

    struct Recheck: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open a review of every link that rests on values which turned out to name nobody; a running node does it hourly.",
            discussion: """
                Nobody is moved. What was asked once is not asked again.

                EXAMPLE
                  hie patient review recheck --home /var/lib/hie
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await Progress.during("looking through links", world: .system, on: terminal) { _ in
                try await IdentityWay.once(home, .patientRecheck, [:])
            }
            if output.json { return terminal.result(answer) }
            let skipped = answer["skipped"]?.integer ?? 0
            terminal.words(
                "\(answer["opened"]?.integer ?? 0) reviews opened"
                    + (skipped > 0 ? "; \(skipped) values stand on too many records to look through" : ""))
        }
    }

    struct Skip: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close the review without saying anything.",
            discussion: """
                EXAMPLE
                  hie patient review skip R2 --reason "not enough to tell"
                """)

        @Argument(help: "The record.") var record: String
        @OptionGroup var steward: StewardOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await StewardAct.perform("skip", ["record": .string(record)], steward, home, output)
        }
    }
}
