import CDA
import ExchangeCore

/// The rules of a sensitivity table, made ready for looking up codes.
///
/// The form is that of `Policies/sensitivity.tsv`: code system, codes, labels and why, a tab between.
struct SensitivityTable: Sendable {
    /// What a rule says of a document that has its code.
    struct Labels: Sendable {
        let confidentiality: Confidentiality
        let sensitivities: [String]
    }

    /// The rules of one code system.
    private struct Rules: Sendable {
        var exact: [String: [Labels]] = [:]
        /// Longest prefix a rule has; a code is looked up by each shorter one.
        var prefixes: [String: [Labels]] = [:]
        var prefixMax = 0
        var ranges: [(low: [UInt8], high: [UInt8], labels: Labels)] = []
        var words: [String: [Labels]] = [:]
    }

    private var systems: [String: Rules] = [:]
    private static let rulesMax = 100_000
    private static let anySystem = "*"

    private static let names: [String: String] = [
        "icd-10-cm": "http://hl7.org/fhir/sid/icd-10-cm", "icd-10": "http://hl7.org/fhir/sid/icd-10",
        "icd-9-cm": "http://hl7.org/fhir/sid/icd-9-cm", "loinc": CodeSystems.loinc, "snomed": CodeSystems.snomed,
        "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "cvx": "http://hl7.org/fhir/sid/cvx",
        "actcode": CodeSystems.actCode, "confidentiality": CodeSystems.confidentiality, anySystem: anySystem,
    ]

    /// Reads a table; blank lines and lines that begin with `#` say nothing.
    ///
    /// - Throws: `.badRequest` with the line that is not a rule; `.tooLarge` past 100,000 lines.
    init(_ text: String) throws(ExchangeError) {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count <= Self.rulesMax else {
            throw ExchangeError(.tooLarge, "a sensitivity table has at most \(Self.rulesMax) lines")
        }
        for (index, line) in lines.enumerated() {
            guard let first = line.first, first != UInt8(ascii: "#"), first != UInt8(ascii: "\r") else { continue }
            try add(String(decoding: line, as: UTF8.self), at: "line \(index + 1)")
        }
    }

    private mutating func add(_ line: String, at place: String) throws(ExchangeError) {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard columns.count >= 3 else {
            throw ExchangeError(.badRequest, "a rule has system, codes and labels, a tab between", at: place)
        }
        let labels = try Self.labels(columns[2], at: place)
        let codes = columns[1].split(separator: " ")
        guard !codes.isEmpty else { throw ExchangeError(.badRequest, "a rule names at least one code", at: place) }
        for name in columns[0].split(separator: ",") {
            guard let system = Self.names[String(name)] ?? (name.contains(":") ? String(name) : nil) else {
                throw ExchangeError(
                    .badRequest, "no known code system; write icd-10-cm, loinc, rxnorm, ... or a URI", at: place)
            }
            for code in codes { try add(String(code), system, labels, at: place) }
        }
    }

    private mutating func add(_ code: String, _ system: String, _ labels: Labels, at place: String)
        throws(ExchangeError)
    {
        var rules = systems[system] ?? Rules()
        defer { systems[system] = rules }
        if code.utf8.first == UInt8(ascii: "~") {
            let word = Self.lower(code.utf8.dropFirst())
            guard !word.isEmpty, word.allSatisfy(Self.isWordByte) else {
                throw ExchangeError(.badRequest, "a word has only letters and digits: ~harm, not ~self-harm", at: place)
            }
            rules.words[String(decoding: word, as: UTF8.self), default: []].append(labels)
            return
        }
        if code.utf8.last == UInt8(ascii: "*") {
            let prefix = Self.plain(code.utf8.dropLast(), system)
            guard !prefix.isEmpty else { throw ExchangeError(.badRequest, "a prefix needs a letter", at: place) }
            rules.prefixes[String(decoding: prefix, as: UTF8.self), default: []].append(labels)
            rules.prefixMax = max(rules.prefixMax, prefix.count)
            return
        }
        if Self.hasCategories(system), let dash = code.utf8.firstIndex(of: UInt8(ascii: "-")) {
            let low = Self.plain(code.utf8[..<dash], system)
            let high = Self.plain(code.utf8[code.utf8.index(after: dash)...], system)
            guard low.count == high.count, !low.isEmpty, !high.lexicographicallyPrecedes(low) else {
                throw ExchangeError(.badRequest, "a range goes from a category to a later one, such as F12-F16", at: place)
            }
            rules.ranges.append((low, high, labels))
            return
        }
        rules.exact[String(decoding: Self.plain(code.utf8[...], system), as: UTF8.self), default: []].append(labels)
    }

    private static func labels(_ column: Substring, at place: String) throws(ExchangeError) -> Labels {
        var confidentiality = Confidentiality.restricted
        var sensitivities: [String] = []
        let words = column.split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw ExchangeError(.badRequest, "a rule gives at least one label", at: place) }
        for word in words {
            if let level = Confidentiality(rawValue: word) {
                guard level >= .restricted else {
                    throw ExchangeError(.badRequest, "a rule makes a document R or V, never less", at: place)
                }
                confidentiality = max(confidentiality, level)
            } else if (2...32).contains(word.utf8.count), word.utf8.allSatisfy(isLabelByte) {
                sensitivities.append(word)
            } else {
                throw ExchangeError(.badRequest, "a label is a code such as PSY, HIV or V", at: place)
            }
        }
        return Labels(confidentiality: confidentiality, sensitivities: sensitivities)
    }

    /// What every rule that matches says; `display` is the code's name, for rules by word.
    func matches(_ code: String, system: String, display: String?) -> [Labels] {
        var found: [Labels] = []
        if let rules = systems[system] { found += Self.matches(rules, code, system, display) }
        if let rules = systems[Self.anySystem] { found += Self.matches(rules, code, system, display) }
        return found
    }

    private static func matches(_ rules: Rules, _ code: String, _ system: String, _ display: String?) -> [Labels] {
        let bytes = plain(code.utf8[...], system)
        var found = rules.exact[String(decoding: bytes, as: UTF8.self)] ?? []
        if rules.prefixMax > 0 {
            for length in 1...min(max(1, bytes.count), rules.prefixMax) {
                found += rules.prefixes[String(decoding: bytes.prefix(length), as: UTF8.self)] ?? []
            }
        }
        for range in rules.ranges where bytes.count >= range.low.count {
            let category = bytes.prefix(range.low.count)
            if !category.lexicographicallyPrecedes(range.low), !range.high.lexicographicallyPrecedes(category) {
                found.append(range.labels)
            }
        }
        guard !rules.words.isEmpty, let display else { return found }
        for word in lower(display.utf8[...]).split(whereSeparator: { !isWordByte($0) }) {
            found += rules.words[String(decoding: word, as: UTF8.self)] ?? []
        }
        return found
    }

    /// Codes of the ICD are written with and without their dot.
    private static func plain(_ code: Substring.UTF8View, _ system: String) -> [UInt8] {
        guard hasCategories(system) else { return Array(code) }
        return code.filter { $0 != UInt8(ascii: ".") }.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
    }

    private static func hasCategories(_ system: String) -> Bool {
        system.utf8.starts(with: "http://hl7.org/fhir/sid/icd-".utf8)
    }

    private static func lower(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte >= 0x80
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }
}
