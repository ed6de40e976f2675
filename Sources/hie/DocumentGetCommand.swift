import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import PeerTransport

/// `hie document get`.
struct DocumentGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Fetch one document, byte for byte as it was published (ITI-68).",
        discussion: """
            Takes the address that hie document find --json prints, or the id of a document of \
            the node that is asked.

            EXAMPLE
              hie document get --as ./dr.brattain 0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f -o out.xml
              hie document get --as ./dr.brattain "$url" -o - | xmllint --format -
            """)

    @Argument(help: "The document's address or id.") var document: String
    @Option(name: [.short, .long], help: ArgumentHelp("Where to write it; - is stdout.", valueName: "file"))
    var output: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let terminal = Terminal()
        guard output != nil || !terminal.isOutTerminal else {
            throw CommandFailure(
                .usage, "a document is not printed on a terminal unasked", hint: "give -o FILE, or -o - to print it")
        }
        let client = try FHIRClient(server)
        let target = try target(on: client.settings)
        let reply = try await Progress.during("fetching", world: .system, on: terminal) { _ in
            try await client.bytes(at: target)
        }
        let path = output ?? "-"
        if path == "-" { terminal.result(bytes: reply.body) } else { try LocalFile.write(reply.body, to: path) }
        terminal.words("\(reply.body.count) bytes, \(reply.header("content-type") ?? "unknown type")")
    }

    /// The path to ask for; an address of another server is refused, since the token is not for it.
    private func target(on settings: ClientSettings) throws(CommandFailure) -> String {
        if let id = DocumentID(document) { return "\(settings.basePath)/Binary/\(id)" }
        guard let (origin, path) = ServerOrigin.read(document) else {
            throw CommandFailure(
                .usage, "this is neither an address nor a document's id", hint: "hie document find --json prints both")
        }
        guard origin == settings.origin, path.hasPrefix(settings.basePath + "/") else {
            throw CommandFailure(
                .refused,
                "the address is not below \(settings.origin.text)\(settings.basePath), which alone may see the token",
                hint: "ask the node that gave you the address")
        }
        return path
    }
}
