import ArgumentParser
import CDA
import ExchangeCore
import ExchangeNode
import JSON
import PeerTransport
import XML

/// `hie document show`.
struct DocumentShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a document's words: its head, its sections, their lists and tables (ITI-68).",
        discussion: """
            C-CDA documents and plain text are shown, others are named. What a document says cannot \
            drive the terminal: control characters are shown as \u{FFFD}. With --html the page is \
            written that a browser gets from the node: no script, nothing that is loaded from elsewhere.

            EXAMPLE
              hie document show --as ./dr.brattain 0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f | less
              hie document show --as ./dr.brattain 0195b8c1-... --html summary.html
              hie document show --file discharge.xml
              hie document show --as ./dr.brattain 0195b8c1-... --community 1.3.6.1.4.1.21367.2026.10 \
                --patient 3f0c5c1e-...
            """)

    @Argument(help: "The document's address or id.") var document: String?
    @Option(help: ArgumentHelp("A file instead, without asking any node; - is stdin.", valueName: "file")) var file: String?
    @Option(help: ArgumentHelp("The facility that holds it, by community id.", valueName: "oid")) var community: String?
    @Option(help: ArgumentHelp("With --community: the patient's id at the node that is asked.", valueName: "id"))
    var patient: String?
    @Option(help: ArgumentHelp("Write a page for browsers; - is stdout.", valueName: "file")) var html: String?
    @Option(help: ArgumentHelp("Columns of a line.", valueName: "number")) var width: Int?
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    /// Bytes of a page at the most.
    private static let pageBytesMax = 64 * 1024 * 1024

    func validate() throws {
        guard (document == nil) != (file == nil) else {
            throw ValidationError("Name a document by its address or id, or give --file FILE.")
        }
        guard html == nil || !output.json else { throw ValidationError("--html and --json exclude each other.") }
        if let width, !(40...1000).contains(width) { throw ValidationError("--width is 40 to 1000.") }
        if let document { try DocumentAddress(document, community: community, patient: patient).validate() }
    }

    func run() async throws {
        let terminal = Terminal()
        let (bytes, type) = try await content(terminal)
        let rendered: RenderedDocument?
        do {
            rendered = try DocumentRendering.render(bytes, mimeType: type)
        } catch {
            throw CommandFailure(.failed, "the document cannot be read: \(error.message)", hint: "hie document get fetches its bytes")
        }
        guard let rendered else {
            throw CommandFailure(
                .failed, "a document of type \(type) is not shown as text", hint: "hie document get ID -o FILE fetches its bytes")
        }
        if let html {
            guard let page = HTMLWriting.page(rendered, bytesMax: Self.pageBytesMax) else {
                throw CommandFailure(.failed, "the page would be too large", hint: "hie document get fetches the bytes")
            }
            if html == "-" { terminal.result(bytes: page) } else { try LocalFile.write(page, to: html) }
            return
        }
        if output.json { return terminal.result(Self.json(rendered)) }
        for line in TextWriting.lines(rendered, width: width ?? terminal.columns ?? 100) { terminal.result(line) }
    }

    private func content(_ terminal: Terminal) async throws -> (bytes: [UInt8], type: String) {
        if let file {
            let bytes = try LocalFile.read(file, atMost: ExchangeLimits().documentBytesMax)
            // What is no markup is text.
            let isXML = bytes.first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF, 0xFE, 0xFF].contains($0) } == UInt8(ascii: "<")
            return (bytes, isXML ? "text/xml" : "text/plain")
        }
        let client = try FHIRClient(server)
        let target = try DocumentAddress(document ?? "", community: community, patient: patient).path(on: client.settings)
        let reply = try await Progress.during("fetching", world: .system, on: terminal) { _ in
            try await client.bytes(at: target)
        }
        return (reply.body, reply.header("content-type") ?? "application/octet-stream")
    }

    private static func json(_ document: RenderedDocument) -> JSONValue {
        [
            "title": .string(document.title),
            "facts": .array(
                document.facts.map { ["name": .string($0.name), "values": .array($0.values.map { .string($0) })] }),
            "sections": .array(document.sections.map(json)),
        ]
    }

    private static func json(_ section: RenderedSection) -> JSONValue {
        let alone = RenderedDocument(
            title: "", language: nil, facts: [],
            sections: [RenderedSection(title: nil, blocks: section.blocks, sections: [])])
        let lines = TextWriting.lines(alone, width: 1000).drop { $0.isEmpty }
        var object: JSONObject = [:]
        object["title"] = section.title.map { .string($0) }
        object["lines"] = .array(lines.map { .string($0) })
        if !section.sections.isEmpty { object["sections"] = .array(section.sections.map(json)) }
        return .object(object)
    }
}
