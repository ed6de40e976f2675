import ExchangeCore
import XML

/// The coded sections of a document's body, read when somebody asks for them: publishing needs only the header.
package enum SectionReading {
    /// Statements of one document at most; `isFull` says when there were more.
    package static let statementsMax = 20_000

    /// The sections in order, nested ones after the one they are in; none of an unstructured document.
    package static func sections(_ root: XMLElement) -> (sections: [ClinicalSection], isFull: Bool) {
        guard let body = root.path("component", "structuredBody") else { return ([], false) }
        var reading = Reading(names: ElementNames(root))
        reading.components(body, at: ElementPath("component").appending("structuredBody"))
        return (reading.sections, reading.isFull)
    }

    private struct Reading {
        let names: ElementNames
        var sections: [ClinicalSection] = []
        var isFull = false
        private var statements: [ClinicalStatement] = []
        private var counted = 0

        init(names: ElementNames) { self.names = names }

        mutating func components(_ element: XMLElement, at path: ElementPath) {
            for (number, component) in element.all("component").enumerated() {
                guard let section = component.first("section") else { continue }
                read(section, at: path.appending("component", number).appending("section"))
            }
        }

        private mutating func read(_ section: XMLElement, at path: ElementPath) {
            statements = []
            for (number, entry) in section.all("entry").enumerated() {
                collect(entry, at: path.appending("entry", number))
            }
            let code = section.first("code").flatMap(ElementReading.code)
            let text = section.first("text").flatMap(ElementReading.text) ?? ""
            let isNull = section.attribute("nullFlavor") != nil
            sections.append(
                ClinicalSection(
                    kind: SectionKind(code: code, templates: section.all("templateId").compactMap(ElementReading.identifier)),
                    code: code, title: section.first("title").flatMap(ElementReading.text), narrativeLength: text.count,
                    saysNothing: isNull || SectionReading.isNothing(text), statements: statements, path: path))
            components(section, at: path)
        }

        /// Statements within an entry, outermost first; as deep as the XML reader let the tree become.
        private mutating func collect(_ element: XMLElement, at path: ElementPath) {
            var previous = -1
            var number = 0
            element.forEachElement { child in
                let local = names.local(of: child)
                number = local == previous ? number + 1 : 0
                previous = local
                guard !isFull else { return }
                switch names.kind(of: child) {
                case .statement:
                    guard counted < SectionReading.statementsMax else {
                        isFull = true
                        return
                    }
                    counted += 1
                    let below = path.appending(child.name, number)
                    statements.append(StatementReading.statement(child, at: below, names))
                    collect(child, at: below)
                case .entryRelationship, .component: collect(child, at: path.appending(child.name, number))
                default: break
                }
            }
        }
    }

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
