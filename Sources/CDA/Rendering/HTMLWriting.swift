/// A rendered document as one page of HTML 5: elements of a closed list, text escaped, no script, no address, no attribute
/// that the source had a hand in but numbers that were read (T110).
package enum HTMLWriting {
    /// The page's only style; whoever serves it names its digest in the policy.
    package static let style = """
        body{font:16px/1.45 sans-serif;margin:1.5em auto;max-width:60em;padding:0 1em;color:#111;background:#fff}\
        h1{font-size:1.5em}h2{font-size:1.2em;border-bottom:1px solid #999;margin-top:1.6em}h3,h4,h5,h6{font-size:1em}\
        table{border-collapse:collapse;margin:.6em 0}td,th{border:1px solid #999;padding:.2em .5em;text-align:left;vertical-align:top}\
        th{background:#eee}caption{text-align:left;font-weight:bold}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em}\
        dt{color:#555}dd{margin:0}pre{white-space:pre-wrap}.note{color:#555;font-style:italic}.e{font-weight:bold;font-style:italic}
        """

    /// The page; nil when it would have more than `bytesMax` bytes.
    package static func page(_ document: RenderedDocument, bytesMax: Int) -> [UInt8]? {
        var page = Page(bytesMax: bytesMax)
        page.raw("<!DOCTYPE html>\n<html")
        if let language = document.language {
            page.raw(" lang=\"")
            page.text(language)
            page.raw("\"")
        }
        page.raw("><head><meta charset=\"utf-8\"><title>")
        page.text(document.title)
        page.raw("</title><style>\(style)</style></head><body><h1>")
        page.text(document.title)
        page.raw("</h1>\n")
        if !document.facts.isEmpty {
            page.raw("<dl>")
            for fact in document.facts {
                page.raw("<dt>")
                page.text(fact.name)
                page.raw("</dt><dd>")
                for (index, value) in fact.values.enumerated() {
                    if index > 0 { page.raw("<br>") }
                    page.text(value)
                }
                page.raw("</dd>")
            }
            page.raw("</dl>\n")
        }
        for section in document.sections { page.section(section, level: 2) }
        page.raw("</body></html>\n")
        return page.isFull ? nil : page.bytes
    }

    private struct Page {
        let bytesMax: Int
        var bytes: [UInt8] = []
        var isFull = false

        init(bytesMax: Int) { self.bytesMax = bytesMax }

        mutating func raw(_ markup: String) {
            guard !isFull, bytes.count + markup.utf8.count <= bytesMax else {
                isFull = true
                return
            }
            bytes += markup.utf8
        }

        mutating func text(_ text: String) {
            for byte in text.utf8 {
                guard !isFull, bytes.count + 6 <= bytesMax else {
                    isFull = true
                    return
                }
                switch byte {
                case UInt8(ascii: "&"): bytes += "&amp;".utf8
                case UInt8(ascii: "<"): bytes += "&lt;".utf8
                case UInt8(ascii: ">"): bytes += "&gt;".utf8
                case UInt8(ascii: "\""): bytes += "&quot;".utf8
                case UInt8(ascii: "'"): bytes += "&#39;".utf8
                default: bytes.append(byte)
                }
            }
        }

        mutating func section(_ section: RenderedSection, level: Int) {
            guard !isFull else { return }
            raw("<section>")
            if let title = section.title {
                raw("<h\(min(level, 6))>")
                text(title)
                raw("</h\(min(level, 6))>\n")
            }
            for block in section.blocks { self.block(block) }
            for inner in section.sections { self.section(inner, level: level + 1) }
            raw("</section>\n")
        }

        private mutating func block(_ block: RenderedBlock) {
            guard !isFull else { return }
            switch block {
            case .paragraph(let runs):
                raw("<p>")
                self.runs(runs)
                raw("</p>\n")
            case .preformatted(let words):
                raw("<pre>")
                text(words)
                raw("</pre>\n")
            case .notice(let words):
                raw("<p class=\"note\">")
                text(words)
                raw("</p>\n")
            case .list(let mark, let caption, let items): list(mark, caption, items)
            case .table(let table): self.table(table)
            }
        }

        private mutating func list(_ mark: RenderedBlock.ListMark, _ caption: [RenderedRun], _ items: [[RenderedBlock]]) {
            if !caption.isEmpty { block(.paragraph(caption)) }
            // The kind of numbers is an attribute: a policy without inline styles leaves it alone.
            let kinds: [RenderedBlock.ListMark: String] = [
                .littleRoman: " type=\"i\"", .bigRoman: " type=\"I\"", .littleAlpha: " type=\"a\"", .bigAlpha: " type=\"A\"",
            ]
            raw(mark.isOrdered ? "<ol\(kinds[mark] ?? "")>" : "<ul>")
            for item in items {
                raw("<li>")
                for block in item { inner(block, isAlone: item.count == 1) }
                raw("</li>\n")
            }
            raw(mark.isOrdered ? "</ol>\n" : "</ul>\n")
        }

        private mutating func table(_ table: RenderedTable) {
            raw("<table>")
            if !table.caption.isEmpty {
                raw("<caption>")
                runs(table.caption)
                raw("</caption>")
            }
            for (name, rows) in [("thead", table.head), ("tbody", table.body)] where !rows.isEmpty {
                raw("<\(name)>")
                for row in rows {
                    raw("<tr>")
                    for cell in row {
                        let tag = cell.isHeader ? "th" : "td"
                        raw("<\(tag)")
                        if cell.columns > 1 { raw(" colspan=\"\(cell.columns)\"") }
                        if cell.rows > 1 { raw(" rowspan=\"\(cell.rows)\"") }
                        raw(">")
                        for block in cell.blocks { inner(block, isAlone: cell.blocks.count == 1) }
                        raw("</\(tag)>")
                    }
                    raw("</tr>\n")
                }
                raw("</\(name)>")
            }
            raw("</table>\n")
        }

        /// A paragraph that is all a cell or an item has needs no element of its own.
        private mutating func inner(_ block: RenderedBlock, isAlone: Bool) {
            if isAlone, case .paragraph(let runs) = block { self.runs(runs) } else { self.block(block) }
        }

        private mutating func runs(_ runs: [RenderedRun]) {
            for run in runs {
                let tags = RenderedRun.Style.allCases.filter(run.styles.contains).map(Self.tag)
                for tag in tags { raw("<\(tag)>") }
                let lines = run.text.split(separator: "\n", omittingEmptySubsequences: false)
                for (index, line) in lines.enumerated() {
                    if index > 0 { raw("<br>") }
                    text(String(line))
                }
                for tag in tags.reversed() { raw("</\(tag.prefix { $0 != " " })>") }
            }
        }

        private static func tag(_ style: RenderedRun.Style) -> String {
            switch style {
            case .bold: "b"
            case .italic: "i"
            case .underline: "u"
            case .emphasis: "em"
            case .superscript: "sup"
            case .subscript: "sub"
            case .inserted: "ins"
            case .deleted: "del"
            }
        }
    }
}
