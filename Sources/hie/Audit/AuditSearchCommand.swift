import AdminEndpoint
import ArgumentParser
import ExchangeCore
import JSON

/// `hie audit search`.
struct AuditSearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Search the journal as FHIR AuditEvents (ITI-81): when, who, about whom, what, how it ended.",
        discussion: """
            Newest first; reading is itself recorded for each patient who is shown. An auditor's \
            own system asks the same by GET /fhir/AuditEvent, with the role auditor or \
            privacy-officer.

            EXAMPLE
              hie audit search --agent dr.brattain --from 2026-11-01
              hie audit search --identifier 'urn:oid:1.2.3|4711' --outcome 4
              hie audit search --subtype disclose --json | jq '.events[].recorded'
            """)

    @Option(help: "Only events from then on.") var from: String?
    @Option(help: "Only events until then, that day included.") var until: String?
    @Option(help: "A user, community or organisation, as written in the event.") var agent: String?
    @Option(help: "A reference, such as DocumentReference/ID.") var entity: String?
    @Option(help: "The code of a type, such as rest or 110113.") var type: String?
    @Option(help: "The code of a subtype, such as search, ITI-67 or disclose.") var subtype: String?
    @Option(help: "0 success, 4 minor failure (all withheld), 8 serious (a denial).") var outcome: String?
    @Option(help: ArgumentHelp("A patient's id at this node.", valueName: "id")) var patient: String?
    @Option(help: ArgumentHelp("A patient's record number.", valueName: "system|value")) var identifier: String?
    @Option(help: "At most so many events.") var limit = 100
    @Option(help: ArgumentHelp("Go on before this entry, as an earlier search said.", valueName: "entry"))
    var before: UInt64?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    /// FHIR's codes of how an event ended.
    private static let outcomes: Set<String> = ["0", "4", "8", "12"]

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is 1 to 1000.") }
        guard patient == nil || identifier == nil else { throw ValidationError("Give --patient or --identifier.") }
        if let patient, PatientID(patient) == nil {
            throw ValidationError("--patient is a patient's id at this node; hie patient find lists them.")
        }
        if let identifier { _ = try PatientIdentifier(argument: identifier) }
        for (name, value) in [("--from", from), ("--until", until)] where value.map({ PartialDate($0) == nil }) ?? false {
            throw ValidationError("\(name) is a day or a time, such as 2026-11-22 or 2026-11-22T10:00:00Z.")
        }
        guard outcome.map(Self.outcomes.contains) ?? true else { throw ValidationError("--outcome is 0, 4, 8 or 12.") }
    }

    func run() async throws {
        let terminal = Terminal()
        var arguments: JSONObject = ["limit": .number(String(limit))]
        for (name, value) in [
            ("from", from), ("until", until), ("agent", agent), ("entity", entity), ("type", type),
            ("subtype", subtype), ("outcome", outcome), ("patient", patient),
        ] { arguments[name] = value.map { .string($0) } }
        if let identifier { arguments["identifier"] = try PatientIdentifier(argument: identifier).argumentJSON }
        arguments["before"] = before.map { .number(String($0)) }
        let found = try await AdminClient(home).ask(.auditSearch, arguments)
        if output.json { return terminal.result(found) }
        var table = Table("ID", "RECORDED", "TYPE", "SUBTYPE", "OUTCOME", "USER", "AGENTS", "ENTITIES")
        for event in found["events"]?.items ?? [] {
            let agents = event["agent"]?.items ?? []
            let user = agents.first { $0["requestor"]?.bool == true }.map { $0["who"]?["identifier"].text("value") ?? "" }
            let outcome = event.text("outcome")
            table.add(
                .init(event.text("id")), .init(Words.time(event.text("recorded"))),
                .init(event["type"].text("code")),
                .init((event["subtype"]?.items ?? []).map { $0.text("code") }.joined(separator: " ")),
                .init(outcome, outcome == "0" ? .plain : .doubtful), .init(user ?? ""),
                .init(agents.filter { $0["requestor"]?.bool != true }.compactMap { $0["who"]?["identifier"]?.text("value") }
                    .joined(separator: " ")),
                .init((event["entity"]?.items ?? []).compactMap { $0["what"]?["reference"]?.string }.joined(separator: " ")))
        }
        if table.isEmpty { terminal.words("no event matches") } else { terminal.result(table) }
        if let next = found["next"]?.integer {
            terminal.words("older entries were not looked at; go on with --before \(next)")
        }
    }
}
