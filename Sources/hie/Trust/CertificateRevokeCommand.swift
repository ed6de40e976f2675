import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import JSON
import Trust

/// `hie certificate revoke`.
struct CertificateRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Shut out a client's certificate, such as that of a lost laptop.",
        discussion: """
            Takes effect at once on a running node: its open connections are closed. There is no way \
            back; issue a new certificate instead. Safe to repeat. A community's node is revoked by \
            the network's authority: hie peer revoke.

            EXAMPLE
              hie certificate revoke --client dr.brattain
              hie certificate revoke --thumbprint nK0oT4lqkTPTZVoIpDuxJZ5Shq4hC0UoWi3aJPQdV6A
            """)

    @Option(help: ArgumentHelp("The client's name.", valueName: "name")) var client: String?
    @Option(help: ArgumentHelp("The certificate's SHA-256, from hie certificate show.", valueName: "sha-256"))
    var thumbprint: String?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (client == nil) != (thumbprint == nil) else {
            throw ValidationError("Say whose certificate: --client NAME or --thumbprint SHA-256, one of them.")
        }
        if let thumbprint, Thumbprint(thumbprint) == nil {
            throw ValidationError("--thumbprint is the 43 characters that hie certificate show prints as \"certificate\".")
        }
    }

    func run() async throws {
        let terminal = Terminal()
        let admin = AdminClient(home)
        try admin.demandHome()
        let node = NodeHome.here(admin.home)
        let revoked = try named(of: node)
        let isNew = try RevokedClients.add(revoked, name: client ?? "-", of: node, at: World.system.now())
        let closed = try await tell(admin)
        if output.json {
            return terminal.result([
                "thumbprint": .string(revoked.text), "changed": .bool(isNew), "inForce": .bool(closed != nil),
                "connectionsClosed": .number(String(closed ?? 0)),
            ])
        }
        terminal.result(revoked.text)
        terminal.words(isNew ? "revoked" : "was revoked before")
        if let closed {
            terminal.words("in force: \(Words.count(closed, "connection")) closed")
        } else {
            terminal.words("the node does not run; in force from its next start")
        }
    }

    private func named(of node: NodeHome) throws -> Thumbprint {
        if let thumbprint = thumbprint.flatMap({ Thumbprint($0) }) { return thumbprint }
        let name = client ?? ""
        guard TrustedCertificate.isClientName(name) else {
            throw CommandFailure(.usage, "a client's name has 1 to 64 letters, digits, '.', '-' or '_'")
        }
        let folder = ClientFolder(node.clients.appendingPathComponent(name))
        guard LocalFile.exists(folder.certificate.path) else {
            throw CommandFailure(
                .notFound, "there is no client \(name)", hint: "hie certificate list names them; or give --thumbprint")
        }
        guard let first = try CertificatePEM.read(PlainFile.text(folder.certificate)).first else {
            throw CommandFailure(.damaged, "\(folder.certificate.path) holds no certificate", hint: "give --thumbprint")
        }
        return first.thumbprint
    }

    /// How many connections the running node closed; nil when none runs.
    private func tell(_ admin: AdminClient) async throws -> Int? {
        do {
            return try await admin.ask(.certificateReload)["closed"]?.integer.map { Int($0) }
        } catch let failure as CommandFailure where failure.status == .unreachable {
            return nil
        }
    }
}
