import ArgumentParser
import ExchangeCore
import FHIRModel
import JSON
import PatientIndex

/// `hie patient match`.
struct PatientMatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "Find patients by who they are (ITI-119): best match first, with how sure.",
        discussion: """
            A row of a table that $match would refuse is named with its line and its field; the others
            are answered, and the exit code is 1.

            EXAMPLE
              hie patient match --as ./dr.brattain --file patient.json
              hie patient match --as ./dr.brattain --family Newman --given Alice \\
                --birth-date 1970-05-01 --sex female --certain
              hie patient match queries.csv --out answers.csv --home /var/lib/hie
            """)

    @Argument(help: "A table of questions; asked as the administrator, of a node running or at rest.") var table: String?
    @Option(help: ArgumentHelp("Where the table's answers go.", valueName: "file")) var out: String?
    @Option(help: "Profile for a table: strict, balanced, cms-hte, or a file of one's own (.json).") var profile = "strict"
    @OptionGroup var home: HomeOptions

    @OptionGroup var fields: PatientFields
    @Flag(help: "Only a match that needs no person to look at it; nothing when several are meant.") var certain = false
    @Option(help: "At most so many matches.") var count = 10
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...100).contains(count) else { throw ValidationError("--count is 1 to 100.") }
        guard (table != nil) == (out != nil) else { throw ValidationError("A table of questions and --out go together.") }
        if !profile.hasSuffix(".json") { _ = try MatchProfile(profile) }
        if table == nil { try fields.demand() }
    }

    func run() async throws {
        let terminal = Terminal()
        if let table, let out {
            return try await PatientTable.match(table, out: out, profile: profile, home: home, output: output, on: terminal)
        }
        let question = Parameters([
            .init(name: "resource", resource: try fields.patient()),
            .init("onlyCertainMatches", "valueBoolean", .bool(certain)),
            .init("count", "valueInteger", .number(String(count))),
        ])
        let bundle = try await FHIRClient(server).post("/Patient/$match", .resource(question.json))
        let entries = bundle["entry"]?.items ?? []
        let matches = entries.filter { $0["resource"]?["resourceType"]?.string == "Patient" }
        let hints = entries.filter { $0["resource"]?["resourceType"]?.string == "OperationOutcome" }
            .compactMap { $0["resource"]?.object }.flatMap { OperationOutcome(json: $0).issues }.compactMap(\.details)
        if output.json {
            return terminal.result([
                "matches": .array(
                    matches.map { entry in
                        [
                            "grade": .string(Self.grade(entry)), "score": entry["search"]?["score"] ?? .null,
                            "patient": entry["resource"] ?? .null,
                        ]
                    }), "hints": .array(hints.map { .string($0) }),
            ])
        }
        var table = Table("ID", "GRADE", "SCORE", "NAME", "BORN", "IDENTIFIER")
        for entry in matches {
            guard let patient = entry["resource"]?.object else { continue }
            let grade = Self.grade(entry)
            table.add(
                .init(patient["id"]?.string ?? ""),
                .init(grade, grade == "certain" ? .good : .doubtful), .init(entry["search"].text("score")),
                .init(PatientWords.name(patient)), .init(PatientMapping.demographics(patient).birthDate?.text ?? ""),
                .init(PatientWords.identifier(patient)))
        }
        for hint in hints { terminal.words(hint) }
        if table.isEmpty { return terminal.words("no match") }
        terminal.result(table)
    }

    /// The match-grade extension of a `$match` answer's entry.
    static func grade(_ entry: JSONValue) -> String {
        (entry["search"]?["extension"]?.items ?? []).compactMap { $0["valueCode"]?.string }.first ?? ""
    }
}
