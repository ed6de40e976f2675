import ExchangeCore
import XML

/// The coded sections of a document's body, read when somebody asks for them: publishing needs only the header.
package enum SectionReading {
    /// Statements of one document at most; `isFull` says when there were more.
    package static let statementsMax = 20_000

    /// The sections in order, nested ones after the one they are in; none of an unstructured document.
    package static func sections(_ root: XMLElement) -> (sections: [ClinicalSection], isFull: Bool) {
        guard let body = root.path("component", "structuredBody") else { return ([], false) }
        var reading = Reading()
        reading.components(body, path: "component/structuredBody")
        return (reading.sections, reading.isFull)
    }

    /// Bytes of a path at most, give or take a step: what is nested deeper is placed by what it is in, or paths would take more
    /// memory than the document.
    private static let pathBytesMax = 240

    private struct Reading {
        var sections: [ClinicalSection] = []
        var isFull = false
        private var statements: [ClinicalStatement] = []
        private var counted = 0

        mutating func components(_ element: XMLElement, path: String) {
            for (number, component) in element.all("component").enumerated() {
                guard let section = component.first("section") else { continue }
                let below = path + "/" + SectionReading.step("component", number) + "/section"
                read(section, path: path.utf8.count > SectionReading.pathBytesMax ? path : below)
            }
        }

        private mutating func read(_ section: XMLElement, path: String) {
            statements = []
            for (number, entry) in section.all("entry").enumerated() {
                collect(entry, path: path + "/" + SectionReading.step("entry", number))
            }
            let code = section.first("code").flatMap(ElementReading.code)
            let text = section.first("text").flatMap(ElementReading.text) ?? ""
            let isNull = section.attribute("nullFlavor") != nil
            sections.append(
                ClinicalSection(
                    kind: SectionKind(code: code, templates: section.all("templateId").compactMap(ElementReading.identifier)),
                    code: code, title: section.first("title").flatMap(ElementReading.text), narrativeLength: text.count,
                    saysNothing: isNull || SectionReading.isNothing(text), statements: statements, path: path))
            components(section, path: path)
        }

        /// Statements within an entry, outermost first; as deep as the XML reader let the tree become.
        private mutating func collect(_ element: XMLElement, path: String) {
            var previous = ""
            var number = 0
            for child in element.elements {
                number = child.name == previous ? number + 1 : 0
                previous = child.name
                let below = path.utf8.count > SectionReading.pathBytesMax ? path : path + "/" + SectionReading.step(child.name, number)
                if StatementReading.elements.contains(child.name) {
                    guard counted < SectionReading.statementsMax else {
                        isFull = true
                        return
                    }
                    counted += 1
                    statements.append(StatementReading.statement(child, path: below))
                    collect(child, path: below)
                } else if ["entryRelationship", "component"].contains(child.name) {
                    collect(child, path: below)
                }
            }
        }
    }

    static func step(_ name: String, _ number: Int) -> String { number == 0 ? name : "\(name)[\(number)]" }

    private static let nothings = [
        "no information", "none", "no known", "not on file", "no data", "nothing to report", "not applicable", "n/a", "unknown",
        "no hospital", "no entries", "none recorded", "none known", "none reported", "no documented",
    ]

    /// A short text that says that there is nothing to say.
    private static func isNothing(_ text: String) -> Bool {
        guard text.count < 120 else { return false }
        let lowered = text.lowercased()
        return nothings.contains { lowered.hasPrefix($0) || lowered.hasSuffix($0) || lowered.hasSuffix($0 + ".") }
    }
}
