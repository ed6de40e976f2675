import ExchangeCore
import XML

/// A section's narrative (CDA R2, 4.3.5, `StrucDoc.Text`) as blocks; what it does not know it reads as the text within.
///
/// Descends at most as deep as the XML reader let the tree become.
struct NarrativeReading {
    private var blocks: [RenderedBlock] = []
    private var runs: [RenderedRun] = []

    static func blocks(_ element: XMLElement) -> [RenderedBlock] { blocks(element.children) }

    private static func blocks(_ nodes: some Sequence<XMLNode>) -> [RenderedBlock] {
        var reading = NarrativeReading()
        reading.read(nodes, [])
        reading.endParagraph()
        return reading.blocks
    }

    private static func runs(_ element: XMLElement) -> [RenderedRun] {
        blocks(element).flatMap { block -> [RenderedRun] in
            if case .paragraph(let runs) = block { runs } else { [] }
        }
    }

    private mutating func read(_ nodes: some Sequence<XMLNode>, _ styles: Set<RenderedRun.Style>) {
        for node in nodes {
            switch node {
            case .text(let text): add(Self.collapsed(text), styles)
            case .element(let element): read(element, styles)
            }
        }
    }

    private mutating func read(_ element: XMLElement, _ outer: Set<RenderedRun.Style>) {
        let styles = outer.union(Self.styles(element))
        switch element.name {
        case "br": add("\n", styles)
        case "paragraph":
            endParagraph()
            if let caption = element.first("caption") {
                read(caption.children, styles.union([.bold]))
                add(" ", styles)
            }
            read(element.children.filter { !Self.isCaption($0) }, styles)
            endParagraph()
        case "list": add(list(element))
        case "table": add(table(element))
        case "renderMultiMedia", "observationMedia":
            endParagraph()
            if let caption = element.first("caption") { read(caption.children, styles) }
            endParagraph()
            blocks.append(.notice("an image or other medium stands here in the original; it is not shown"))
        case "linkHtml":
            read(element.children, styles)
            // An address is words for people; nothing leads there.
            if let address = element.attribute("href"), !address.isEmpty, !element.text.contains(address) {
                add(" (\(ShownText.clean(String(address.prefix(500)))))", styles)
            }
        case "footnote":
            add(" [", styles)
            read(element.children, styles)
            add("]", styles)
        case "footnoteRef": break
        default: read(element.children, styles)
        }
    }

    private static func isCaption(_ node: XMLNode) -> Bool {
        if case .element(let element) = node { element.name == "caption" } else { false }
    }

    private mutating func add(_ block: RenderedBlock?) {
        endParagraph()
        if let block { blocks.append(block) }
    }

    private mutating func add(_ text: String, _ styles: Set<RenderedRun.Style>) {
        guard !text.isEmpty else { return }
        // Blanks between paragraphs are nobody's words; two in a row are one.
        let last = runs.last?.text.unicodeScalars.last
        let isAfterBlank = last == nil || last == " " || last == "\n"
        let kept = isAfterBlank && text.unicodeScalars.first == " " ? String(text.unicodeScalars.dropFirst()) : text
        guard !kept.isEmpty else { return }
        if let before = runs.last, before.styles == styles {
            runs[runs.count - 1] = RenderedRun(text: before.text + kept, styles: styles)
        } else {
            runs.append(RenderedRun(text: kept, styles: styles))
        }
    }

    private mutating func endParagraph() {
        while let last = runs.last, last.text.unicodeScalars.allSatisfy({ $0 == " " || $0 == "\n" }) { runs.removeLast() }
        if !runs.isEmpty { blocks.append(.paragraph(runs)) }
        runs = []
    }

    private func list(_ element: XMLElement) -> RenderedBlock? {
        let items = element.all("item").map { item in
            let caption = item.first("caption").map { Self.runs($0) } ?? []
            let blocks = NarrativeReading.blocks(item.children.filter { !Self.isCaption($0) })
            return (caption.isEmpty ? [] : [RenderedBlock.paragraph(caption)]) + blocks
        }
        guard !items.isEmpty else { return nil }
        let isOrdered = element.attribute("listType") == "ordered"
        return .list(
            Self.mark(element) ?? (isOrdered ? .arabic : .disc), caption: element.first("caption").map { Self.runs($0) } ?? [],
            items: items)
    }

    private static func mark(_ element: XMLElement) -> RenderedBlock.ListMark? {
        for code in codes(element) {
            switch code {
            case "Disc": return .disc
            case "Circle": return .circle
            case "Square": return .square
            case "Arabic": return .arabic
            case "LittleRoman": return .littleRoman
            case "BigRoman": return .bigRoman
            case "LittleAlpha": return .littleAlpha
            case "BigAlpha": return .bigAlpha
            default: continue
            }
        }
        return nil
    }

    private func table(_ element: XMLElement) -> RenderedBlock? {
        func rows(_ names: [String]) -> [[RenderedTable.Cell]] {
            names.flatMap { element.all($0) }.flatMap { $0.all("tr") }.map(Self.cells)
        }
        let head = rows(["thead"])
        // Rows that stand in the table itself are none of CDA's, and people read them all the same.
        let body = rows(["tbody"]) + element.all("tr").map(Self.cells) + rows(["tfoot"])
        guard !head.isEmpty || !body.isEmpty else { return nil }
        return .table(RenderedTable(caption: element.first("caption").map { Self.runs($0) } ?? [], head: head, body: body))
    }

    private static func cells(_ row: XMLElement) -> [RenderedTable.Cell] {
        row.elements.filter { $0.name == "td" || $0.name == "th" }.map { cell in
            RenderedTable.Cell(
                isHeader: cell.name == "th", columns: span(cell.attribute("colspan"), max: 100),
                rows: span(cell.attribute("rowspan"), max: 1000), blocks: blocks(cell))
        }
    }

    private static func span(_ text: String?, max: Int) -> Int { min(Swift.max(text.flatMap { Int($0) } ?? 1, 1), max) }

    private static func codes(_ element: XMLElement) -> [Substring] {
        (element.attribute("styleCode") ?? "").split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "\t" })
    }

    private static func styles(_ element: XMLElement) -> Set<RenderedRun.Style> {
        var styles: Set<RenderedRun.Style> = []
        for code in codes(element) {
            switch code.lowercased() {
            case "bold": styles.insert(.bold)
            case "italics", "italic": styles.insert(.italic)
            case "underline": styles.insert(.underline)
            case "emphasis": styles.insert(.emphasis)
            default: continue
            }
        }
        if element.name == "sup" { styles.insert(.superscript) }
        if element.name == "sub" { styles.insert(.subscript) }
        switch element.attribute("revised") {
        case "insert": styles.insert(.inserted)
        case "delete": styles.insert(.deleted)
        default: break
        }
        return styles
    }

    /// The text with runs of white space as one blank.
    private static func collapsed(_ text: String) -> String {
        var collapsed = String.UnicodeScalarView()
        var isAfterBlank = false
        for scalar in text.unicodeScalars {
            let isBlank = scalar == " " || scalar == "\n" || scalar == "\t" || scalar == "\r"
            if !isBlank { collapsed.append(scalar) } else if !isAfterBlank { collapsed.append(" ") }
            isAfterBlank = isBlank
        }
        return ShownText.clean(String(collapsed))
    }
}
