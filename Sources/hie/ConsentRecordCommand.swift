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
            Each condition narrows the directive; conditions of one kind are alternatives. \
            Without any, it is about everybody and every document. Returns once the directive \
            is durable and no answer that it overtook can still send a byte.

            EXAMPLE
              hie consent record --patient 7f3c... --deny
              hie consent record --identifier 'urn:oid:1.2.3|4711' --permit \\
                --organization urn:oid:1.3.6.1.4.1.21367.2026.12 --purpose TREAT
              hie consent record --file consent.json
            """)

    @Option(help: ArgumentHelp("The patient's id at this node.", valueName: "id")) var patient: String?
    @Option(help: ArgumentHelp("A record number with its authority.", valueName: "system|value"))
    var identifier: String?
    @Flag(help: "Refuse access.") var deny = false
    @Flag(help: "Permit access.") var permit = false
    @Option(help: ArgumentHelp("A community's URN or an organisation's identifier; repeat for more.", valueName: "id"))
    var organization: [String] = []
    @Option(help: ArgumentHelp("A user, as tokens name them; repeat for more.", valueName: "name"))
    var user: [String] = []
    @Option(help: ArgumentHelp("Purpose of use such as TREAT; repeat for more.", valueName: "code"))
    var purpose: [String] = []
    @Option(help: ArgumentHelp("Document type; LOINC when no system is given.", valueName: "system|code"))
    var type: [String] = []
    @Option(help: ArgumentHelp("The first day the directive is in force.", valueName: "date")) var from: String?
    @Option(help: ArgumentHelp("The last day the directive is in force.", valueName: "date")) var until: String?
    @Option(help: ArgumentHelp("Only care given from this day on.", valueName: "date")) var careFrom: String?
    @Option(help: ArgumentHelp("Only care given until this day.", valueName: "date")) var careUntil: String?
    @Option(help: ArgumentHelp("A FHIR Consent as JSON; - reads stdin.", valueName: "file")) var file: String?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    private var hasConditions: Bool {
        !organization.isEmpty || !user.isEmpty || !purpose.isEmpty || !type.isEmpty
            || [from, until, careFrom, careUntil].contains { $0 != nil }
    }

    func validate() throws {
        if patient != nil && identifier != nil {
            throw ValidationError("--patient and --identifier name the same patient; give one of them.")
        }
        if let identifier { _ = try PatientIdentifier(argument: identifier) }
        if file != nil {
            guard !deny, !permit, !hasConditions else {
                throw ValidationError("--file says everything; leave --deny, --permit and the conditions away.")
            }
            return
        }
        guard deny != permit else { throw ValidationError("Say --deny or --permit, one of them.") }
        guard patient != nil || identifier != nil else {
            throw ValidationError("Say which patient: --patient ID or --identifier 'SYSTEM|VALUE'.")
        }
        for (name, value) in [
            ("--from", from), ("--until", until), ("--care-from", careFrom), ("--care-until", careUntil),
        ] {
            guard value.map({ PartialDate($0) != nil }) ?? true else {
                throw ValidationError("\(name) is a date such as 2026-03-02.")
            }
        }
    }

    func run() async throws {
        let terminal = Terminal()
        var arguments: JSONObject = [:]
        arguments["patient"] = patient.map { .string($0) }
        arguments["identifier"] = try identifier.map { try PatientIdentifier(argument: $0).argumentJSON }
        if let file {
            arguments["consent"] = try JSONFile.read(file)
        } else {
            arguments["directive"] = directive
        }
        let recorded = try await AdminClient(home).ask(.consentRecord, arguments)
        if output.json { return terminal.result(recorded) }
        terminal.result(recorded.text("id"))
        terminal.words("recorded: \(recorded.text("effect")): \(ConsentCommand.conditions(recorded))")
    }

    private var directive: JSONValue {
        func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        var object: JSONObject = [
            "effect": deny ? "deny" : "permit",
            "organizations": texts(organization.map { CommunityID($0)?.urn ?? $0 }), "users": texts(user),
            "purposes": texts(purpose), "types": texts(type),
        ]
        object["from"] = from.map { .string($0) }
        object["until"] = until.map { .string($0) }
        object["careFrom"] = careFrom.map { .string($0) }
        object["careUntil"] = careUntil.map { .string($0) }
        return .object(object)
    }
}
