/// Rows under headings, aligned with blanks: the same on a terminal and in a pipe, colour aside.
struct Table: Sendable {
    /// One cell: what it says and in which colour.
    struct Cell: Sendable, ExpressibleByStringInterpolation {
        let text: String
        let paint: Terminal.Paint

        init(_ text: String, _ paint: Terminal.Paint = .plain) {
            self.text = text
            self.paint = paint
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    private let headings: [String]
    private var rows: [[Cell]] = []

    /// A table with its headings; columns of nothing but numbers are aligned right.
    init(_ headings: String...) { self.headings = headings }

    /// Adds a row; missing cells are empty.
    mutating func add(_ cells: Cell...) { rows.append(cells) }

    /// Whether there is nothing to show.
    var isEmpty: Bool { rows.isEmpty }

    /// The lines, headings first; `paint` colours a text or leaves it.
    func lines(paint: (String, Terminal.Paint) -> String) -> [String] {
        var widths = headings.map(\.count)
        var isNumeric = headings.map { _ in true }
        for row in rows {
            for (column, cell) in row.enumerated() where column < widths.count {
                widths[column] = max(widths[column], Terminal.clean(cell.text).count)
                if !cell.text.isEmpty, Double(cell.text) == nil { isNumeric[column] = false }
            }
        }
        func line(_ cells: [Cell]) -> String {
            var line = ""
            for column in headings.indices {
                let cell = column < cells.count ? cells[column] : ""
                let filling = String(
                    repeating: " ", count: max(0, widths[column] - Terminal.clean(cell.text).count))
                let isLast = column == headings.count - 1
                if isNumeric[column], !rows.isEmpty { line += filling }
                line += cell.text.isEmpty ? "" : paint(cell.text, cell.paint)
                if !isNumeric[column] || rows.isEmpty, !isLast { line += filling }
                if !isLast { line += "  " }
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
        return [line(headings.map { Cell($0, .heading) })] + rows.map(line)
    }
}

/// Names and their values, one a line, the values under each other.
struct Facts: Sendable {
    private var rows: [(name: String, value: Table.Cell)] = []

    /// No facts yet.
    init() {}

    /// Adds a fact; nil values are left out.
    mutating func add(_ name: String, _ value: String?, _ paint: Terminal.Paint = .plain) {
        if let value { rows.append((name, .init(value, paint))) }
    }

    /// Prints them as the result.
    func show(on terminal: Terminal) {
        let width = rows.map(\.name.count).max() ?? 0
        for row in rows {
            let filling = String(repeating: " ", count: width - row.name.count + 2)
            terminal.result(row.name + filling + row.value.text, row.value.paint)
        }
    }
}
