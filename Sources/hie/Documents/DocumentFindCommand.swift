import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie document find`.
struct DocumentFindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "List a patient's documents across all facilities, and what each facility said (ITI-67).",
        discussion: """
            Exits 3 when a facility did not answer: the list is then incomplete, and the lines \
            below it say whose documents are missing.

            EXAMPLE
              hie document find --as ./dr.brattain --patient 3f0c5c1e-...
              hie document find --as ./dr.brattain --identifier 'urn:oid:1.2.3|4711' --json
            """)

    @OptionGroup var choice: PatientChoice
    @Option(help: ArgumentHelp("Only documents of this type.", valueName: "system|code")) var type: String?
    @Option(help: ArgumentHelp("Only documents about care from this day on.", valueName: "date")) var from: String?
    @Option(help: ArgumentHelp("Only documents about care until this day.", valueName: "date")) var until: String?
    @Flag(help: "Replaced documents too.") var superseded = false
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        for (name, value) in [("--from", from), ("--until", until)] {
            guard value.map({ PartialDate($0) != nil }) ?? true else {
                throw ValidationError("\(name) is a date such as 2026-03-02.")
            }
        }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = try FHIRClient(server)
        let fields = try fields()
        let pages = try await Progress.during("asking every facility", world: .system, on: terminal) { _ in
            try await client.search("/DocumentReference/_search", fields)
        }
        let found = FoundRecord(pages)
        found.show(asJSON: output.json, on: terminal)
        if !found.isComplete { throw ExitStatus.partial.exit }
    }

    private func fields() throws -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let patient = choice.patient { fields.append(("patient", patient)) }
        if let text = choice.identifier {
            let identifier = try PatientIdentifier(argument: text)
            fields.append(("patient.identifier", identifier.system + "|" + identifier.value))
        }
        fields.append(("status", superseded ? "current,superseded" : "current"))
        if let type { fields.append(("type", type)) }
        if let from { fields.append(("period", "ge" + from)) }
        if let until { fields.append(("period", "le" + until)) }
        return fields
    }
}
