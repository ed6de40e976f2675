import AdminEndpoint
import ArgumentParser
import ExchangeCore
import JSON

/// `hie feed`.
struct FeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feed",
        abstract: "Feeds of HL7 v2 messages (MLLP), in and out: how they fare, what was refused or not delivered.",
        discussion: """
            Feeds stand in node.yaml under feeds; see the README. Needs the running node.

            EXAMPLE
              hie feed status
              hie feed dead-letter list
              hie feed dead-letter retry 5f0c...
            """,
        subcommands: [Status.self, DeadLetterCommand.self, UndeliveredCommand.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count what came, what was taken and what was refused.",
            discussion: """
                EXAMPLE
                  hie feed status --json | jq '.feeds[] | {name, refused, deadLetters}'
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.feedStatus)
            if output.json { return terminal.result(answer) }
            let feeds = answer["feeds"]?.items ?? []
            let receivers = answer["receivers"]?.items ?? []
            guard !feeds.isEmpty || !receivers.isEmpty else {
                return terminal.words("no feed is configured; see feeds in the README")
            }
            defer { Self.show(receivers, on: terminal) }
            guard !feeds.isEmpty else { return }
            var table = Table("FEED", "ADDRESS", "CONNECTIONS", "TAKEN", "IN PART", "REPEATED", "REFUSED", "BAD FRAMES", "KEPT", "LAST")
            for feed in feeds {
                let kept = feed.text("deadLetters")
                table.add(
                    .init(feed.text("name")), .init(feed.text("address")), .init(feed.text("connections")),
                    .init(feed.text("accepted")), .init(feed.text("takenInPart")), .init(feed.text("repeated")), .init(feed.text("refused")),
                    .init(feed.text("badFrames")), .init(kept, kept == "0" ? .plain : .doubtful),
                    .init(Words.time(feed.text("last"))))
            }
            terminal.result(table)
            for feed in feeds {
                for (key, verb) in [("lastRefusal", "refused"), ("lastOmission", "took in part")] {
                    guard let last = feed[key] else { continue }
                    terminal.words(
                        "\(feed.text("name")) \(verb) last \(Words.time(last.text("time"))): \(last.text("reason"))")
                }
            }
        }

        private static func show(_ receivers: [JSONValue], on terminal: Terminal) {
            guard !receivers.isEmpty else { return }
            var table = Table("RECEIVER", "DELIVERED", "ENTRIES BEHIND", "UNDELIVERED", "STATE")
            for receiver in receivers {
                let failure = receiver["failure"]?.string
                table.add(
                    .init(receiver.text("name")), .init(receiver.text("delivered")), .init(receiver.text("lag")),
                    .init(receiver.text("undelivered"), receiver.text("undelivered") == "0" ? .plain : .doubtful),
                    .init(
                        failure.map { "\($0), since \(Words.time(receiver.text("since"))), next try \(Words.time(receiver.text("nextTry")))" }
                            ?? "ok", failure == nil ? .plain : .bad))
            }
            terminal.result(table)
        }
    }
}

/// `hie feed dead-letter`.
struct DeadLetterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letter",
        abstract: "Messages that were refused: why, and sending them again.",
        discussion: """
            They are kept sealed, as long as they may be sent again (replay-hours, a week by default).

            EXAMPLE
              hie feed dead-letter list --feed admissions
              hie feed dead-letter show 5f0c... --message
              hie feed dead-letter retry 5f0c...
            """,
        subcommands: [List.self, Show.self, Retry.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every refused message that is kept, the newest refusal first.",
            discussion: """
                EXAMPLE
                  hie feed dead-letter list --json | jq -r '.letters[] | .id + " " + .reason'
                """)

        @Option(help: ArgumentHelp("Those of one feed.", valueName: "name")) var feed: String?
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            var arguments = JSONObject()
            arguments["feed"] = feed.map { .string($0) }
            let answer = try await AdminClient(home).ask(.feedLetters, arguments)
            if output.json { return terminal.result(answer) }
            let letters = answer["letters"]?.items ?? []
            guard !letters.isEmpty else { return terminal.words("no refused message is kept") }
            var table = Table("ID", "FEED", "LAST", "TIMES", "KIND", "SENDER", "PLACE", "WHY")
            for letter in letters {
                table.add(
                    .init(letter.text("id")), .init(letter.text("feed")), .init(Words.time(letter.text("last"))),
                    .init(letter.text("times")), .init(letter.text("kind")), .init(letter.text("sender")),
                    .init(letter.text("place")), .init(letter.text("reason"), .bad))
            }
            terminal.result(table)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One refused message: what is known of it; with --message its text.",
            discussion: """
                The text is patient data: that it was shown stands in the journal.

                EXAMPLE
                  hie feed dead-letter show 5f0c...
                  hie feed dead-letter show 5f0c... --message | tr '\\r' '\\n'
                """)

        @Argument(help: "Its id; see list.") var id: String
        @Flag(help: "Print the message itself, byte for byte.") var message = false
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.feedLetter, ["id": .string(id), "message": .bool(message)])
            if output.json { return terminal.result(answer) }
            if message {
                guard let bytes = Base64.decode(answer.text("message")) else {
                    throw CommandFailure(.failed, "the node's answer is not understood", hint: "compare hie version on both sides")
                }
                return terminal.result(bytes: bytes)
            }
            let letter = answer["letter"]
            var facts = Facts()
            facts.add("id", letter.text("id"), .heading)
            facts.add("why", letter.text("reason"), .bad)
            facts.add("place", letter?["place"]?.string)
            facts.add("condition", letter.text("condition") + " (HL7 table 0357)")
            facts.add("feed", letter.text("feed"))
            facts.add("kind", letter.text("kind"))
            facts.add("sender", letter.text("sender"))
            facts.add("control id", letter.text("controlId"))
            facts.add("bytes", letter.text("bytes"))
            facts.add("first", Words.time(letter.text("first")))
            facts.add("last", Words.time(letter.text("last")))
            facts.add("times", letter.text("times"))
            facts.show(on: terminal)
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a refused message again, by the configuration as it is now.",
            discussion: """
                What was taken is kept no more. A message says what held when it was sent: when its \
                source has sent newer ones, let it send what holds now instead. Exits 1 when it is \
                refused again.

                EXAMPLE
                  hie feed dead-letter retry 5f0c...
                """)

        @Argument(help: "Its id; see list.") var id: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.feedRetry, ["id": .string(id)])
            let isTaken = answer["taken"]?.bool == true
            if output.json {
                terminal.result(answer)
            } else {
                terminal.result(isTaken ? "taken" : "refused again: \(answer.text("reason"))", isTaken ? .good : .bad)
            }
            if !isTaken { throw ExitStatus.failed.exit }
        }
    }
}
