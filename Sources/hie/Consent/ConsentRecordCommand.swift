import AdminEndpoint
import ArgumentParser
import ExchangeCore
import JSON

/// `hie consent record`.
struct ConsentRecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record what a patient permits or refuses; prints the directive's id.",
        discussion: """
            The plain forms together make one directive: what is permitted, and nothing else; \
            each refusal stands for itself. --deny and --permit take conditions: those of one \
            kind are alternatives, without any it is about everybody and every document. \
            Returns once the directive is durable and no answer that it overtook can still \
            send a byte.

            EXAMPLE
              hie consent record --patient 7f3c... --deny
              hie consent record --patient 7f3c... --withhold psychiatric,substance-use
              hie consent record --identifier 'urn:oid:1.2.3|4711' \\
                --deny-organization urn:oid:1.3.6.1.4.1.21367.2026.12
              hie consent record --patient 7f3c... --permit-only-purpose TREAT \\
                --until 2027-01-01 --recorded-by "Ann Mohr" --relation PRN --evidence form.pdf
              hie consent record --file consent.json
            """)

    @OptionGroup var choice: OptionalPatientChoice
    @OptionGroup var forms: ConsentForms
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard forms.file != nil || choice.isNamed else {
            throw ValidationError("Say which patient: --patient ID or --identifier 'SYSTEM|VALUE'.")
        }
    }

    func run() async throws {
        let terminal = Terminal()
        var arguments = try forms.arguments()
        try choice.add(to: &arguments)
        let recorded = try await AdminClient(home).ask(.consentRecord, arguments)
        if output.json { return terminal.result(recorded) }
        terminal.result(recorded.text("id"))
        terminal.words("recorded: \(recorded.text("effect")): \(ConsentCommand.conditions(recorded))")
        if recorded.text("state") != "in force" { terminal.words("it is \(recorded.text("state")): it decides nothing now") }
    }
}
