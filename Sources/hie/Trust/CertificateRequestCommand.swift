import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Trust

/// The two certificates of a node, as `hie certificate list` names them.
enum ListenerUse: String, CaseIterable, ExpressibleByArgument {
    case peers
    case clients
}

/// `hie certificate request`.
struct CertificateRequestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Print a certificate request (PKCS #10) for an authority elsewhere.",
        discussion: """
            For the peer port it names the community, for the client port the host that clients call. \
            The key stays in the node's folder. The network's authority signs the first with hie \
            certificate sign; any authority may sign the second. Then: hie certificate import.

            EXAMPLE
              hie certificate request --use peers --out node.csr
              hie certificate request --use clients | openssl req -noout -text
            """)

    @Option(help: ArgumentHelp("Which listener's certificate.", valueName: "peers|clients")) var use: ListenerUse
    @Option(help: ArgumentHelp("Write it into a file instead of stdout.", valueName: "file")) var out: String?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let admin = AdminClient(home)
        try admin.demandHome()
        let request = try CertificateRequest.of(NodeHome.here(admin.home), forPeers: use == .peers)
        if let out { try LocalFile.write(Array(request.pem.utf8), to: out, mode: 0o644) }
        if output.json {
            return terminal.result([
                "use": .string(use.rawValue), "key": .string(request.key.thumbprint.text),
                "request": .string(request.pem), "file": out.map { .string($0) } ?? .null,
            ])
        }
        if let out { terminal.result(out) } else { terminal.resultText(String(request.pem.dropLast())) }
        terminal.words("next: have it signed, then hie certificate import FILE --use \(use.rawValue)")
    }
}

/// `hie certificate sign`.
struct CertificateSignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a node's certificate request with the network's authority.",
        discussion: """
            For nodes on other machines. The community is named by you, not by the request: one that \
            asks for another is refused (exit 5). Admission is another matter: hie invite.

            EXAMPLE
              hie certificate sign node.csr --network ./network \\
                --community 1.3.6.1.4.1.21367.2026.11 --out node.pem
            """)

    @Argument(help: "The request's file; - reads stdin.") var file: String
    @Option(help: ArgumentHelp("The network authority's folder.", valueName: "dir")) var network: String
    @Option(help: ArgumentHelp("Whose node it is.", valueName: "oid")) var community: String
    @Option(help: "Days the certificate holds.") var days = 30
    @Option(help: ArgumentHelp("Write it into a file instead of stdout.", valueName: "file")) var out: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard CommunityID(community) != nil else {
            throw ValidationError("--community is an OID such as 1.3.6.1.4.1.21367.2026.11.")
        }
        guard (1...397).contains(days) else { throw ValidationError("--days is 1 to 397.") }
    }

    func run() async throws {
        let terminal = Terminal()
        guard let community = CommunityID(community) else { throw CommandFailure(.usage, "--community is no OID") }
        let request = try CertificateRequest(pem: LocalFile.text(file, atMost: CertificateRequest.bytesMax))
        let authority = NetworkAuthorityFolder(LocalFile.absolute(network), world: .system)
        let signed = try authority.sign(request, for: community, days: days)
        let pem = try CertificatePEM.write([signed])
        if let out { try LocalFile.write(Array(pem.utf8), to: out, mode: 0o644) }
        if output.json {
            return terminal.result([
                "community": .string(community.urn), "key": .string(request.key.thumbprint.text),
                "validUntil": .string(signed.validUntil.description), "certificate": .string(pem),
                "file": out.map { .string($0) } ?? .null,
            ])
        }
        if let out { terminal.result(out) } else { terminal.resultText(String(pem.dropLast())) }
        terminal.words("signed for \(community.urn) until \(Words.time(signed.validUntil.description))")
        terminal.words("next, at the node: hie certificate import FILE --use peers")
    }
}
