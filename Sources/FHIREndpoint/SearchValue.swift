import ExchangeCore
import FHIRModel
import XDSMetadata

/// One search parameter as given: name, modifier and the alternatives of its value (R4, search.html 3.1.1.5).
struct SearchArgument: Sendable {
    /// The most alternatives one parameter may have.
    static let alternativesMax = 64

    /// The name without its modifier.
    let name: String
    /// What stood behind the colon.
    let modifier: String?
    /// The alternatives, escapes still in them, at least one.
    let alternatives: [String]
    /// When it was asked.
    let asked: Timestamp

    /// Reads a field of a question asked at a moment; throws `badRequest` naming the parameter.
    init(_ field: RequestField, asked: Timestamp) throws(ExchangeError) {
        self.asked = asked
        let parts = field.name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        modifier = parts.count == 2 ? String(parts[1]) : nil
        alternatives = SearchText.split(field.value, at: UInt8(ascii: ","))
        guard alternatives.count <= Self.alternativesMax else {
            throw ExchangeError(.badRequest, "a search parameter may have \(Self.alternativesMax) values", at: name)
        }
        guard alternatives.allSatisfy({ !$0.isEmpty }) else {
            throw ExchangeError(.badRequest, "a search parameter has an empty value", at: name)
        }
    }

    /// The only value; throws when there are several.
    func single() throws(ExchangeError) -> String {
        guard let first = alternatives.first, alternatives.count == 1 else { throw fault("takes one value") }
        return first
    }

    /// The error of this parameter.
    func fault(_ what: String) -> ExchangeError { ExchangeError(.badRequest, "the search parameter \(what)", at: name) }

    /// `code`, `system|code`, `|code`: each alternative as a filter.
    func tokens() throws(ExchangeError) -> [DocumentQuery.CodeFilter] {
        var filters: [DocumentQuery.CodeFilter] = []
        for text in alternatives {
            let (system, code) = SearchText.token(text)
            guard !code.isEmpty || !(system ?? "").isEmpty else { throw fault("needs a code or a system") }
            filters.append(.init(code: code, system: system))
        }
        return filters
    }

    /// Names, matched as the modifier says: from their start, `:contains`, `:exact`. An empty one would match everybody.
    func names() throws(ExchangeError) -> [DocumentQuery.NameFilter] {
        guard let mode = DocumentQuery.NameFilter.Mode(rawValue: modifier ?? "") else {
            throw fault("takes the modifiers :exact and :contains")
        }
        let words = texts()
        guard words.allSatisfy({ $0.utf8.contains { $0 > 0x20 } }) else { throw fault("needs a name") }
        return words.map { .init($0, mode) }
    }

    /// The value of `_summary`, but for `count`.
    func summary() throws(ExchangeError) -> ResourceSubset {
        switch try single() {
        case "true": return .summary
        case "text": return .text
        case "false", "data": return .whole
        default: throw fault("takes true, false, text, data or count")
        }
    }

    /// The names of `_elements`.
    func elements() throws(ExchangeError) -> ResourceSubset {
        let names = texts()
        guard names.allSatisfy({ $0.utf8.allSatisfy { (0x41...0x5A).contains($0 & 0xDF) } }) else {
            throw fault("takes names of elements, such as identifier,status")
        }
        return .elements(Set(names))
    }

    /// `system|value` as an identifier; nil when no patient could have it.
    func identifier() throws(ExchangeError) -> PatientIdentifier? {
        let (system, value) = SearchText.token(try single())
        guard let system, !system.isEmpty, !value.isEmpty else { throw fault("needs system|value") }
        return PatientIdentifier(system: system, value: value)
    }

    /// Plain texts, escapes removed.
    func texts() -> [String] { alternatives.map(SearchText.unescaped) }

    /// A date with its prefix.
    func date() throws(ExchangeError) -> DateFilter { try date(SearchText.unescaped(try single())) }

    /// Dates with their prefixes, of which any may hold.
    func dates() throws(ExchangeError) -> [DateFilter] {
        var dates: [DateFilter] = []
        for text in texts() { dates.append(try date(text)) }
        return dates
    }

    private func date(_ text: String) throws(ExchangeError) -> DateFilter {
        guard let date = DateFilter(text, asked: asked) else {
            throw fault("takes a date such as 2026-03 or ge2026-03-02, with eq, ne, gt, ge, lt, le, sa, eb or ap before it")
        }
        return date
    }

    /// The ids of references to one type: `Type/id`, `id`, or absolute; nil for one that cannot be an id of this node.
    func references<Subject>(_ type: String, _: Subject.Type) throws(ExchangeError) -> [LocalID<Subject>?] {
        if let modifier, modifier != type { throw fault("refers to another type than \(type)") }
        var ids: [LocalID<Subject>?] = []
        for text in texts() {
            let literal = text.utf8.contains(UInt8(ascii: "/")) ? text : "\(type)/\(text)"
            switch FHIRReference(literal).target {
            case .relative(type, let id)?, .absolute(_, type, let id)?: ids.append(LocalID(id))
            default: throw fault("takes references to \(type)")
            }
        }
        return ids
    }
}

/// The escapes of search values: `\,` `\|` `\$` `\\` (R4, search.html 3.1.1.5.7).
enum SearchText {
    /// The parts between unescaped separators, escapes still in them.
    static func split(_ text: String, at separator: UInt8) -> [String] {
        guard text.utf8.contains(separator) else { return [text] }
        var parts: [String] = []
        var part: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8 {
            if byte == separator && !isEscaped {
                parts.append(String(decoding: part, as: UTF8.self))
                part.removeAll(keepingCapacity: true)
                continue
            }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            part.append(byte)
        }
        parts.append(String(decoding: part, as: UTF8.self))
        return parts
    }

    /// The text without its escapes.
    static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\\") && !isEscaped {
                isEscaped = true
            } else {
                plain.append(byte)
                isEscaped = false
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }

    /// A token's system (nil when none is said, empty for "without system") and code.
    static func token(_ text: String) -> (system: String?, code: String) {
        let parts = split(text, at: UInt8(ascii: "|"))
        guard parts.count >= 2 else { return (nil, unescaped(text)) }
        return (unescaped(parts[0]), unescaped(parts.dropFirst().joined(separator: "|")))
    }
}
