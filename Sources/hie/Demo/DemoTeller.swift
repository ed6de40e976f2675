import JSON

/// How the demonstration is told: headings, the command a person would type, what came of it, and whether it held.
///
/// With `--json` the story goes to stderr, so that stdout holds the summary alone.
struct DemoTeller: Sendable {
    /// Columns a line of prose or a command has at most.
    static let columns = 96

    let terminal: Terminal
    let isJSON: Bool

    /// One line as it is.
    func line(_ text: String = "", _ paint: Terminal.Paint = .plain) {
        if isJSON { terminal.words(text) } else { terminal.result(text, paint) }
    }

    /// The beginning of a step.
    func heading(_ number: Int, _ title: String) {
        line()
        line("\(number)  \(title)", .heading)
    }

    /// What is about to happen, in lines of readable length.
    func prose(_ text: String) {
        for part in Self.wrapped(text, columns: Self.columns - 3) { line("   " + part) }
    }

    /// The command that does it, as a person would type it; the remark is the rest of the line as it is.
    func command(_ arguments: [String], opening: String = "hie", remark: String = "") {
        var lines: [String] = []
        var current = "$ " + opening
        for word in Self.phrases(arguments) + (remark.isEmpty ? [] : [remark]) {
            if current.count + word.count + 6 > Self.columns {
                lines.append(current + " \\")
                current = "      " + word
            } else {
                current += " " + word
            }
        }
        lines.append(current)
        line()
        for text in lines { line("   " + text, .heading) }
    }

    /// A line of the shell that is no command of ours.
    func shell(_ text: String) {
        line()
        line("   $ " + text, .heading)
    }

    /// What a command answered.
    func output(_ text: String, _ paint: Terminal.Paint = .plain) { line("     " + text, paint) }

    /// A table of answers.
    func output(_ table: Table) {
        for (index, text) in table.lines(paint: { text, _ in Terminal.clean(text) }).enumerated() {
            output(text, index == 0 ? .quiet : .plain)
        }
    }

    /// Something that was to hold, and whether it did.
    func check(_ holds: Bool, _ text: String) {
        for (index, part) in Self.wrapped(text, columns: Self.columns - 7).enumerated() {
            line((index > 0 ? "      " : holds ? "   ok " : "   NO ") + part, holds ? .good : .bad)
        }
    }

    /// A duration as people read it: `84 ms`, `3.1 s`.
    static func time(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    /// The text, at most so many columns long.
    static func short(_ text: String, _ columns: Int) -> String {
        text.count <= columns ? text : String(text.prefix(columns - 3)) + "..."
    }

    /// The text in lines of so many columns at the most, broken at blanks.
    static func wrapped(_ text: String, columns: Int) -> [String] {
        var lines: [String] = []
        var current = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            if !current.isEmpty, current.count + 1 + word.count > columns {
                lines.append(current)
                current = ""
            }
            current += (current.isEmpty ? "" : " ") + word
        }
        return current.isEmpty ? lines : lines + [current]
    }

    /// Arguments quoted for a shell, an option and its value in one piece so that no line breaks between them.
    private static func phrases(_ arguments: [String]) -> [String] {
        var phrases: [String] = []
        for argument in arguments {
            let word = quoted(argument)
            if let last = phrases.last, last.hasPrefix("--"), !last.contains(" "), !argument.hasPrefix("-") {
                phrases[phrases.count - 1] = last + " " + word
            } else {
                phrases.append(word)
            }
        }
        return phrases
    }

    /// A variable of the shell stays one.
    private static func quoted(_ text: String) -> String {
        if text.hasPrefix("$") { return "\"" + text + "\"" }
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2B, 0x2C, 0x2D, 0x2E, 0x2F, 0x3A, 0x3D, 0x40, 0x5F].contains(byte)
        }
        if isPlain, !text.isEmpty { return text }
        var result = "'"
        for character in text { result += character == "'" ? "'\\''" : String(character) }
        return result + "'"
    }
}
