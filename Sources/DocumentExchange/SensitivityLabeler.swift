import CDA
import ExchangeCore
import JSON
import XML

/// Gives documents the security labels that their coded content earns, besides those their metadata states.
///
/// It only ever adds: what is stated stays, a code that a rule names makes the document restricted or more and names
/// the sensitivity (42 CFR Part 2, state law). What cannot be read through to its end is restricted. What states no
/// confidentiality at all stays without one and so counts as restricted (`SecurityLabels`).
package struct SensitivityLabeler: Sendable {
    /// One code of a document, with its name where the document gives one.
    package struct Code: Sendable {
        let code: String
        let system: String
        let display: String?

        /// A code from its parts.
        package init(code: String, system: String, display: String? = nil) {
            self.code = code
            self.system = system
            self.display = display
        }
    }

    private let table: SensitivityTable

    /// A labeler with rules of a facility's own, in the form of `Policies/sensitivity.tsv`.
    ///
    /// - Throws: `.badRequest` with the line that is not a rule; `.tooLarge` past 100,000 lines.
    package init(table: String) throws(ExchangeError) { self.table = try SensitivityTable(table) }

    /// The labeler with the rules of `Policies/sensitivity.tsv` as they came with this program.
    package static let standard: SensitivityLabeler = {
        do {
            return try SensitivityLabeler(table: StandardSensitivities.table)
        } catch {
            preconditionFailure("the standard sensitivity table is not one: \(error)")
        }
    }()

    /// The standard rules as text, for a facility that wants to start from them.
    package static var standardTable: String { StandardSensitivities.table }

    /// The labels of a document: what is stated, and what its codes earn.
    ///
    /// - Parameter isComplete: false when some of the content could not be read; the document is then restricted.
    package func labels(
        stated: [CodedValue], codes: some Sequence<Code>, isComplete: Bool = true,
    ) -> [CodedValue] {
        var level: Confidentiality? = isComplete ? nil : .restricted
        var earned: Set<String> = []
        for code in codes {
            for match in table.matches(code.code, system: code.system, display: code.display) {
                level = max(level ?? match.confidentiality, match.confidentiality)
                earned.formUnion(match.sensitivities)
            }
        }
        return Self.merge(stated, level: level, sensitivities: earned)
    }

    /// The labels of a document by its bytes: HL7 CDA and FHIR JSON are read, other content earns nothing.
    ///
    /// What is said to be CDA or FHIR and cannot be read is restricted.
    package func labels(
        stated: [CodedValue], content: [UInt8], mimeType: String, limits: ExchangeLimits = ExchangeLimits(),
    ) -> [CodedValue] {
        let type = String(mimeType.prefix { $0 != ";" && $0 != " " }).lowercased()
        if type == "application/fhir+json" {
            guard let json = try? JSONReader.read(content) else { return labels(stated: stated, codes: [], isComplete: false) }
            var codes: [Code] = []
            let isComplete = FHIRCodes.collect(json, into: &codes)
            return labels(stated: stated, codes: codes, isComplete: isComplete)
        }
        guard type.hasSuffix("/xml") || type.hasSuffix("+xml"), Self.looksLikeCDA(content) else { return stated }
        var xml = XMLLimits()
        xml.bytesMax = min(xml.bytesMax, limits.documentBytesMax)
        guard let document = try? ClinicalDocument.read(content, limits: xml) else {
            return labels(stated: stated, codes: [], isComplete: false)
        }
        return labels(stated: stated, of: document)
    }

    /// The labels of a clinical document that was read.
    package func labels(stated: [CodedValue], of document: ClinicalDocument) -> [CodedValue] {
        var codes = ([document.code, document.confidentiality].compactMap(\.self) + document.codeTranslations)
            .map { Code(code: $0.code, system: $0.system, display: $0.display) }
        codes += document.codedEntries.map {
            Code(code: $0.code, system: CodeSystemOIDs.uri($0.systemOID), display: $0.display)
        }
        return labels(stated: stated, codes: codes, isComplete: !document.hasMoreCodedEntries)
    }

    /// Stated labels first, as stated; the confidentiality raised in its place, new sensitivities after, sorted.
    private static func merge(_ stated: [CodedValue], level: Confidentiality?, sensitivities: Set<String>)
        -> [CodedValue]
    {
        var labels: [CodedValue] = []
        var isLevelStated = false
        for label in stated {
            guard label.system == CodeSystems.confidentiality, let level,
                let own = Confidentiality(rawValue: label.code), own < level
            else {
                isLevelStated = isLevelStated || label.system == CodeSystems.confidentiality
                labels.append(label)
                continue
            }
            guard !isLevelStated else { continue }
            isLevelStated = true
            labels.append(CodedValue(code: level.rawValue, system: CodeSystems.confidentiality))
        }
        if let level, !isLevelStated {
            labels.append(CodedValue(code: level.rawValue, system: CodeSystems.confidentiality))
        }
        for code in sensitivities.sorted() {
            let label = CodedValue(code: code, system: CodeSystems.actCode)
            if !labels.contains(label) { labels.append(label) }
        }
        return labels
    }

    /// Whether the root element, or something near the beginning, is named as CDA's.
    private static func looksLikeCDA(_ content: [UInt8]) -> Bool {
        let name = Array("ClinicalDocument".utf8)
        let head = content.prefix(8192)
        guard head.count >= name.count else { return false }
        return head.indices.dropLast(name.count - 1).contains { head[$0...].starts(with: name) }
    }
}

/// The codings of a FHIR resource, wherever they stand.
enum FHIRCodes {
    private static let codesMax = 100_000

    /// False when there were more than are looked at.
    static func collect(_ json: JSONValue, into codes: inout [SensitivityLabeler.Code]) -> Bool {
        var waiting = [json]
        while let next = waiting.popLast() {
            switch next {
            case .array(let items): waiting += items
            case .object(let object):
                if let code = object["code"]?.string, let system = object["system"]?.string {
                    guard codes.count < codesMax else { return false }
                    codes.append(.init(code: code, system: system, display: object["display"]?.string))
                }
                for member in object.members { waiting.append(member.value) }
            case .string, .number, .bool, .null: continue
            }
        }
        return true
    }
}
