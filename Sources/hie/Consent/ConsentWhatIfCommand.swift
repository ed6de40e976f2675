import AdminEndpoint
import ArgumentParser
import ExchangeNode
import JSON

/// `hie consent what-if`.
struct ConsentWhatIfCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "what-if",
        abstract: "Say what each community and role would gain or lose by a directive, before it is signed.",
        discussion: """
            Nothing is recorded but that it was asked. Takes the forms of consent record; a \
            Consent with the id of a recorded directive is compared as its next version. \
            Roles and purposes that the directive names are compared too.

            The other communities are asked what it would change there: they answer in numbers, \
            of those documents that this facility may be shown now. Exits 3 when one gives no answer.

            EXAMPLE
              hie consent what-if --file new.json
              hie consent what-if --patient 7f3c... --withhold psychiatric \\
                --role physician --role researcher --for TREAT --for HRESCH --json
              hie consent what-if --file new.json --here
            """)

    @OptionGroup var choice: OptionalPatientChoice
    @OptionGroup var forms: ConsentForms
    @Option(help: "A role to compare; repeat for more. physician by default.") var role: [String] = []
    @Option(name: .customLong("for"), help: ArgumentHelp("A purpose to compare; repeat for more.", valueName: "code"))
    var purposes: [String] = []
    @Flag(help: "Compare only documents held here; ask no other community.") var here = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard forms.file != nil || choice.isNamed else {
            throw ValidationError("Say which patient: --patient ID or --identifier 'SYSTEM|VALUE'.")
        }
        guard role.count <= 8, purposes.count <= 8 else { throw ValidationError("Compare 8 roles and purposes at most.") }
    }

    func run() async throws {
        let terminal = Terminal()
        var arguments = try forms.arguments()
        try choice.add(to: &arguments)
        arguments["roles"] = .array(role.map { .string($0) })
        arguments["purposes"] = .array(purposes.map { .string($0) })
        arguments["here"] = .bool(here)
        let answer = try await Progress.during("asking every facility", world: .system, on: terminal) {
            [home, arguments] _ in
            try await AdminClient(home).ask(.consentCompare, arguments)
        }
        let elsewhere = answer["elsewhere"]?.items ?? []
        if output.json { terminal.result(answer) } else { show(answer, elsewhere, on: terminal) }
        if elsewhere.contains(where: Self.isGap) { throw ExitStatus.partial.exit }
    }

    private static func isGap(_ community: JSONValue) -> Bool { community["changes"] == nil }

    private func show(_ answer: JSONValue, _ elsewhere: [JSONValue], on terminal: Terminal) {
        var table = Table("COMMUNITY", "ROLE", "PURPOSE", "GAINS", "LOSES", "WOULD SEE")
        for (index, row) in (answer["changes"]?.items ?? []).enumerated() {
            let others = elsewhere.compactMap { $0["changes"]?[index] }
            func sum(_ name: String, _ here: Int) -> Int { others.reduce(here) { $0 + ($1[name]?.integer ?? 0) } }
            let gained = sum("gained", row["gained"]?.items.count ?? 0)
            let lost = sum("lost", row["lost"]?.items.count ?? 0)
            let permitted = sum("permitted", row["permitted"]?.integer ?? 0)
            let name = row.text("name")
            table.add(
                .init(name.isEmpty || row.text("organization") != row.text("community") ? row.text("organization") : name),
                .init(row.text("role")), .init(row.text("purpose")), .init(String(gained), gained > 0 ? .good : .plain),
                .init(String(lost), lost > 0 ? .bad : .plain), .init(String(permitted)))
        }
        terminal.result(table)
        let there = elsewhere.reduce(0) { $0 + ($1["documents"]?.integer ?? 0) }
        let heldHere = Words.count(answer["documents"]?.integer ?? 0, "document") + " held here"
        terminal.words(
            "of \(heldHere)" + (elsewhere.isEmpty ? "" : " and \(there) elsewhere that this facility may be shown")
                + "; nothing was recorded")
        for community in elsewhere where Self.isGap(community) {
            terminal.words("\(community.text("name")) is not counted: \(community.text("answer"))")
        }
    }
}
