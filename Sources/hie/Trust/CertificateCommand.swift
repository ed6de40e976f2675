import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON

/// `hie certificate`.
struct CertificateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate",
        abstract: "Authorities and certificates of networks, nodes and clients.",
        discussion: """
            EXAMPLE
              hie certificate init --network ./network --name "Regional network"
              hie certificate issue --network ./network --node ~/.hie
              hie certificate issue --client dr.brattain
              hie certificate list --within 30
              hie certificate renew --network ./network --due
            """,
        subcommands: [
            Init.self, Issue.self, CertificateListCommand.self, CertificateForecastCommand.self,
            CertificateRenewCommand.self, CertificateRequestCommand.self, CertificateSignCommand.self,
            CertificateImportCommand.self, CertificateRevokeCommand.self, CertificateRotateCommand.self,
            CertificateShowCommand.self, CertificatePinsCommand.self,
        ])

    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init",
            abstract: "Make a network's authority, which certifies nodes and admits communities.",
            discussion: """
                In production the folder lies on a machine of its own.

                EXAMPLE
                  hie certificate init --network ./network --name "Regional network"
                """)

        @Option(help: ArgumentHelp("The authority's folder, to be made.", valueName: "dir")) var network: String
        @Option(help: "The network's name.") var name = "Concordat network"
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let authority = NetworkAuthorityFolder(network, world: .system)
            try authority.create(name: name)
            if output.json { return terminal.result(["certificate": .string(authority.certificate.path)]) }
            terminal.result(authority.certificate.path)
            terminal.words("next: hie certificate issue --network \(network) --node DIR")
        }
    }

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue",
            abstract: "Certify a node, or a system or member of staff of the facility.",
            discussion: """
                For a node: a new certificate and a new admission in its folder; its key never \
                leaves it. For a client: a folder with key, certificate and client.yaml, which \
                the other commands take as --as; hie token issue adds the user's token.

                EXAMPLE
                  hie certificate issue --network ./network --node ~/.hie
                  hie certificate issue --home ~/.hie --client dr.brattain --days 90
                """)

        @Option(help: ArgumentHelp("The node's folder to certify.", valueName: "dir")) var node: String?
        @Option(help: ArgumentHelp("The network authority's folder, for --node.", valueName: "dir"))
        var network: String?
        @Option(help: ArgumentHelp("The client's name, such as dr.brattain.", valueName: "name")) var client: String?
        @Option(help: "Days the certificate holds; 30 for a node, 90 for a client when not given.") var days: Int?
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (node == nil) != (client == nil) else {
                throw ValidationError("Say whom to certify: --node DIR or --client NAME, one of them.")
            }
            if node != nil, network == nil {
                throw ValidationError("--node needs the authority too: --network DIR.")
            }
            if client != nil, network != nil {
                throw ValidationError(
                    "Clients are certified by their facility, not by the network; leave --network away.")
            }
            if let days, !(1...397).contains(days) { throw ValidationError("--days is 1 to 397.") }
        }

        func run() async throws {
            let terminal = Terminal()
            if let node, let network {
                let node = NodeHome.here(LocalFile.absolute(node))
                try demand(node)
                let authority = NetworkAuthorityFolder(network, world: .system)
                try authority.certify(node, days: days ?? 30)
                let admin = AdminClient(home: node.folder.path)
                let isTold = try await admin.takeCertificates() != nil
                if isTold { _ = try await admin.ask(.directoryAdmit, ["admission": .string(PlainFile.text(node.admission))]) }
                if output.json {
                    return terminal.result([
                        "certificate": .string(node.nodeCertificate.path), "admission": .string(node.admission.path),
                    ])
                }
                terminal.result(node.nodeCertificate.path)
                return terminal.words(
                    "certified and admitted; " + (isTold ? "the node shows it from now on" : "the node takes it up when it starts"))
            }
            let node = NodeHome.here(home.folder())
            try demand(node)
            let made = try ClientFolder.create(name: client ?? "", of: node, days: days ?? 90, world: .system)
            if output.json { return terminal.result(["folder": .string(made.folder.path)]) }
            terminal.result(made.folder.path)
            terminal.words("next: hie token issue --client \(client ?? "") --user NAME --role ROLE --purpose TREAT")
        }

        private func demand(_ node: NodeHome) throws(CommandFailure) {
            try AdminClient(home: node.folder.path).demandHome()
        }
    }
}
