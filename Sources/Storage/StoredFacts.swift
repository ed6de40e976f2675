import ConsentEngine
import ExchangeCore

/// What consent judges of a document, as one column: fields in a fixed order, each with its length before it.
///
/// One blob instead of a dozen columns, because a search reads it for every row; lengths instead of separators, because
/// codes come from outside.
enum StoredFacts {
    /// Stands before what a document is related to, among the authors at the end.
    private static let relatedMark = "\u{1}"

    static func encode(_ facts: DocumentFacts) -> [UInt8] {
        var bytes: [UInt8] = []
        func put(_ text: String?) {
            let field = Array((text ?? "").utf8.prefix(0xFFFF))
            bytes.append(UInt8(truncatingIfNeeded: field.count >> 8))
            bytes.append(UInt8(truncatingIfNeeded: field.count))
            bytes += field
        }
        put(facts.uniqueID)
        put(facts.classCode?.code)
        put(facts.classCode?.system)
        put(facts.typeCode?.code)
        put(facts.typeCode?.system)
        put(facts.creation?.text)
        put(facts.serviceStart?.text)
        put(facts.serviceStop?.text)
        put(facts.labels.confidentiality.rawValue)
        put(String(facts.labels.sensitivities.count))
        for sensitivity in facts.labels.sensitivities { put(sensitivity) }
        for author in facts.authors { put(author) }
        for name in facts.related { put(relatedMark + name) }
        return bytes
    }

    static func decode(_ bytes: [UInt8], id: DocumentID, home: CommunityID) throws(ExchangeError) -> DocumentFacts {
        let damaged = ExchangeError(.corrupted, "a document row cannot be read; hie journal rebuild makes it anew")
        var at = 0
        func next() throws(ExchangeError) -> String? {
            guard at + 2 <= bytes.count else { throw damaged }
            let length = Int(bytes[at]) << 8 | Int(bytes[at + 1])
            guard at + 2 + length <= bytes.count else { throw damaged }
            defer { at += 2 + length }
            return length == 0 ? nil : String(decoding: bytes[at + 2..<at + 2 + length], as: UTF8.self)
        }
        func code() throws(ExchangeError) -> CodedValue? {
            let code = try next()
            let system = try next()
            return code.map { CodedValue(code: $0, system: system ?? "") }
        }
        let uniqueID = try next()
        let classCode = try code()
        let typeCode = try code()
        let creation = try next().flatMap { PartialDate($0) }
        let start = try next().flatMap { PartialDate($0) }
        let stop = try next().flatMap { PartialDate($0) }
        guard let confidentiality = try next().flatMap({ Confidentiality(rawValue: $0) }),
            let count = try next().flatMap({ Int($0) }), (0...1000).contains(count)
        else { throw damaged }
        var sensitivities: [String] = []
        for _ in 0..<count { if let label = try next() { sensitivities.append(label) } }
        var authors: [String] = []
        var related: [String] = []
        while at < bytes.count {
            guard let name = try next() else { continue }
            if name.utf8.starts(with: relatedMark.utf8) {
                related.append(String(name.dropFirst()))
            } else {
                authors.append(name)
            }
        }
        return DocumentFacts(
            id: id, uniqueID: uniqueID, classCode: classCode, typeCode: typeCode, creation: creation,
            serviceStart: start, serviceStop: stop,
            labels: SecurityLabels(confidentiality: confidentiality, sensitivities: sensitivities), authors: authors,
            related: related, home: home)
    }
}
