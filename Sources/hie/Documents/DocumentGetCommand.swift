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
            Takes the address that hie query --json prints, or a document's id: of the node that is \
            asked, or of another facility with --community and --patient.

            EXAMPLE
              hie document get --as ./dr.brattain 0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f -o out.xml
              hie document get --as ./dr.brattain "$url" -o - | xmllint --format -
              hie document get --as ./dr.brattain 0195b8c1-... --community 1.3.6.1.4.1.21367.2026.10 \
                --patient 3f0c5c1e-... -o out.xml
            """)

    @Argument(help: "The document's address or id.") var document: String
    @Option(help: ArgumentHelp("The facility that holds it, by community id.", valueName: "oid")) var community: String?
    @Option(help: ArgumentHelp("With --community: the patient's id at the node that is asked.", valueName: "id"))
    var patient: String?
    @Option(name: [.short, .long], help: ArgumentHelp("Where to write it; - is stdout.", valueName: "file"))
    var output: String?
    @OptionGroup var server: ServerOptions

    func validate() throws {
        try DocumentAddress(document, community: community, patient: patient).validate()
    }

    func run() async throws {
        let terminal = Terminal()
        guard output != nil || !terminal.isOutTerminal else {
            throw CommandFailure(
                .usage, "a document is not printed on a terminal unasked", hint: "give -o FILE, or -o - to print it")
        }
        let client = try FHIRClient(server)
        let target = try DocumentAddress(document, community: community, patient: patient).path(on: client.settings)
        let reply = try await Progress.during("fetching", world: .system, on: terminal) { _ in
            try await client.bytes(at: target)
        }
        let path = output ?? "-"
        if path == "-" { terminal.result(bytes: reply.body) } else { try LocalFile.write(reply.body, to: path) }
        terminal.words("\(reply.body.count) bytes, \(reply.header("content-type") ?? "unknown type")")
    }
}
