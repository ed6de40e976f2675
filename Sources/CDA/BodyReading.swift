import ExchangeCore
import XML

/// One pass over a document's body and events for their codes.
struct BodyReading {
    private(set) var body: Body = .missing
    private(set) var codes: [CodedEntry] = []
    private(set) var isFull = false
    private var sections: [DocumentSection] = []
    /// Names and indices from the document down to the element being read; written out only where a code is.
    private var steps: [(name: String, index: Int)] = []

    mutating func read(_ root: XMLElement) {
        for name in ["documentationOf", "componentOf"] {
            for (index, element) in root.all(name).enumerated() {
                steps = [(name, index)]
                collect(element)
            }
        }
        guard let component = root.first("component") else { return }
        if let structured = component.first("structuredBody") {
            steps = [("component", 0), ("structuredBody", 0)]
            collect(structured)
            body = .structured(sections)
        } else if let other = component.first("nonXMLBody") {
            let text = other.first("text")
            body = .unstructured(
                mediaType: text?.attribute("mediaType"),
                isEmbedded: text.map { $0.first("reference") == nil } ?? false)
        }
    }

    /// Elements whose codes say what care was about, and how confidential a section is.
    private static let coded: Set<String> = ["code", "value", "translation", "confidentialityCode"]

    /// Descends at most as deep as the XML reader let the tree become.
    private mutating func collect(_ element: XMLElement) {
        if element.name == "section" {
            sections.append(
                DocumentSection(
                    code: element.first("code").flatMap(ElementReading.code),
                    title: element.first("title").flatMap(ElementReading.text), entries: element.all("entry").count))
        }
        // The narrative has no codes that machines should act on.
        if element.name == "text" { return }
        if Self.coded.contains(element.name),
            let code = element.attribute("code"), let system = element.attribute("codeSystem")
        {
            guard codes.count < ClinicalDocument.codedEntriesMax else {
                isFull = true
                return
            }
            codes.append(CodedEntry(code: code, systemOID: system, display: element.attribute("displayName"), path: path))
        }
        var previous = ""
        var index = 0
        for case .element(let child) in element.children {
            // CDA's schema puts elements of one name next to each other.
            index = child.name == previous ? index + 1 : 0
            previous = child.name
            steps.append((child.name, index))
            collect(child)
            steps.removeLast()
            if isFull { return }
        }
    }

    private var path: String {
        steps.map { $0.index == 0 ? $0.name : "\($0.name)[\($0.index)]" }.joined(separator: "/")
    }
}
