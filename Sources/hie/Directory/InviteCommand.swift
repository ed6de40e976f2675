import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie invite`.
struct InviteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Let a facility into the network: answers its join request with a token.",
        discussion: """
            The token is bound to the key and organisation of the request and holds for 15
            minutes; with --file it is an admission file without that bound. Where --home is a
            running node, every node hears of the admission at once.

            EXAMPLE
              hie invite --network authority --request request.txt --seed a.example.org:9443
            """)

    @Option(help: ArgumentHelp("The network authority's folder.", valueName: "dir")) var network: String
    @Option(help: ArgumentHelp("What hie join --request printed: a file, or - for stdin.", valueName: "file"))
    var request: String
    @Option(help: ArgumentHelp("Where the new node asks first; may be given several times.", valueName: "host:port"))
    var seed: [String] = []
    @Flag(help: "An admission file instead of a token of 15 minutes.") var file = false
    @Option(help: "The epoch; one more than the last after loss of key or database.") var epoch: UInt32 = 1
    @Option(help: "Days the certificate holds.") var days = 7
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...397).contains(days) { throw ValidationError("--days is 1 to 397.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let asked = try JoinRequest(try LocalFile.text(request))
        let authority = NetworkAuthorityFolder(LocalFile.absolute(network), world: .system)
        let token = try JoinToken(
            for: asked, by: authority, seeds: seed, isFile: file, epoch: epoch, days: days, world: .system)
        var isTold = false
        var waits: CommandFailure?
        // The token is good all the same: who joins by it brings the admission.
        do { isTold = try await AdminClient(home).tell(.directoryAdmit, ["admission": .string(token.admission)]) } catch let failure as CommandFailure {
            waits = failure
        }
        if let waits { terminal.words(waits.line) }
        if output.json {
            return terminal.result([
                "token": .string(token.text), "community": .string(asked.community.urn), "told": .bool(isTold),
            ])
        }
        terminal.result(token.text)
        terminal.words(
            "admitted \(asked.organization) (\(asked.community.oid))"
                + (isTold ? "; the network hears of it now" : "; no node runs here, so others hear of it when it joins"))
    }
}

/// `hie join`.
struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Join a network: ask with --request, then redeem the token or file that comes back.",
        discussion: """
            EXAMPLE
              hie join --request > request.txt
              hie join token.txt
            """)

    @Argument(help: "The token, or a file that holds it.") var token: String?
    @Flag(help: "Print this node's request, signed with its key.") var request = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if (token == nil) != request { throw ValidationError("Either --request, or the token or file that answers it.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let folder = home.folder()
        try AdminClient(home: folder).demandHome()
        let node = NodeHome.here(folder)
        guard let token else {
            let request = try JoinRequest(of: node, world: .system)
            return output.json ? terminal.result(["request": .string(request.compact)]) : terminal.result(request.compact)
        }
        let text = token.hasPrefix("hie-join.") ? token : try LocalFile.text(token)
        try JoinToken(text).redeem(at: node, world: .system)
        if output.json { return terminal.result(["joined": .bool(true)]) }
        terminal.result("joined")
        terminal.words("next: hie run; hie directory watch shows the others coming")
    }
}
