import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Trust

/// `hie certificate list`.
struct CertificateListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List a node's certificates and those of its clients, the first to end first.",
        discussion: """
            Exits 1 when one has ended that is not revoked.

            EXAMPLE
              hie certificate list
              hie certificate list --within 30
              hie certificate list --json | jq -r '.certificates[] | select(.state == "ends soon") | .name'
            """)

    @Option(help: "Only those that end within so many days.") var within: Int?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let within, within < 0 { throw ValidationError("--within is a number of days, 0 or more.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let now = World.system.now()
        var rows = try CertificateInventory.of(NodeHome.here(client.home)).filter { $0.use != .admission }
        if let within { rows = rows.filter { $0.validUntil <= now + .seconds(within * 86400) } }
        if output.json {
            terminal.result([
                "certificates": .array(
                    rows.map { row in
                        [
                            "use": .string(row.use.rawValue), "name": .string(row.name),
                            "state": .string(Self.state(of: row, now: now).0),
                            "thumbprint": row.thumbprint.map { .string($0.text) } ?? .null,
                            "validUntil": .string(row.validUntil.description),
                        ]
                    })
            ])
        } else if rows.isEmpty {
            terminal.words("no certificate ends within \(Words.count(within ?? 0, "day"))")
        } else {
            var table = Table("USE", "NAME", "STATE", "UNTIL")
            for row in rows {
                let (state, paint) = Self.state(of: row, now: now)
                table.add(
                    .init(row.use.rawValue), .init(row.name), .init(state, paint), .init(row.validUntil.description))
            }
            terminal.result(table)
        }
        if rows.contains(where: { !$0.isRevoked && $0.validUntil <= now }) { throw ExitStatus.failed.exit }
    }

    /// The words of the doctor, in short.
    private static func state(of row: KeptCertificate, now: Timestamp) -> (String, Terminal.Paint) {
        if row.isRevoked { return ("revoked", .quiet) }
        if now >= row.validUntil { return ("ended", .bad) }
        return switch row.finding(now: now).grade {
        case .pass: ("holds", .good)
        case .warn: ("ends soon", .doubtful)
        case .fail: ("not valid yet", .bad)
        }
    }
}
