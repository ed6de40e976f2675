import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

extension DirectoryCommand {
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what happens to the directory, line by line, until interrupted.",
            discussion: """
                EXAMPLE
                  hie directory watch
                """)

        @Flag(help: "Show what is there and end.") var once = false
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            var after = 0
            repeat {
                let answer = try await AdminClient(home).ask(.directoryWatch, ["after": .number(String(after))])
                for line in answer["lines"]?.items ?? [] {
                    after = max(after, line["number"]?.integer ?? 0)
                    if output.json {
                        terminal.result(line)
                    } else {
                        terminal.result(
                            [Words.time(line.text("at")), line.text("community"), line.text("text")]
                                .filter { !$0.isEmpty }.joined(separator: "  "))
                    }
                }
                if !once { try await World.system.sleep(.milliseconds(250)) }
            } while !once
        }
    }

    struct Doctor: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say why this node sees, or does not see, a facility as it does, and what to do.",
            discussion: """
                EXAMPLE
                  hie directory doctor 1.3.6.1.4.1.21367.2026.10
                """)

        @Argument(help: "The community, as an OID or urn:oid:...") var community: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.directoryDoctor, ["community": .string(community)])
            if output.json { return terminal.result(answer) }
            var table = Table("LOOKED AT", "", "SEEN", "NEXT STEP")
            for finding in answer["findings"]?.items ?? [] {
                let isWell = finding["well"]?.bool == true
                table.add(
                    .init(finding.text("name")), .init(isWell ? "well" : "not well", isWell ? .good : .bad),
                    .init(finding.text("seen")), .init(finding.text("next")))
            }
            terminal.result(table)
        }
    }

    struct Leave: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take this node out of the network: its last record says that it has left.",
            discussion: """
                It comes back only with a new admission of a higher epoch.

                EXAMPLE
                  hie directory leave --yes
                """)

        @Flag(help: "Really leave.") var yes = false
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if !yes { throw ValidationError("This cannot be undone within the admission's epoch; say --yes.") }
        }

        func run() async throws {
            let answer = try await AdminClient(home).ask(.directoryLeave)
            output.json ? Terminal().result(answer) : Terminal().result("left")
        }
    }

    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go on publishing after a restored backup, once no clone of this node runs.",
            discussion: """
                EXAMPLE
                  hie directory adopt
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await AdminClient(home).ask(.directoryAdopt)
            output.json ? Terminal().result(answer) : Terminal().result("adopted")
        }
    }
}
