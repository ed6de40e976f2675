import ExchangeCore
import XML

/// One pass over a document's body and events for their codes.
struct BodyReading {
    private(set) var body: Body = .missing
    private(set) var codes: [CodedEntry] = []
    private(set) var isFull = false
    private var sections: [DocumentSection] = []

    mutating func read(_ root: XMLElement) {
        let names = ElementNames(root)
        for name in ["documentationOf", "componentOf"] {
            for element in root.all(name) { collect(element, names) }
        }
        guard let component = root.first("component") else { return }
        if let structured = component.first("structuredBody") {
            collect(structured, names)
            body = .structured(sections)
        } else if let other = component.first("nonXMLBody") {
            let text = other.first("text")
            body = .unstructured(
                mediaType: text?.attribute("mediaType"),
                isEmbedded: text.map { $0.first("reference") == nil } ?? false)
        }
    }

    private mutating func collect(_ element: XMLElement, _ names: ElementNames) {
        element.walk { element in
            guard !isFull else { return false }
            switch names.kind(of: element) {
            case .section:
                sections.append(
                    DocumentSection(
                        code: element.first("code").flatMap(ElementReading.code),
                        title: element.first("title").flatMap(ElementReading.text), entries: element.all("entry").count))
            // What care was about, and how confidential a section is.
            case .code, .value, .translation, .confidentiality: add(element)
            // The narrative has no codes that machines should act on.
            case .text: return false
            default: break
            }
            return true
        }
    }

    private mutating func add(_ element: XMLElement) {
        guard let code = element.attribute("code"), let system = element.attribute("codeSystem") else { return }
        guard codes.count < ClinicalDocument.codedEntriesMax else {
            isFull = true
            return
        }
        codes.append(CodedEntry(code: code, systemOID: system, display: element.attribute("displayName")))
    }
}
