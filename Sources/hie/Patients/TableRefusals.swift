import JSON

/// Rows of a table that were not taken, each by its line.
struct TableRefusals: Sendable {
    /// One of them.
    struct Row: Sendable {
        /// Its line in the table.
        let line: Int
        /// Why, with the field; never what stands there.
        let reason: String
    }

    /// In the order of the table.
    private(set) var rows: [Row] = []

    /// Rows that are named on the terminal at most; `--json` names all.
    private static var shownMax: Int { 20 }

    /// Adds one; a line refused late takes its place among the others.
    mutating func add(line: Int, reason: String) {
        let place = rows.lastIndex { $0.line <= line }.map { $0 + 1 } ?? 0
        rows.insert(Row(line: line, reason: reason), at: place)
    }

    /// As a member of an answer.
    var json: JSONValue {
        .array(rows.map { ["line": .number(String($0.line)), "reason": .string($0.reason)] })
    }

    /// Names the first of them.
    ///
    /// - Parameter fate: what became of each: `left out`, `refused`.
    func show(_ fate: String, on terminal: Terminal) {
        for row in rows.prefix(Self.shownMax) { terminal.words("line \(row.line) was \(fate): \(row.reason)") }
    }

    /// Ends the command with 1 when there are any; the others have been taken.
    func fail(_ fate: String, hint: String) throws(CommandFailure) {
        guard !rows.isEmpty else { return }
        throw CommandFailure(.failed, "\(Words.count(rows.count, "row")) \(fate)", hint: hint)
    }
}
