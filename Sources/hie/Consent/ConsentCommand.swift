import AdminEndpoint
import ArgumentParser
import JSON

/// `hie consent`.
struct ConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract: "What patients permit and refuse about their documents here.",
        discussion: """
            Consent is enforced by the node that holds the documents, on every find and \
            retrieve, also for its own users.

            EXAMPLE
              hie consent record --identifier 'urn:oid:1.2.3|4711' --deny \\
                --organization urn:oid:1.3.6.1.4.1.21367.2026.12
              hie consent list --identifier 'urn:oid:1.2.3|4711'
            """,
        subcommands: [
            ConsentRecordCommand.self, Revoke.self, List.self, Show.self, History.self, ConsentExplainCommand.self,
            ConsentWhatIfCommand.self,
        ])

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a directive: it stays recorded and counts no more.",
            discussion: """
                Returns once no answer that the change overtook can still send a byte.

                EXAMPLE
                  hie consent revoke 0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f
                """)

        @Argument(help: "The directive's id.") var id: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let directive = try await AdminClient(home).ask(.consentRevoke, ["id": .string(id)])
            if output.json { return terminal.result(directive) }
            terminal.result(directive.text("id"))
            terminal.words("revoked; what it decided no longer holds")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List a patient's directives, revoked ones included.",
            discussion: """
                EXAMPLE
                  hie consent list --patient 7f3c... --json
                """)

        @OptionGroup var choice: PatientChoice
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.consentList, try choice.arguments())
            if output.json { return terminal.result(answer) }
            var table = Table("ID", "STATE", "RECORDED", "EFFECT", "ON WHAT CONDITIONS")
            for row in answer["consents"]?.items ?? [] {
                table.add(
                    .init(row.text("id")), .init(row.text("state"), row.text("state") == "in force" ? .plain : .quiet),
                    .init(Words.time(row.text("recorded"))),
                    .init(row.text("effect"), row.text("effect") == "deny" ? .bad : .good),
                    .init(ConsentCommand.conditions(row)))
            }
            if table.isEmpty {
                return terminal.words("nothing is recorded; the community's default holds (hie status)")
            }
            terminal.result(table)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one directive, and where it is in force.",
            discussion: """
                Every other community of the directory is listed: in force since when, pending (and why), refused (and \
                why), or none, when nobody there is certainly this patient.

                EXAMPLE
                  hie consent show 0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f --json | jq .consent
                """)

        @Argument(help: "The directive's id.") var id: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let row = try await AdminClient(home).ask(.consentShow, ["id": .string(id)])
            if output.json { return terminal.result(row) }
            var facts = Facts()
            facts.add("id", row["id"]?.string, .heading)
            facts.add("patient", row["patient"]?.string)
            facts.add("version", row.text("version"))
            facts.add("state", row["state"]?.string)
            facts.add("effect", row["effect"]?.string, row.text("effect") == "deny" ? .bad : .good)
            facts.add("conditions", ConsentCommand.conditions(row))
            facts.add("recorded", row["recorded"]?.string)
            facts.add("recorded by", row["by"]?.string)
            facts.add("laid down by", ConsentCommand.person(row))
            facts.add("evidence", row["evidence"]?.string)
            facts.add("stated by", row["origin"]?["community"]?.string)
            facts.show(on: terminal)
            let communities = row["communities"]?.items ?? []
            if !communities.isEmpty { terminal.result(Self.table(communities)) }
        }

        private static func table(_ communities: [JSONValue]) -> Table {
            var table = Table("COMMUNITY", "NAME", "STATE", "SINCE", "WHY")
            for row in communities {
                let state = row.text("state")
                let earlier = row["earlierVersion"]?.integer.map { "version \($0) is in force there" }
                let why = [row["reason"]?.string, earlier].compactMap { $0 }.joined(separator: "; ")
                table.add(
                    .init(row.text("community")), .init(row.text("name")),
                    .init(state, state == "in-force" ? .good : state == "refused" ? .bad : .quiet),
                    .init(Words.time(row.text("since"))), .init(why))
            }
            return table
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every version of a directive, newest first: what it said, and who recorded it.",
            discussion: """
                EXAMPLE
                  hie consent history 0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f
                """)

        @Argument(help: "The directive's id.") var id: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.consentHistory, ["id": .string(id)])
            if output.json { return terminal.result(answer) }
            var table = Table("VERSION", "RECORDED", "BY", "STATUS", "EFFECT", "ON WHAT CONDITIONS")
            for row in answer["versions"]?.items ?? [] {
                table.add(
                    .init(row.text("version")), .init(Words.time(row.text("recorded"))), .init(row.text("by")),
                    .init(row.text("status"), row.text("status") == "active" ? .plain : .quiet),
                    .init(row.text("effect"), row.text("effect") == "deny" ? .bad : .good),
                    .init(ConsentCommand.conditions(row)))
            }
            terminal.result(table)
        }
    }

    /// Who laid a directive down for the patient, with what they are to them; nil when that was not said.
    static func person(_ row: JSONValue) -> String? {
        let name = row.text("recordedBy")
        let relation = row.text("relation")
        if relation == "ONESELF" { return "the patient" }
        guard !name.isEmpty || !relation.isEmpty else { return nil }
        return [name, relation.isEmpty ? "" : "(\(relation))"].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// The conditions of a directive's base provision in one line.
    static func conditions(_ row: JSONValue) -> String {
        var parts: [String] = []
        func add(_ word: String, _ name: String) {
            let text = row.joined(name)
            if !text.isEmpty { parts.append(word + " " + text) }
        }
        add("organisation", "organizations")
        add("user", "users")
        add("purpose", "purposes")
        add("type", "types")
        add("label", "labels")
        add("withheld", "withheld")
        func period(_ word: String, _ from: String, _ until: String) {
            let start = row.text(from)
            let end = row.text(until)
            switch (start.isEmpty, end.isEmpty) {
            case (true, true): break
            case (false, true): parts.append("\(word) from \(start)")
            case (true, false): parts.append("\(word) until \(end)")
            case (false, false): parts.append("\(word) from \(start) until \(end)")
            }
        }
        period("in force", "from", "until")
        period("care given", "careFrom", "careUntil")
        if let count = row["exceptions"]?.integer, count > 0 { parts.append(Words.count(count, "exception")) }
        return parts.isEmpty ? "everybody, everything" : parts.joined(separator: "; ")
    }
}
