import ExchangeCore

/// Columns of a line of fixed width, counted from 1 as publishers do.
struct FixedColumns {
    private let characters: [Character]

    init(_ line: String) { characters = Array(line) }

    /// The text from one column to another, blanks around it left out.
    func text(_ from: Int, _ to: Int) -> String {
        guard from <= characters.count else { return "" }
        let cut = characters[(from - 1)..<min(to, characters.count)]
        let start = cut.firstIndex { !$0.isWhitespace } ?? cut.endIndex
        let end = cut.lastIndex { !$0.isWhitespace }.map { $0 + 1 } ?? cut.endIndex
        return start < end ? String(cut[start..<end]) : ""
    }
}

/// ICD-10-CM and ICD-10-PCS order files: number 1-5, code 7-13, whether it may be used 15, short name 17-76, long name 78 on.
struct OrderRows: ReleaseRows {
    private var concepts: [Concept] = []

    var count: Int { concepts.count }

    mutating func take(_ cells: [String]) throws(ExchangeError) {
        let columns = FixedColumns(cells.first ?? "")
        let code = columns.text(7, 13)
        let mark = columns.text(15, 15)
        let isNumbered = columns.text(1, 5).utf8.allSatisfy(CodeForm.isDigit) && columns.text(1, 5).utf8.count == 5
        guard isNumbered, !code.isEmpty, mark == "0" || mark == "1", !columns.text(78, 400).isEmpty else {
            throw ExchangeError(.badRequest, "not a line of an order file: number, code, 0 or 1, short and long name")
        }
        var displays = [columns.text(78, 4000)]
        let short = columns.text(17, 76)
        if !short.isEmpty, short != displays[0] { displays.append(short) }
        concepts.append(Concept(code: code, displays: displays, isSelectable: mark == "1"))
    }

    mutating func finish() throws(ExchangeError) -> [Concept] { concepts }
}

/// HCPCS: code 1-5, kind of record 11 (3 first line of a code, 4 more of its name, 7 and 8 modifiers), long name 12-91,
/// short name 92-119, in force from 277-284, until 285-292.
struct HCPCSRows: ReleaseRows {
    private struct Row {
        let code: String
        var long: String
        let short: String
        let from: ReleaseDay?
        let until: ReleaseDay?
    }

    private var rows: [Row] = []

    var count: Int { rows.count }

    mutating func take(_ cells: [String]) throws(ExchangeError) {
        let columns = FixedColumns(cells.first ?? "")
        let code = columns.text(1, 5)
        switch columns.text(11, 11) {
        case "3":
            rows.append(
                Row(
                    code: code, long: columns.text(12, 91), short: columns.text(92, 119),
                    from: ReleaseDay(columns.text(277, 284)), until: ReleaseDay(columns.text(285, 292))))
        case "4":
            guard let last = rows.last, last.code == code else {
                throw ExchangeError(.badRequest, "a second line of a code without its first")
            }
            rows[rows.count - 1].long += " " + columns.text(12, 91)
        case "7", "8": break
        default: throw ExchangeError(.badRequest, "not a line of a HCPCS file: column 11 is 3, 4, 7 or 8")
        }
    }

    mutating func finish() throws(ExchangeError) -> [Concept] {
        rows.map { row in
            Concept(
                code: row.code, displays: row.short.isEmpty ? [row.long] : [row.long, row.short], from: row.from,
                until: row.until)
        }
    }
}
