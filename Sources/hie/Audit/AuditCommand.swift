import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
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
            AuditPatientCommand.self, AuditSearchCommand.self, AuditAlertsCommand.self, AuditVerifyCommand.self,
            AuditProveCommand.self, AuditCheckCommand.self, AuditKeysCommand.self, AuditWitnessCommand.self,
        ])
}

/// `hie audit patient`.
struct AuditPatientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patient",
        abstract: "Print a patient's access log: who, from where, why, what they got, which rule decided.",
        discussion: """
            Newest first. Reading the log is itself in the log. --csv and --html write the \
            accounting of disclosures (45 CFR 164.528), oldest first; --proof writes what proves it.

            EXAMPLE
              hie audit patient --patient 3f0c5c1e-...
              hie audit patient --identifier 'urn:oid:1.2.3|4711' --json | jq '.events[0]'
              hie audit patient --patient 3f0c5c1e-... --fhir > decisions.json
              hie audit patient --patient 3f0c5c1e-... --html accounting.html --proof proof.json
            """)

    @OptionGroup var choice: PatientChoice
    @Option(help: "At most so many lines.") var limit = 100
    @Flag(help: "Name every rule that decided, not only the first.") var rules = false
    @Flag(help: "Print each decision as a FHIR AuditEvent (BALP AuthZconsent), in one Bundle.") var fhir = false
    @Option(help: ArgumentHelp("Write the accounting of disclosures as CSV.", valueName: "file")) var csv: String?
    @Option(help: ArgumentHelp("Write it as a page ready to print.", valueName: "file")) var html: String?
    @Option(help: ArgumentHelp("Write the proof of every entry about the patient, opened.", valueName: "file"))
    var proof: String?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000.") }
    }

    func run() async throws {
        let terminal = Terminal()
        var arguments = try choice.arguments()
        arguments["limit"] = .number(String(csv ?? html == nil ? limit : 10_000))
        if fhir { arguments["fhir"] = true }
        if csv != nil || html != nil { arguments["export"] = true }
        let client = AdminClient(home)
        let log = try await client.ask(.auditPatient, arguments)
        let names = await names(client)
        if csv != nil || html != nil || proof != nil { return try await export(log, names, client, terminal) }
        if output.json || fhir { return terminal.result(log) }
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

    /// The accounting of disclosures, and its proof.
    private func export(_ log: JSONValue, _ names: [String: String], _ client: AdminClient, _ terminal: Terminal)
        async throws
    {
        let status = try await client.ask(.nodeStatus)
        let report = AccountingReport(log, facility: status.text("name"), names: names)
        if let csv { try LocalFile.write(Array(report.csv.utf8), to: csv) }
        if let html {
            try LocalFile.write(Array(report.html(made: World.system.now().description).utf8), to: html)
        }
        if let proof {
            let made = try await client.ask(
                .auditProve, ["patient": .string(report.patient), "open": true], seconds: 600)
            try LocalFile.write(JSONWriter.pretty(made) + [UInt8(ascii: "\n")], to: proof)
        }
        for file in [csv, html, proof].compactMap({ $0 }) { terminal.result(file) }
        terminal.words("\(Words.count(report.rows.count, "disclosure")); these files hold patient data")
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
