import ExchangeCore

/// A rendered document as lines of text for a terminal: no control character but the line's end, so that what a document says
/// cannot move the cursor, name the window or answer for the reader (T116).
package enum TextWriting {
    /// The lines, none of which is wider than `width` columns but for words that are; at least 40 columns.
    package static func lines(_ document: RenderedDocument, width: Int) -> [String] {
        var page = Page(width: max(width, 40))
        page.heading(document.title, mark: "=")
        let names = document.facts.map(\.name.count).max() ?? 0
        for fact in document.facts {
            for (index, value) in fact.values.enumerated() {
                let name = index == 0 ? fact.name : ""
                page.wrap(value, first: name + String(repeating: " ", count: names - name.count + 2), rest: names + 2)
            }
        }
        for section in document.sections { page.section(section) }
        return page.lines
    }

    private struct Page {
        let width: Int
        var lines: [String] = []

        init(width: Int) { self.width = width }

        mutating func heading(_ text: String, mark: Character) {
            if !lines.isEmpty { lines.append("") }
            wrap(text, first: "", rest: 0)
            lines.append(String(repeating: mark, count: min(text.count, width)))
        }

        mutating func section(_ section: RenderedSection) {
            if let title = section.title { heading(title, mark: "-") } else { lines.append("") }
            blocks(section.blocks, indent: 0)
            for inner in section.sections { self.section(inner) }
        }

        mutating func blocks(_ blocks: [RenderedBlock], indent: Int) {
            let margin = String(repeating: " ", count: indent)
            for block in blocks {
                switch block {
                case .paragraph(let runs):
                    for line in TextWriting.plain(runs).split(separator: "\n", omittingEmptySubsequences: false) {
                        wrap(String(line), first: margin, rest: indent)
                    }
                case .preformatted(let text):
                    for line in text.split(separator: "\n", omittingEmptySubsequences: false) { lines.append(margin + line) }
                case .notice(let text): wrap("[\(text)]", first: margin, rest: indent)
                case .list(let mark, let caption, let items):
                    if !caption.isEmpty { wrap(TextWriting.plain(caption), first: margin, rest: indent) }
                    for (number, item) in items.enumerated() {
                        let sign = mark.isOrdered ? "\(number + 1). " : "- "
                        let start = lines.count
                        self.blocks(item, indent: min(indent + sign.count, 30))
                        if start < lines.count, lines[start].count >= indent + sign.count {
                            lines[start] = margin + sign + lines[start].dropFirst(min(indent + sign.count, 30))
                        } else {
                            lines.insert(margin + sign, at: start)
                        }
                    }
                case .table(let table): self.table(table, indent: indent)
                }
            }
        }

        /// Columns side by side where they fit, else a row as lines of `name: value`.
        private mutating func table(_ table: RenderedTable, indent: Int) {
            let margin = String(repeating: " ", count: indent)
            if !table.caption.isEmpty { wrap(TextWriting.plain(table.caption), first: margin, rest: indent) }
            let head = table.head.last.map { TextWriting.cells($0) } ?? []
            let rows = table.body.map { TextWriting.cells($0) }
            let columns = (rows + [head]).map(\.count).max() ?? 0
            guard columns > 0 else { return }
            let widths = (0..<columns).map { column in
                (rows + [head]).map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
            }
            // Heads above the last are lines of their own.
            for row in table.head.dropLast() {
                wrap(TextWriting.cells(row).filter { !$0.isEmpty }.joined(separator: ", "), first: margin, rest: indent)
            }
            let fits = indent + widths.reduce(0, +) + 2 * (columns - 1) <= width
            if fits {
                func line(_ cells: [String]) -> String {
                    var line = margin
                    for (column, cell) in cells.enumerated() {
                        let isLast = column == cells.count - 1
                        line += cell + (isLast ? "" : String(repeating: " ", count: widths[column] - cell.count + 2))
                    }
                    return line
                }
                if !head.isEmpty {
                    lines.append(line(head))
                    lines.append(margin + widths.map { String(repeating: "-", count: max($0, 1)) }.joined(separator: "  "))
                }
                for row in rows { lines.append(line(row)) }
                return
            }
            for (number, row) in rows.enumerated() {
                if number > 0 { lines.append("") }
                for column in 0..<max(row.count, head.count) {
                    let name = head.indices.contains(column) && !head[column].isEmpty ? head[column] + ": " : ""
                    let cell = row.indices.contains(column) ? row[column] : ""
                    if !name.isEmpty || !cell.isEmpty { wrap(name + cell, first: margin, rest: indent + 2) }
                }
            }
        }

        /// Words on lines, the first behind `first`, the others behind `rest` blanks.
        mutating func wrap(_ text: String, first: String, rest: Int) {
            var line = first
            var isEmpty = true
            for word in text.split(separator: " ") {
                if !isEmpty, line.count + 1 + word.count > width {
                    lines.append(line)
                    line = String(repeating: " ", count: rest)
                    isEmpty = true
                }
                line += (isEmpty ? "" : " ") + word
                isEmpty = false
            }
            lines.append(line)
        }
    }

    /// Words without their looks; what was taken out of the document is marked as that.
    private static func plain(_ runs: [RenderedRun]) -> String {
        runs.map { run in
            if run.styles.contains(.deleted) { return "[deleted: \(run.text)]" }
            return run.text
        }.joined()
    }

    /// A row's cells as one line each; one that covers several columns is followed by empty ones.
    private static func cells(_ row: [RenderedTable.Cell]) -> [String] {
        row.flatMap { cell in [words(cell.blocks)] + Array(repeating: "", count: cell.columns - 1) }
    }

    private static func words(_ blocks: [RenderedBlock]) -> String {
        blocks.map { block in
            switch block {
            case .paragraph(let runs): plain(runs).split(separator: "\n").joined(separator: "; ")
            case .preformatted(let text): text.split(separator: "\n").joined(separator: " ")
            case .notice(let text): "[\(text)]"
            case .list(_, let caption, let items): ([plain(caption)] + items.map(words)).filter { !$0.isEmpty }.joined(separator: "; ")
            case .table(let table):
                (table.head + table.body).map { cells($0).joined(separator: ", ") }.joined(separator: "; ")
            }
        }.filter { !$0.isEmpty }.joined(separator: "; ")
    }
}
