import ExchangeCore
import XML

/// One pass over a document's body and events for their codes.
struct BodyReading {
    private(set) var body: Body = .missing
    private(set) var codes: [CodedEntry] = []
    private(set) var isFull = false
    private var sections: [DocumentSection] = []

    mutating func read(_ root: XMLElement) {
        for name in ["documentationOf", "componentOf"] {
            for (index, element) in root.all(name).enumerated() {
                collect(element, at: ElementPath(name, index))
            }
        }
        guard let component = root.first("component") else { return }
        if let structured = component.first("structuredBody") {
            collect(structured, at: ElementPath("component").appending("structuredBody"))
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
    private mutating func collect(_ element: XMLElement, at path: ElementPath) {
        if element.name == "section" {
            sections.append(
                DocumentSection(
                    code: element.first("code").flatMap(ElementReading.code),
                    title: element.first("title").flatMap(ElementReading.text), entries: element.all("entry").count))
        }
        // The narrative has no codes that machines should act on.
        if element.name == "text" { return }
        if let code = element.attribute("code"), let system = element.attribute("codeSystem"),
            Self.coded.contains(element.name)
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
            collect(child, at: path.appending(child.name, index))
            if isFull { return }
        }
    }
}
