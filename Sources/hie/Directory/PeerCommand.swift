import AdminEndpoint
import ArgumentParser
import JSON

/// `hie peer`.
struct PeerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peer",
        abstract: "The other facilities' nodes, and whether they answer.",
        discussion: """
            EXAMPLE
              hie peer list
              hie peer show urn:oid:1.3.6.1.4.1.21367.2026.10
            """,
        subcommands: [List.self, Show.self, Approve.self, Block.self, Revoke.self, Ping.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the nodes that questions go to.",
            discussion: """
                EXAMPLE
                  hie peer list --json | jq -r '.peers[].name'
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let answer = try await AdminClient(home).ask(.peerList)
            if output.json { return terminal.result(answer) }
            var table = Table("NAME", "COMMUNITY", "REACHABLE", "LAST CONTACT", "FHIR BASE")
            for peer in answer["peers"]?.items ?? [] {
                let isReachable = peer["reachable"]?.bool
                table.add(
                    .init(peer.text("name")), .init(peer.text("community")),
                    .init(
                        isReachable.map { $0 ? "yes" : "no" } ?? "not asked yet",
                        isReachable.map { $0 ? .good : .bad } ?? .quiet),
                    .init(Words.time(peer.text("lastContact"))), .init(peer.text("fhirBase")))
            }
            if table.isEmpty { return terminal.words("no other node is known yet; see hie directory list") }
            terminal.result(table)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one node and how it last fared.",
            discussion: """
                EXAMPLE
                  hie peer show 1.3.6.1.4.1.21367.2026.10
                """)

        @Argument(help: "The community, as an OID or urn:oid:...") var community: String
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let peer = try await AdminClient(home).ask(.peerShow, ["community": .string(community)])
            if output.json { return terminal.result(peer) }
            var facts = Facts()
            facts.add("name", peer["name"]?.string, .heading)
            facts.add("community", peer["community"]?.string)
            facts.add("fhir base", peer["fhirBase"]?.string)
            facts.add(
                "reachable", peer["reachable"]?.bool.map { $0 ? "yes" : "no" } ?? "not asked yet",
                peer["reachable"]?.bool == false ? .bad : .plain)
            facts.add("last contact", peer["lastContact"]?.string)
            facts.add("detail", peer["detail"]?.string)
            facts.show(on: terminal)
        }
    }
}
