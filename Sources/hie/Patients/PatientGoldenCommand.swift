import AdminEndpoint
import ArgumentParser
import ExchangeCore
import JSON

/// `hie patient golden`.
struct PatientGoldenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "golden",
        abstract: "What is best believed of a person, from all of the person's records, and who says it.",
        discussion: """
            A view only: nobody is ever matched against it. The majority decides; later records, and
            those with a number that somebody had to show, weigh more. Every record it is made of
            stands in the journal as shown.

            EXAMPLE
              hie patient golden Rf9a2ab454319 --home /var/lib/hie
              hie patient golden 3f0c5c1e-57a5-4f6e-8d5e-0d0c5f9f7a11
            """)

    @OptionGroup var record: RecordOptions
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let answer = try await IdentityWay.once(home, .patientGolden, try record.arguments())
        if output.json { return terminal.result(answer) }
        var table = Table("FIELD", "VALUE", "SAID BY")
        for (field, name) in [
            ("name", "names"), ("birth date", "birthDates"), ("sex", "sexes"), ("address", "addresses"),
            ("telephone", "phones"), ("e-mail", "emails"), ("identifier", "identifiers"),
        ] {
            for stated in answer[name]?.items ?? [] {
                let records = (stated["records"]?.items ?? []).compactMap(\.string)
                table.add(.init(field), .init(stated.text("value")), .init(records.joined(separator: " ")))
            }
        }
        terminal.result(table)
        if answer["birthDateConflict"]?.bool ?? false {
            terminal.words("the records do not agree about the birth date")
        }
    }
}
