import AdminEndpoint
import ArgumentParser
import ExchangeCore
import JSON

/// `hie consent explain`.
struct ConsentExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what somebody would get to see, which rules decide, and what would change it.",
        discussion: """
            The evaluator that enforces answers, for every document of the patient held here. \
            Nobody has asked: what is printed are ids and labels, and that it was explained \
            stands in the patient's access log.

            EXAMPLE
              hie consent explain --patient 7f3c... --user dr.brattain --role physician \\
                --organization urn:oid:1.3.6.1.4.1.21367.2026.12 --purpose TREAT
              hie consent explain --identifier 'urn:oid:1.2.3|4711' --user dr.x \\
                --organization urn:oid:1.2.3 --purpose BTG --document 0195b8c1-... --json
            """)

    @OptionGroup var choice: PatientChoice
    @Option(help: "Who would ask, as tokens name them.") var user: String
    @Option(help: ArgumentHelp("For whom: a community's OID or an organisation's identifier.", valueName: "id"))
    var organization: String
    @Option(help: "In which role, such as physician.") var role: String?
    @Option(help: ArgumentHelp("What for, a code of v3-ActReason.", valueName: "code")) var purpose = "TREAT"
    @Option(help: ArgumentHelp("Only this document.", valueName: "id")) var document: String?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        var arguments = try choice.arguments()
        arguments["user"] = .string(user)
        arguments["organization"] = .string(CommunityID(organization)?.urn ?? organization)
        arguments["role"] = role.map { .string($0) }
        arguments["purpose"] = .string(purpose)
        arguments["document"] = document.map { .string($0) }
        let answer = try await AdminClient(home).ask(.consentExplain, arguments)
        if output.json { return terminal.result(answer) }
        let documents = answer["documents"]?.items ?? []
        if documents.isEmpty { return terminal.words("no document of this patient is held here") }
        if answer["needsReason"] == true { terminal.words("an emergency access also needs its reason") }
        for document in documents { show(document, on: terminal) }
    }

    private func show(_ document: JSONValue, on terminal: Terminal) {
        let isPermitted = document.text("effect") == "permit"
        let labels = ([document.text("confidentiality")] + (document["sensitivities"]?.items ?? []).compactMap(\.string))
            .joined(separator: " ")
        var facts = [document.text("id")]
        if !document.text("type").isEmpty { facts.append("type " + document.text("type")) }
        if !document.text("date").isEmpty { facts.append(document.text("date")) }
        facts.append("labels " + labels)
        terminal.result(
            (isPermitted ? "PERMIT  " : "DENY    ") + facts.joined(separator: ", "), isPermitted ? .good : .bad)
        for step in document["steps"]?.items ?? [] { terminal.result("  - " + (step.string ?? "")) }
        for change in document["wouldChange"]?.items ?? [] {
            terminal.result("  * " + (change.string ?? ""), .quiet)
        }
    }
}
