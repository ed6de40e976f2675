import FoundationEssentials
import Glibc
import JSON

/// The one place that prints: results to stdout, words to stderr, colour only for people.
struct Terminal: Sendable {
    /// The colours there are; each has one meaning.
    enum Paint: String, Sendable {
        case plain = "0"
        case heading = "1"
        case quiet = "2"
        case bad = "31"
        case good = "32"
        case doubtful = "33"
    }

    /// Whether a person reads stdout.
    let isOutTerminal: Bool
    /// Whether a person reads stderr.
    let isErrTerminal: Bool
    private let isColourAllowed: Bool

    /// The process's own terminal; `NO_COLOR` (no-color.org) and `TERM=dumb` turn colour off.
    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        isOutTerminal = isatty(STDOUT_FILENO) == 1
        isErrTerminal = isatty(STDERR_FILENO) == 1
        isColourAllowed = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// How many columns a person's screen has; nil where nobody says.
    var columns: Int? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else { return nil }
        return Int(size.ws_col)
    }

    /// One line of the result.
    func result(_ line: String) { Self.write(line + "\n", to: STDOUT_FILENO) }

    /// A result as JSON: pretty for a person, one line when piped, so that `jq` and `while read` both work.
    func result(_ json: JSONValue) {
        let bytes = isOutTerminal ? JSONWriter.pretty(json) : JSONWriter.bytes(json)
        Self.write(bytes + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }

    /// One JSON value on one line, whoever reads: for commands that print many.
    func resultLine(_ json: JSONValue) { Self.write(JSONWriter.bytes(json) + [UInt8(ascii: "\n")], to: STDOUT_FILENO) }

    /// Bytes of the result as they are.
    func result(bytes: [UInt8]) { Self.write(bytes, to: STDOUT_FILENO) }

    /// A table of the result.
    func result(_ table: Table) {
        for line in table.lines(paint: { paint($0, $1, isTerminal: isOutTerminal) }) { result(line) }
    }

    /// A line of the result with its colour.
    func result(_ line: String, _ colour: Paint) { result(paint(line, colour, isTerminal: isOutTerminal)) }

    /// Words beside the result: what is being done, what to do next.
    func words(_ line: String) { Self.write(Self.clean(line) + "\n", to: STDERR_FILENO) }

    /// A question, which is answered on the same line.
    func question(_ text: String) { Self.write(text, to: STDERR_FILENO) }

    /// Whether somebody reads what is asked and can answer.
    static var isAPersonThere: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Why the command stops.
    func complaint(_ line: String) {
        Self.write(paint("hie:", .bad, isTerminal: isErrTerminal) + " " + Self.clean(line) + "\n", to: STDERR_FILENO)
    }

    /// A text of our own with its line breaks, such as a command's help.
    func resultText(_ text: String) { Self.write(text + "\n", to: STDOUT_FILENO) }

    /// A text of our own with its line breaks, on stderr.
    func wordsText(_ text: String) { Self.write(text + "\n", to: STDERR_FILENO) }

    /// Clears a person's screen before a page that is shown again and again; in a pipe the pages follow each other.
    func beginPage() {
        guard isOutTerminal else { return }
        Self.write("\u{1B}[H\u{1B}[2J", to: STDOUT_FILENO)
    }

    /// Replaces the progress line; says nothing when nobody watches.
    func progress(_ line: String) {
        guard isErrTerminal else { return }
        Self.write("\r\u{1B}[K" + Self.clean(line), to: STDERR_FILENO)
    }

    /// Takes the progress line away.
    func endProgress() {
        guard isErrTerminal else { return }
        Self.write("\r\u{1B}[K", to: STDERR_FILENO)
    }

    /// Ends the process; everything has been said.
    static func endProcess(_ code: Int32) -> Never { Glibc.exit(code) }

    /// The text without what could move a cursor, ring a bell or turn the reading direction: titles and names come from
    /// other people's documents.
    static func clean(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: scalars.append(" ")
            case 0x00...0x1F, 0x7F...0x9F, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0x2028, 0x2029:
                scalars.append("\u{FFFD}")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    private func paint(_ text: String, _ colour: Paint, isTerminal: Bool) -> String {
        let text = Self.clean(text)
        guard isTerminal, isColourAllowed, colour != .plain else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }

    private static func write(_ text: String, to file: Int32) { write(Array(text.utf8), to: file) }

    /// Writes all of it; a reader that has gone ends the program quietly, as `hie ... | head` expects.
    private static func write(_ bytes: [UInt8], to file: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR && errno != EAGAIN {
                if file == STDOUT_FILENO { Glibc.exit(errno == EPIPE ? 0 : ExitStatus.failed.rawValue) }
                return
            }
        }
    }
}
