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
            Identity and consent have no defaults: on a terminal what flags do not say is asked for. With --network, the network's authority on \
            this machine certifies and admits the node at once; without, carry the folder's \
            certificate to where it is (hie certificate issue --node).

            EXAMPLE
              hie init --home ~/.hie --name "Eastside Clinic" \\
                --community 1.3.6.1.4.1.21367.2026.11 --consent opt-out \\
                --clients 127.0.0.1:8443 --peers 127.0.0.1:9443 --network ./network
            """)

    @OptionGroup var home: HomeOptions
    @Option(help: "The facility's name.") var name: String?
    @Option(help: ArgumentHelp("The community it speaks for.", valueName: "oid")) var community: String?
    @Option(help: ArgumentHelp("What holds for patients who have said nothing.", valueName: "opt-in|opt-out"))
    var consent: String?
    @Option(help: ArgumentHelp("Where the facility's own systems connect (\(defaultClients)).", valueName: "host:port"))
    var clients: String?
    @Option(help: ArgumentHelp("Where other facilities connect (\(defaultPeers)).", valueName: "host:port"))
    var peers: String?
    @Option(help: ArgumentHelp("A peer to ask first; repeat for more.", valueName: "host:port")) var seed: [String] = []
    @Option(help: ArgumentHelp("The folder of the network's authority, when it is here.", valueName: "dir"))
    var network: String?
    @OptionGroup var output: OutputOptions

    private static let defaultClients = "127.0.0.1:8443"
    private static let defaultPeers = "127.0.0.1:9443"

    func validate() throws {
        if let community, CommunityID(community) == nil {
            throw ValidationError("--community is an OID such as 1.3.6.1.4.1.21367.2026.11.")
        }
        if let consent, ConsentPolicyDefault(name: consent) == nil {
            throw ValidationError(
                "--consent is opt-in or opt-out, or deny, basic-normal, all-normal, break-glass-only.")
        }
        let addresses = [("--clients", clients), ("--peers", peers)].compactMap { flag, text in text.map { (flag, $0) } }
        for (flag, address) in addresses + seed.map({ ("--seed", $0) })
        where NodeConfiguration.Address(address) == nil {
            throw ValidationError("\(flag) is HOST:PORT, such as 127.0.0.1:8443.")
        }
        guard !Terminal.isAPersonThere, let flag = missing.first else { return }
        throw ValidationError("\(flag) is missing; on a terminal hie init asks.")
    }

    /// What has no default and was not given.
    private var missing: [String] {
        [("--name", name), ("--community", community), ("--consent", consent)].filter { $0.1 == nil }.map(\.0)
    }

    /// Asks for what was not given, when something is missing that has no default; flags alone ask nothing.
    private mutating func ask(_ questions: InitQuestions) throws {
        guard !missing.isEmpty else { return }
        name = try name ?? questions.name()
        community = try community ?? questions.community()
        consent = try consent ?? questions.consent()
        clients = try clients ?? questions.address("Where the facility's own systems connect", otherwise: Self.defaultClients)
        peers = try peers ?? questions.address("Where other facilities connect", otherwise: Self.defaultPeers)
        if seed.isEmpty { seed = try questions.seeds() }
        if network == nil { network = try questions.network() }
    }

    mutating func run() async throws {
        let terminal = Terminal()
        let node = NodeHome.here(home.folder())
        guard !node.isInitialised else {
            throw CommandFailure(.conflict, "\(node.folder.path) holds a node already", hint: "choose another folder with --home")
        }
        try ask(InitQuestions(read: { readLine() }, show: { terminal.question($0) }))
        let (name, community, consent) = (name ?? "", community ?? "", consent ?? "")
        let (clients, peers) = (clients ?? Self.defaultClients, peers ?? Self.defaultPeers)
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
        terminal.words("made: node.yaml; keys/ (readable by their owner alone: keep a copy elsewhere); the facility's own authority")
        if authority != nil { terminal.words("made: the node's certificate and admission, by the network's authority") }
        if authority == nil {
            terminal.words(
                "next: have it certified with hie certificate issue --node \(node.folder.path) --network DIR")
        }
        terminal.words("then: hie run --home \(node.folder.path), and in another terminal hie doctor --home \(node.folder.path)")
    }
}
