import AdminEndpoint
import ArgumentParser
import JSON

/// `hie directory`.
struct DirectoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "directory",
        abstract: "Who takes part in the exchange, as signed records say.",
        discussion: """
            EXAMPLE
              hie directory list
            """,
        subcommands: [List.self, Show.self, Export.self, Watch.self, Doctor.self, Leave.self, Adopt.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every community this node knows, its own included.",
            discussion: """
                EXAMPLE
                  hie directory list
                  hie directory list --json | jq '.communities | length'
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.directoryList)
            if output.json { return terminal.result(answer) }
            var table = Table("NAME", "COMMUNITY", "STANDING", "RECORD UNTIL", "ADDRESS")
            for row in answer["communities"]?.items ?? [] {
                let standing = row.text("standing")
                let isOwn = row["own"]?.bool == true
                table.add(
                    .init(row.text("name") + (isOwn ? " (this node)" : ""), isOwn ? .heading : .plain),
                    .init(row.text("community")),
                    .init(standing, standing == "active" ? .good : .doubtful), .init(Words.time(row.text("expires"))),
                    .init(row["endpoints"]?[0].text("url") ?? ""))
            }
            terminal.result(table)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the whole directory as JSON: admissions, records and reachability, each apart.",
            discussion: """
                The signed texts are in it; any JOSE library verifies them. Clients read the same as FHIR
                (mCSD): GET Organization, Endpoint, OrganizationAffiliation, Location.

                EXAMPLE
                  hie directory export > directory.json
                """)

        @Flag(help: "As it is anyway: one JSON object.") var json = false
        @OptionGroup var home: HomeOptions

        func run() async throws { Terminal().result(try await AdminClient(home).ask(.directoryExport)) }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one community's record and admission.",
            discussion: """
                EXAMPLE
                  hie directory show 1.3.6.1.4.1.21367.2026.10
                  hie directory show 1.3.6.1.4.1.21367.2026.10 --json | jq -r .record
                """)

        @Argument(help: "The community, as an OID or urn:oid:...") var community: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let row = try await AdminClient(home).ask(.directoryShow, ["community": .string(community)])
            if output.json { return terminal.result(row) }
            var facts = Facts()
            facts.add("name", row["name"]?.string, .heading)
            facts.add("community", row["community"]?.string)
            facts.add("standing", row["standing"]?.string, row.text("standing") == "active" ? .good : .doubtful)
            for endpoint in row["endpoints"]?.items ?? [] {
                facts.add("endpoint: " + endpoint.text("role"), endpoint["url"]?.string)
            }
            facts.add("capabilities", row["capabilities"].map { _ in row.joined("capabilities") })
            facts.add("record issued", row["issued"]?.string)
            facts.add("record expires", row["expires"]?.string)
            facts.add("record sequence", row["sequence"].map { _ in row.text("sequence") })
            facts.add("keys", row["keys"].map { _ in row.joined("keys") })
            facts.add("admitted as", row["admission"]?["organization"]?.string)
            facts.add("admitted until", row["admission"]?["expires"]?.string)
            facts.add("last contact", row["lastContact"]?.string)
            facts.show(on: terminal)
        }
    }
}
