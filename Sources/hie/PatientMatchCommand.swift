import ArgumentParser
import ExchangeCore
import FHIRModel
import JSON

/// `hie patient match`.
struct PatientMatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "Find patients by who they are (ITI-119): best match first, with how sure.",
        discussion: """
            EXAMPLE
              hie patient match --as ./dr.brattain --file patient.json
              hie patient match --as ./dr.brattain --family Newman --given Alice \\
                --birth-date 1970-05-01 --sex female --certain
            """)

    @OptionGroup var fields: PatientFields
    @Flag(help: "Only a match that needs no person to look at it; nothing when several are meant.") var certain = false
    @Option(help: "At most so many matches.") var count = 10
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...100).contains(count) else { throw ValidationError("--count is 1 to 100.") }
    }

    func run() async throws {
        let terminal = Terminal()
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
