import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Trust

/// `hie certificate forecast`.
struct CertificateForecastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "Say what ends in the days to come, and what renews each.",
        discussion: """
            Certificates of the node, its authorities and its clients, and the network's admission; not \
            what was revoked. Reads the node's folder; the node need not run. Exits 1 when something \
            has ended already.

            EXAMPLE
              hie certificate forecast
              hie certificate forecast --days 365
              hie certificate forecast --json | jq -r '.ending[] | "\\(.daysLeft) \\(.next)"'
            """)

    @Option(help: "How many days ahead.") var days = 90
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...3650).contains(days) else { throw ValidationError("--days is 1 to 3650.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let admin = AdminClient(home)
        try admin.demandHome()
        let now = World.system.now()
        let ending = try CertificateInventory.of(NodeHome.here(admin.home)).filter {
            !$0.isRevoked && $0.validUntil <= now + .seconds(days * 86400)
        }
        if output.json {
            terminal.result([
                "days": .number(String(days)), "ending": .array(ending.map { Self.json($0, now: now) }),
            ])
        } else if ending.isEmpty {
            terminal.words("nothing ends within \(Words.count(days, "day"))")
        } else {
            var table = Table("UNTIL", "DAYS", "USE", "NAME", "RENEWED BY")
            for one in ending {
                let grade = one.finding(now: now).grade
                table.add(
                    .init(String(one.validUntil.description.prefix(10))),
                    .init(String(Self.daysLeft(one, now)), grade == .fail ? .bad : grade == .warn ? .doubtful : .plain),
                    .init(one.use.rawValue), .init(one.name), .init(one.renewal))
            }
            terminal.result(table)
        }
        if ending.contains(where: { $0.validUntil <= now }) { throw ExitStatus.failed.exit }
    }

    private static func daysLeft(_ one: KeptCertificate, _ now: Timestamp) -> Int64 {
        (one.validUntil - now).components.seconds / 86400
    }

    private static func json(_ one: KeptCertificate, now: Timestamp) -> JSONValue {
        [
            "use": .string(one.use.rawValue), "name": .string(one.name),
            "validUntil": .string(one.validUntil.description), "daysLeft": .number(String(daysLeft(one, now))),
            "status": .string(one.finding(now: now).grade.rawValue), "next": .string(one.renewal),
        ]
    }
}
