import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say everything that is wrong with this node, each with the next step.",
        discussion: """
            Looks at the node's folder (configuration, keys, certificates, admission, ports, disk; \
            journal and keyring of a node that is stopped) and, when the node runs, asks it how \
            it is (journal, disk, directory, clock, peers, certificates in use). Changes nothing. Exits 1 when something does not work; what only \
            deserves a look (warn) leaves it at 0.

            EXAMPLE
              hie doctor --home /var/lib/hie
              hie doctor --json | jq -r '.checks[] | select(.status != "pass") | .output'
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let running = try await running(client)
        var findings = FolderCheckup.findings(NodeHome.here(client.home), isRunning: running != nil, world: .system)
        findings += running ?? [
            HealthFinding("node", .warn, "it does not run", next: "start it with hie run --home \(client.home)")
        ]
        if output.json {
            terminal.result(findings.json)
        } else {
            var table = Table("", "WHAT", "SEEN", "NEXT")
            for finding in findings {
                table.add(Self.mark(finding.grade), .init(finding.component), .init(finding.seen), .init(finding.next ?? ""))
            }
            terminal.result(table)
        }
        guard findings.grade != .fail else { throw ExitStatus.failed.exit }
    }

    /// What the running node says of itself; nil when none runs.
    private func running(_ client: AdminClient) async throws -> [HealthFinding]? {
        do {
            let health = try await client.ask(.nodeHealth, seconds: 10)
            return (health["checks"]?.items ?? []).compactMap(HealthFinding.init)
        } catch let failure as CommandFailure where failure.status == .unreachable {
            return nil
        }
    }

    private static func mark(_ grade: HealthFinding.Grade) -> Table.Cell {
        switch grade {
        case .pass: Table.Cell("ok", .good)
        case .warn: Table.Cell("LOOK", .doubtful)
        case .fail: Table.Cell("WRONG", .bad)
        }
    }
}
