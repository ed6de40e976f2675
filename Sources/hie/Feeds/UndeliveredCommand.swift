import AdminEndpoint
import ArgumentParser
import ExchangeCore
import JSON

/// `hie feed undelivered`.
struct UndeliveredCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undelivered",
        abstract: "What receivers refused for good, or what was given up: why, and sending it again.",
        discussion: """
            Nothing of the patient is kept: each is a place in the journal. The newest 1,000 of each \
            receiver are.

            EXAMPLE
              hie feed undelivered list
              hie feed undelivered send ehr-inbox 4711.0
            """,
        subcommands: [List.self, Send.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything that was not delivered.",
            discussion: """
                EXAMPLE
                  hie feed undelivered list --json | jq -r '.undelivered[] | .receiver + " " + .reason'
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.feedUndelivered)
            if output.json { return terminal.result(answer) }
            let parcels = answer["undelivered"]?.items ?? []
            guard !parcels.isEmpty else { return terminal.words("everything was delivered, or waits") }
            var table = Table("RECEIVER", "ID", "GIVEN UP", "SENT AGAIN", "WHY")
            for parcel in parcels {
                table.add(
                    .init(parcel.text("receiver")), .init(parcel.text("id")), .init(Words.time(parcel.text("time"))),
                    .init(parcel["asked"]?.bool == true ? "asked" : ""), .init(parcel.text("reason"), .bad))
            }
            terminal.result(table)
        }
    }

    struct Send: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have something sent again, once, by the consent in force now.",
            discussion: """
                It is sent as soon as the receiver takes messages, before what waits; when it is not \
                taken it stands in the list again.

                EXAMPLE
                  hie feed undelivered send ehr-inbox 4711.0
                """)

        @Argument(help: "The receiver; see list.") var receiver: String
        @Argument(help: "Its id; see list.") var id: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.feedSendAgain, ["receiver": .string(receiver), "id": .string(id)])
            if output.json { return terminal.result(answer) }
            terminal.result("asked for; see hie feed undelivered list", .good)
        }
    }
}
