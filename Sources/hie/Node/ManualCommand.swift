import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie manual`.
struct ManualCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Write the manual pages: one for each command, of what --help says.",
        discussion: """
            EXAMPLE
              hie manual --to /usr/local/share/man/man1
              man hie-certificate-renew
            """)

    @Option(help: ArgumentHelp("The folder they go into.", valueName: "dir")) var to: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        guard let dump = try? JSONReader.read(Array(HIE._dumpHelp().utf8)), let root = dump["command"] else {
            throw CommandFailure(.failed, "the program's own help cannot be read")
        }
        try LocalFile.makeFolder(to)
        let date = String(World.system.now().description.prefix(10))
        let pages = ManualPage.all(root, above: [], date: date)
        for page in pages { try LocalFile.write(Array(page.text.utf8), to: "\(to)/\(page.name).1", mode: 0o644) }
        if output.json { return terminal.result(["pages": .array(pages.map { .string($0.name + ".1") })]) }
        terminal.result("\(pages.count) pages in \(to)")
    }
}

/// One page in mdoc (mandoc_char(7), mdoc(7)).
struct ManualPage: Sendable {
    /// `hie-certificate-renew`.
    let name: String
    /// The whole page.
    let text: String

    /// A page for a command and each below it.
    static func all(_ command: JSONValue, above: [String], date: String) -> [ManualPage] {
        guard let own = command["commandName"]?.string, own != "help" else { return [] }
        let path = above + [own]
        let below = (command["subcommands"]?.items ?? []).filter { $0["commandName"]?.string != "help" }
        return [ManualPage(command, path: path, below: below, date: date)]
            + below.flatMap { all($0, above: path, date: date) }
    }

    private init(_ command: JSONValue, path: [String], below: [JSONValue], date: String) {
        name = path.joined(separator: "-")
        let arguments = (command["arguments"]?.items ?? []).filter { $0["shouldDisplay"]?.bool != false }
        var lines = [
            ".Dd \(date)", ".Dt \(name.uppercased()) 1", ".Os", ".Sh NAME", ".Nm \(path.joined(separator: " "))",
            ".Nd \(Self.line(command.text("abstract")))", ".Sh SYNOPSIS", ".Nm \(path.joined(separator: " "))",
        ]
        lines += arguments.map(Self.synopsis)
        if !below.isEmpty { lines.append(".Ar command") }
        let (words, example) = Self.parts(command.text("discussion"))
        if !words.isEmpty { lines += [".Sh DESCRIPTION"] + Self.paragraphs(words) }
        if !arguments.isEmpty {
            lines += [".Sh OPTIONS", ".Bl -tag -width indent"]
            lines += arguments.flatMap { [".It \(Self.label($0))"] + Self.sentences($0.text("abstract")) } + [".El"]
        }
        if !below.isEmpty {
            lines += [".Sh COMMANDS", ".Bl -tag -width indent"]
            for one in below {
                lines += [".It Xr \(name)-\(one.text("commandName")) 1"] + Self.sentences(one.text("abstract"))
            }
            lines.append(".El")
        }
        lines += [".Sh EXIT STATUS", ".Bl -tag -width indent"]
        lines += ExitStatus.allCases.flatMap { [".It \($0.rawValue)"] + Self.sentences($0.meaning) } + [".El"]
        if !example.isEmpty { lines += [".Sh EXAMPLES", ".Bd -literal"] + example.map(Self.line) + [".Ed"] }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func synopsis(_ argument: JSONValue) -> String {
        let isOptional = argument["isOptional"]?.bool == true
        return (isOptional ? ".Op " : ".") + macro(argument).joined(separator: " ")
    }

    private static func label(_ argument: JSONValue) -> String { macro(argument).joined(separator: " ") }

    private static func macro(_ argument: JSONValue) -> [String] {
        let value = line(argument.text("valueName"))
        guard argument["kind"]?.string != "positional" else { return ["Ar", value] }
        let name = argument["preferredName"].text("name")
        let dashed = argument["preferredName"]?["kind"]?.string == "short" ? name : "-" + name
        return ["Fl", dashed] + (argument["kind"]?.string == "option" ? ["Ar", value] : [])
    }

    /// The words before the examples, and the examples' lines.
    private static func parts(_ discussion: String) -> (words: String, example: [String]) {
        let lines = discussion.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let at = lines.firstIndex(where: { $0.hasPrefix("EXAMPLE") }) else { return (discussion, []) }
        let end = lines[(at + 1)...].firstIndex { $0.isEmpty } ?? lines.endIndex
        let rest = lines[..<at] + lines[end...]
        return (rest.joined(separator: "\n"), Array(lines[(at + 1)..<end]))
    }

    private static func paragraphs(_ words: String) -> [String] {
        let blocks = words.split(separator: "\n", omittingEmptySubsequences: false).split { $0.isEmpty }
        return Array(blocks.map { $0.flatMap { sentences(String($0)) } }.joined(separator: [".Pp"]))
    }

    /// A text with each sentence on a line of its own, as mdoc(7) asks for.
    private static func sentences(_ text: String) -> [String] {
        var lines: [String] = []
        var words: [Substring] = []
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            words.append(word)
            guard let last = word.last(where: { !")\"'".contains($0) }), ".!?".contains(last) else { continue }
            lines.append(words.joined(separator: " "))
            words = []
        }
        if !words.isEmpty { lines.append(words.joined(separator: " ")) }
        return lines.map(line)
    }

    /// A text that roff takes as it is: no line begins with a control sign, no backslash is an escape.
    private static func line(_ text: String) -> String {
        let plain = text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\e")
        return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
    }
}
