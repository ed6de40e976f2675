import ArgumentParser
import ConsentEngine
import ExchangeCore
import ExchangeNode
import Foundation
import JSON

/// `hie init`.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a node's folder: its keys, its facility's authority, its configuration.",
        discussion: """
            Identity and consent have no defaults. With --network, the network's authority on \
            this machine certifies and admits the node at once; without, carry the folder's \
            certificate to where it is (hie certificate issue --node).

            EXAMPLE
              hie init --home ~/.hie --name "Eastside Clinic" \\
                --community 1.3.6.1.4.1.21367.2026.11 --consent opt-out \\
                --clients 127.0.0.1:8443 --peers 127.0.0.1:9443 --network ./network
            """)

    @OptionGroup var home: HomeOptions
    @Option(help: "The facility's name.") var name: String
    @Option(help: ArgumentHelp("The community it speaks for.", valueName: "oid")) var community: String
    @Option(help: ArgumentHelp("What holds for patients who have said nothing.", valueName: "opt-in|opt-out"))
    var consent: String
    @Option(help: ArgumentHelp("Where the facility's own systems connect.", valueName: "host:port"))
    var clients = "127.0.0.1:8443"
    @Option(help: ArgumentHelp("Where other facilities connect.", valueName: "host:port")) var peers = "127.0.0.1:9443"
    @Option(help: ArgumentHelp("A peer to ask first; repeat for more.", valueName: "host:port")) var seed: [String] = []
    @Option(help: ArgumentHelp("The folder of the network's authority, when it is here.", valueName: "dir"))
    var network: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard CommunityID(community) != nil else {
            throw ValidationError("--community is an OID such as 1.3.6.1.4.1.21367.2026.11.")
        }
        guard ConsentPolicyDefault(name: consent) != nil else {
            throw ValidationError(
                "--consent is opt-in or opt-out, or deny, basic-normal, all-normal, break-glass-only.")
        }
        for (flag, address) in [("--clients", clients), ("--peers", peers)] + seed.map({ ("--seed", $0) })
        where NodeConfiguration.Address(address) == nil {
            throw ValidationError("\(flag) is HOST:PORT, such as 127.0.0.1:8443.")
        }
    }

    func run() async throws {
        let terminal = Terminal()
        let node = NodeHome.here(home.folder())
        let oid = CommunityID(community)?.oid.dotted ?? community
        let authority = network.map { NetworkAuthorityFolder($0, world: .system) }
        if let authority, !LocalFile.exists(authority.certificate.path) {
            throw CommandFailure(
                .notFound, "there is no network authority in \(authority.folder.path)",
                hint: "make one with hie certificate init --network")
        }
        let yaml = NodeSetup.yaml(
            name: name, community: oid, clients: clients, peers: peers, consent: consent, seeds: seed)
        try NodeSetup.create(node, yaml: yaml, world: .system)
        try authority?.certify(node)
        if output.json {
            return terminal.result([
                "home": .string(node.folder.path), "community": .string("urn:oid:" + oid),
                "admitted": .bool(authority != nil),
            ])
        }
        terminal.result(node.folder.path)
        if authority == nil {
            terminal.words(
                "next: have it certified with hie certificate issue --node \(node.folder.path) --network DIR")
        }
        terminal.words("then: hie run --home \(node.folder.path)")
    }
}
