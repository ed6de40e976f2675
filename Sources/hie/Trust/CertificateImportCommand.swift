import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Trust
import X509

/// `hie certificate import`.
struct CertificateImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take in a certificate that an authority elsewhere made.",
        discussion: """
            A PEM file (the certificate first, then what leads to its root), or PKCS #12 (.p12, .pfx) \
            with its key. It is judged as the other side will judge it; what is in use stays when it is \
            refused. A running node shows it from the next handshake on. The key must be P-256. Where \
            the client port's certificate is not of the facility's own authority, name that authority: \
            new clients are given it, and those there are need it too.

            EXAMPLE
              hie certificate import node.pem --use peers
              hie certificate import hie.pem --use clients --authority hospital-ca.pem
              hie certificate import hie.p12 --use clients --passphrase-file p12.pass \\
                --authority hospital-ca.pem
            """)

    @Argument(help: "The file: PEM or PKCS #12.") var file: String
    @Option(help: ArgumentHelp("Which listener's certificate.", valueName: "peers|clients")) var use: ListenerUse
    @Option(help: ArgumentHelp("Its private key in PEM, when it is not the node's.", valueName: "file")) var key: String?
    @Option(help: ArgumentHelp("File with the passphrase of a PKCS #12 file.", valueName: "file"))
    var passphraseFile: String?
    @Option(help: ArgumentHelp("Certificates of the authority in PEM; for --use clients.", valueName: "file"))
    var authority: String?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if use == .peers, authority != nil {
            throw ValidationError("Peers are trusted by the network's authority alone; leave --authority away.")
        }
        if passphraseFile != nil, key != nil { throw ValidationError("A PKCS #12 file brings its key; leave --key away.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let admin = AdminClient(home)
        try admin.demandHome()
        let node = NodeHome.here(admin.home)
        let brought = try read()
        let taken: Certificate
        switch use {
        case .peers: taken = try await brought.takeForPeers(node, world: .system)
        case .clients:
            let authorities = try authority.map { try CertificatePEM.read(LocalFile.text($0)) } ?? []
            taken = try await brought.takeForClients(node, authorities: authorities, world: .system)
        }
        let answer = try await admin.takeCertificates()
        if output.json {
            return terminal.result([
                "use": .string(use.rawValue), "thumbprint": .string(taken.thumbprint.text),
                "validUntil": .string(taken.validUntil.description), "inUse": .bool(answer != nil),
            ])
        }
        terminal.result(taken.thumbprint.text)
        terminal.words("holds until \(Words.time(taken.validUntil.description))")
        terminal.words(answer == nil ? "the node does not run; in use from its next start" : "the node shows it from the next handshake on")
    }

    private func read() throws -> CertificateImport {
        let bytes = try LocalFile.read(file, atMost: 1 << 20)
        let isPEM = bytes.starts(with: Array("-----BEGIN".utf8))
            || String(validating: bytes, as: UTF8.self)?.contains("-----BEGIN CERTIFICATE") == true
        if isPEM {
            return try CertificateImport(
                certificatePEM: String(decoding: bytes, as: UTF8.self), keyPEM: key.map { try LocalFile.text($0) })
        }
        var passphrase = try passphraseFile.map { try LocalFile.read($0, atMost: 4096) } ?? []
        while let last = passphrase.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { passphrase.removeLast() }
        return try CertificateImport(pkcs12: bytes, passphrase: passphrase)
    }
}
