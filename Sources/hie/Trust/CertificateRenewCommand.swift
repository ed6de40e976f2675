import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Trust
import X509

/// `hie certificate renew`.
struct CertificateRenewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Make certificates anew before they end; no key changes and no connection closes.",
        discussion: """
            Without --network: the client listener's, which a running node also renews by itself. With \
            the network authority's folder: the node's own too. With --client: a client's, whose token \
            has to be issued again. A running node shows the new ones from the next handshake on. Safe \
            to repeat; with --due only what ends soon is renewed, so a timer may run it daily.

            EXAMPLE
              hie certificate renew
              hie certificate renew --network ./network --due
              hie certificate renew --client dr.brattain
            """)

    @Option(help: ArgumentHelp("The network authority's folder: renew the node's certificate too.", valueName: "dir"))
    var network: String?
    @Option(help: ArgumentHelp("Renew this client's certificate alone.", valueName: "name")) var client: String?
    @Option(help: "Days the new one holds: 397 for the client listener, 7 for the node, 90 for a client.") var days: Int?
    @Flag(help: "Only what has ended, or ends within 30 days or the last third of its time.") var due = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if client != nil, network != nil {
            throw ValidationError("Clients are certified by their facility; leave --network away.")
        }
        if let days, !(1...397).contains(days) { throw ValidationError("--days is 1 to 397.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let admin = AdminClient(home)
        try admin.demandHome()
        let node = NodeHome.here(admin.home)
        var renewed: [(use: KeptCertificate.Use, name: String, certificate: Certificate)] = []
        if let client {
            if try isWanted(.client, client, of: node) {
                let made = try CertificateRenewal.renewClient(
                    client, of: node, days: days ?? CertificateRenewal.clientDays, world: .system)
                renewed.append((.client, client, made))
            }
        } else {
            if let network, try isWanted(.peers, "this node", of: node) {
                let authority = NetworkAuthorityFolder(LocalFile.absolute(network), world: .system)
                renewed.append((.peers, "this node", try authority.renew(node, days: days ?? 7)))
            }
            if try isWanted(.clients, "this node", of: node) {
                let made = try CertificateRenewal.renewListener(
                    node, days: days ?? CertificateRenewal.listenerDays, world: .system)
                renewed.append((.clients, "this node", made))
            }
        }
        let taken = client == nil && !renewed.isEmpty ? try await admin.takeCertificates() : nil
        show(renewed, taken, on: terminal)
    }

    private func isWanted(_ use: KeptCertificate.Use, _ name: String, of node: NodeHome) throws -> Bool {
        guard due, let held = try CertificateInventory.of(node).first(where: { $0.use == use && $0.name == name }) else {
            return true
        }
        return held.finding(now: World.system.now()).grade != .pass
    }

    private func show(
        _ renewed: [(use: KeptCertificate.Use, name: String, certificate: Certificate)], _ taken: JSONValue?,
        on terminal: Terminal,
    ) {
        if output.json {
            return terminal.result([
                "renewed": .array(
                    renewed.map {
                        [
                            "use": .string($0.use.rawValue), "name": .string($0.name),
                            "thumbprint": .string($0.certificate.thumbprint.text),
                            "validUntil": .string($0.certificate.validUntil.description),
                        ]
                    }),
                "inUse": .bool(taken != nil),
            ])
        }
        guard !renewed.isEmpty else { return terminal.words("nothing ends soon; nothing was renewed") }
        var table = Table("USE", "NAME", "UNTIL")
        for row in renewed {
            table.add(.init(row.use.rawValue), .init(row.name), .init(row.certificate.validUntil.description))
        }
        terminal.result(table)
        if let client {
            return terminal.words("next: hie token issue --client \(client), since a token is bound to its certificate")
        }
        terminal.words(taken == nil ? "the node does not run; in use from its next start" : "the node shows it from the next handshake on")
    }
}

extension AdminClient {
    /// Has a running node read its certificates anew; its answer, or nil when none runs.
    func takeCertificates() async throws -> JSONValue? {
        do {
            return try await ask(.certificateReload)
        } catch let failure as CommandFailure where failure.status == .unreachable {
            return nil
        }
    }
}
