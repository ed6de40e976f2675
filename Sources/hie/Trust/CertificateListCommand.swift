import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Trust
import X509

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

    private struct Row {
        let use: String
        let name: String
        let certificate: Certificate
        let state: String
        let paint: Terminal.Paint
    }

    func validate() throws {
        if let within, within < 0 { throw ValidationError("--within is a number of days, 0 or more.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let now = World.system.now()
        var rows = try rows(of: NodeHome(client.home), now: now)
        if let within { rows = rows.filter { $0.certificate.validUntil <= now + .seconds(within * 86400) } }
        rows.sort { ($0.certificate.validUntil, $0.name) < ($1.certificate.validUntil, $1.name) }
        if output.json {
            terminal.result([
                "certificates": .array(
                    rows.map { row in
                        [
                            "use": .string(row.use), "name": .string(row.name), "state": .string(row.state),
                            "thumbprint": .string(row.certificate.thumbprint.text),
                            "validUntil": .string(row.certificate.validUntil.description),
                        ]
                    })
            ])
        } else if rows.isEmpty {
            terminal.words("no certificate ends within \(Words.count(within ?? 0, "day"))")
        } else {
            var table = Table("USE", "NAME", "STATE", "UNTIL")
            for row in rows {
                table.add(
                    .init(row.use), .init(row.name), .init(row.state, row.paint),
                    .init(row.certificate.validUntil.description))
            }
            terminal.result(table)
        }
        if rows.contains(where: { $0.state == "ended" }) { throw ExitStatus.failed.exit }
    }

    private func rows(of home: NodeHome, now: Timestamp) throws -> [Row] {
        let revoked = Set(try RevokedClients.read(home.revokedClients).keys)
        let own = [
            ("peers", "this node", home.nodeCertificate), ("clients", "this node", home.listenerCertificate),
            ("authority", "network", home.networkAuthority), ("authority", "clients", home.clientAuthority),
        ]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.clients.path)) ?? []
        let clients = names.map { name in
            ("client", name, ClientFolder(home.clients.appendingPathComponent(name)).certificate)
        }
        return (own + clients).compactMap { use, name, url in
            guard let text = try? PlainFile.text(url), let first = try? CertificatePEM.read(text).first else { return nil }
            let (state, paint) = Self.state(of: first, isRevoked: revoked.contains(first.thumbprint), now: now)
            return Row(use: use, name: name, certificate: first, state: state, paint: paint)
        }
    }

    /// The words of the doctor, in short.
    private static func state(of certificate: Certificate, isRevoked: Bool, now: Timestamp) -> (String, Terminal.Paint) {
        if isRevoked { return ("revoked", .quiet) }
        if now >= certificate.validUntil { return ("ended", .bad) }
        let status = CertificateStatus(
            use: "", keyThumbprint: "", validFrom: certificate.validFrom, validUntil: certificate.validUntil)
        switch HealthRules.certificate(status, now: now).grade {
        case .pass: return ("holds", .good)
        case .warn: return ("ends soon", .doubtful)
        case .fail: return ("not valid yet", .bad)
        }
    }
}
