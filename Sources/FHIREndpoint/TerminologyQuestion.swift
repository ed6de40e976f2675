import ExchangeCore
import FHIRModel
import JSON
import Terminology

/// What is asked of the imported code systems: a code, its system, its name, a release or a day (R4, terminology-service).
struct TerminologyQuestion: Sendable {
    /// The code system; of an expansion the value set that is all of it.
    let system: String
    /// Empty in an expansion.
    let code: String
    let display: String?
    let version: String?
    let day: ReleaseDay?
    let filter: String
    let count: Int
    let offset: Int
    let isActiveOnly: Bool

    /// Concepts of one answer at the most.
    static let countMax = 1000

    /// One argument, from a query or from Parameters.
    private struct Argument {
        let name: String
        let text: String?
        let value: JSONValue?
    }

    /// Reads a query's fields.
    init(_ fields: [RequestField], _ operation: EdgeOperation) throws(ExchangeError) {
        try self.init(fields.map { Argument(name: $0.name, text: $0.value, value: nil) }, operation)
    }

    /// Reads Parameters.
    init(_ resource: FHIRResource, _ operation: EdgeOperation) throws(ExchangeError) {
        guard let parameters = Parameters(json: resource.json) else {
            throw ExchangeError(.badRequest, "send Parameters", at: "resourceType")
        }
        try self.init(
            parameters.parameters.map { parameter in
                let text: String? =
                    switch parameter.value {
                    case .string(let text), .number(let text): text
                    case .bool(let truth): truth ? "true" : "false"
                    case .null, .array, .object, nil: nil
                    }
                return Argument(name: parameter.name, text: text, value: parameter.value)
            }, operation)
    }

    private init(_ arguments: [Argument], _ operation: EdgeOperation) throws(ExchangeError) {
        for name in ["valueSet", "codeSystem", "context", "contextDirection"] {
            guard !arguments.contains(where: { $0.name == name }) else {
                throw ExchangeError(.badRequest, "is not supported: name an imported code system", at: name)
            }
        }
        func text(_ name: String) throws(ExchangeError) -> String? {
            let found = arguments.filter { $0.name == name }
            guard found.count < 2 else { throw ExchangeError(.badRequest, "stands more than once", at: name) }
            return found.first?.text.flatMap { $0.isEmpty ? nil : $0 }
        }
        func number(_ name: String, _ usual: Int, in range: ClosedRange<Int>) throws(ExchangeError) -> Int {
            guard let text = try text(name) else { return usual }
            guard let number = Int(text), number >= range.lowerBound else {
                throw ExchangeError(.badRequest, "is no number of that kind", at: name)
            }
            return min(number, range.upperBound)
        }
        var codings = arguments.filter { $0.name == "coding" }.compactMap { CodedValue(coding: $0.value) }
        codings += arguments.filter { $0.name == "codeableConcept" }.flatMap { CodedValue.codings(inConcept: $0.value) }
        guard codings.count < 2 else { throw ExchangeError(.badRequest, "one coding at a time, please", at: "coding") }
        let coding = codings.first
        let isExpansion = operation == .expandValueSet
        // `$lookup` says `system`, the other two `url`; both are taken by both.
        let (systemText, url, codeText, displayText) = (
            try text("system"), try text("url"), try text("code"), try text("display")
        )
        guard let named = coding?.system ?? systemText ?? url, !named.isEmpty else {
            throw ExchangeError(.badRequest, "name the code system", at: operation == .lookUpCode ? "system" : "url")
        }
        system = isExpansion ? try Self.system(ofValueSet: named) : named
        code = coding?.code ?? codeText ?? ""
        guard isExpansion || !code.isEmpty else { throw ExchangeError(.badRequest, "give the code", at: "code") }
        guard code.utf8.count <= 256 else { throw ExchangeError(.badRequest, "no code is that long", at: "code") }
        display = coding?.display ?? displayText
        let (release, systemVersion) = (try text("version"), try text("systemVersion"))
        version = release ?? systemVersion
        let date = try text("date")
        day = date.flatMap { ReleaseDay(String($0.prefix(10))) }
        guard date == nil || day != nil else { throw ExchangeError(.badRequest, "is no day", at: "date") }
        filter = try text("filter") ?? ""
        count = try number("count", 100, in: 0...Self.countMax)
        offset = try number("offset", 0, in: 0...10_000_000)
        let active = try text("activeOnly")
        guard active == nil || active == "true" || active == "false" else {
            throw ExchangeError(.badRequest, "is true or false", at: "activeOnly")
        }
        isActiveOnly = active == "true"
    }

    /// The code system of an implicit value set: `URI?fhir_vs` for any, `http://loinc.org/vs` for LOINC.
    private static func system(ofValueSet url: String) throws(ExchangeError) -> String {
        if url.hasSuffix("?fhir_vs") { return String(url.dropLast("?fhir_vs".count)) }
        if url == CodeSystem.loinc.uri + "/vs" { return CodeSystem.loinc.uri }
        throw ExchangeError(
            .notFound, "value sets here are all of an imported code system: its URI and ?fhir_vs", at: "url")
    }

    /// The release that is asked; `.notFound` where it was not imported.
    func table(of releases: TerminologyReleases) throws(ExchangeError) -> CodeTable {
        let found = version.map { releases.release(of: system, version: $0) } ?? releases.release(of: system, on: day)
        guard let found else {
            throw ExchangeError(
                .notFound, "no such release of \(CodeSystem(uri: system)?.title ?? "this code system") was imported: "
                    + "hie terminology list", at: "url")
        }
        return found
    }
}
