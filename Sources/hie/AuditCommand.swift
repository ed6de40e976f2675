import AdminEndpoint
import ArgumentParser
import JSON

/// `hie audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Who looked at a patient's documents, emergencies, and whether the journal is whole.",
        discussion: """
            EXAMPLE
              hie audit patient --identifier 'urn:oid:1.2.3|4711'
              hie audit alerts
              hie audit verify
              hie audit prove 1204 -o proof.json
              hie audit witness
            """,
        subcommands: [
            AuditPatientCommand.self, AuditAlertsCommand.self, AuditVerifyCommand.self, AuditProveCommand.self,
            AuditCheckCommand.self, AuditKeysCommand.self, AuditWitnessCommand.self,
        ])
}

/// `hie audit patient`.
struct AuditPatientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patient",
        abstract: "Print a patient's access log: who, from where, why, what they got, which rule decided.",
        discussion: """
            Newest first. Reading the log is itself in the log.

            EXAMPLE
              hie audit patient --patient 3f0c5c1e-...
              hie audit patient --identifier 'urn:oid:1.2.3|4711' --json | jq '.events[0]'
              hie audit patient --patient 3f0c5c1e-... --fhir > decisions.json
            """)

    @OptionGroup var choice: PatientChoice
    @Option(help: "At most so many lines.") var limit = 100
    @Flag(help: "Name every rule that decided, not only the first.") var rules = false
    @Flag(help: "Print each decision as a FHIR AuditEvent (BALP AuthZconsent), in one Bundle.") var fhir = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000.") }
    }

    func run() async throws {
        let terminal = Terminal()
        var arguments = try choice.arguments()
        arguments["limit"] = .number(String(limit))
        if fhir { arguments["fhir"] = true }
        let client = AdminClient(home)
        let log = try await client.ask(.auditPatient, arguments)
        if output.json || fhir { return terminal.result(log) }
        let names = await names(client)
        var table = Table(
            "TIME", "USER", "ORGANISATION", "COMMUNITY", "PURPOSE", "WHAT", "SHOWN", "WITHHELD", "DECIDED BY")
        for event in log["events"]?.items ?? [] {
            let withheld = event["withheld"]?.items.count ?? 0
            let role = event.text("role")
            table.add(
                .init(Words.time(event.text("time"))), .init(event.text("user") + (role.isEmpty ? "" : " (\(role))")),
                .init(names[event.text("organization")] ?? event.text("organization")),
                .init(names[event.text("community")] ?? event.text("community")),
                .init(event.text("purpose"), event["emergency"] == true ? .bad : .plain), .init(event.text("transaction")),
                .init(String(event["shown"]?.items.count ?? 0)),
                .init(String(withheld), withheld > 0 ? .doubtful : .plain), .init(decided(event)))
        }
        if table.isEmpty { return terminal.words("nobody has looked yet") }
        terminal.result(table)
    }

    /// The communities' names by their URNs, so that people read names.
    private func names(_ client: AdminClient) async -> [String: String] {
        let known = (try? await client.ask(.directoryList))?["communities"]?.items ?? []
        return Dictionary(known.map { ($0.text("community"), $0.text("name")) }) { first, _ in first }
    }

    private func decided(_ event: JSONValue) -> String {
        let all = (event["rules"]?.items ?? []).compactMap(\.string)
        guard !rules, let first = all.first else { return all.joined(separator: "; ") }
        return all.count == 1 ? first : "\(first) (+\(all.count - 1), see --rules)"
    }
}
