import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import Terminology
import Transactions

/// The imported code systems over FHIR (R4, terminology-service.html): no patient is in it, and nothing is written down.
extension FHIRService {
    /// `CodeSystem/$validate-code`: form, existence, day, and whether the name agrees.
    func validateCode(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let (question, releases) = try await terminologyQuestion(&exchanged)
        let verdict = try exchanged.reading { () throws(ExchangeError) -> (verdict: CodeVerdict, release: CodeTable?) in
            if let known = CodeSystem(uri: question.system), let fault = CodeForm.fault(question.code, in: known) {
                return (.malformed(fault), nil)
            }
            // UCUM is a grammar: whatever follows it is a unit.
            if question.system == CodeSystem.ucum.uri, question.version == nil { return (.formOnly, nil) }
            let table = try question.table(of: releases)
            return (
                try TerminologyReleases.judge(question.code, in: table, display: question.display, on: question.day), table
            )
        }
        var isNameWrong = false
        if case .otherName = verdict.verdict { isNameWrong = true }
        var parameters = Parameters([
            .init("result", "valueBoolean", .bool(!verdict.verdict.isWrong && !isNameWrong)),
            .init("code", "valueCode", .string(question.code)), .init("system", "valueUri", .string(question.system)),
        ])
        if let version = verdict.release?.label.version {
            parameters.parameters.append(.init("version", "valueString", .string(version)))
        }
        if let concept = verdict.verdict.concept {
            parameters.parameters.append(.init("display", "valueString", .string(concept.display)))
        }
        if case .valid = verdict.verdict {} else {
            parameters.parameters.append(.init("message", "valueString", .string(verdict.verdict.sentence)))
        }
        return Answer(.ok, resource: parameters.json)
    }

    /// `CodeSystem/$lookup`: what a release says of a code; 404 where it does not have it.
    func lookUpCode(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let (question, releases) = try await terminologyQuestion(&exchanged)
        let (concept, label) = try exchanged.reading { () throws(ExchangeError) -> (Concept, ReleaseLabel) in
            let table = try question.table(of: releases)
            guard let concept = try table.find(question.code) else {
                throw ExchangeError(.notFound, "the code does not exist in \(table.label.title) \(table.label.version)", at: "code")
            }
            return (concept, table.label)
        }
        var parameters = Parameters([
            .init("name", "valueString", .string(label.title)), .init("version", "valueString", .string(label.version)),
            .init("display", "valueString", .string(concept.display)),
        ])
        parameters.parameters += concept.displays.dropFirst().map {
            .init(name: "designation", parts: [.init("value", "valueString", .string($0))])
        }
        func property(_ code: String, _ name: String, _ value: JSONValue) {
            parameters.parameters.append(
                .init(name: "property", parts: [.init("code", "valueCode", .string(code)), .init("value", name, value)]))
        }
        property("inactive", "valueBoolean", .bool(!concept.isActive))
        property("notSelectable", "valueBoolean", .bool(!concept.isSelectable))
        if let from = concept.from { property("effectiveFrom", "valueDateTime", .string(from.description)) }
        if let until = concept.until { property("effectiveUntil", "valueDateTime", .string(until.description)) }
        return Answer(.ok, resource: parameters.json)
    }

    /// `ValueSet/$expand` of the implicit value set that is all of a code system, a page at a time.
    func expandValueSet(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let (question, releases) = try await terminologyQuestion(&exchanged)
        let (found, label) = try exchanged.reading { () throws(ExchangeError) in
            let table = try question.table(of: releases)
            let found = try table.search(
                question.filter, offset: question.offset, limit: question.count, onlyActive: question.isActiveOnly)
            return (found, table.label)
        }
        let contains = found.concepts.map { concept -> JSONValue in
            var row: JSONObject = ["system": .string(label.system)]
            if !concept.isSelectable { row["abstract"] = true }
            if !concept.isActive { row["inactive"] = true }
            row["version"] = .string(label.version)
            row["code"] = .string(concept.code)
            row["display"] = .string(concept.display)
            return .object(row)
        }
        var expansion: JSONObject = [
            "timestamp": .string(exchange.world.now().description), "total": .number(String(found.total)),
            "offset": .number(String(question.offset)),
            "parameter": [["name": "version", "valueUri": .string(label.system + "|" + label.version)]],
        ]
        if !contains.isEmpty { expansion["contains"] = .array(contains) }
        return Answer(
            .ok,
            resource: [
                "resourceType": "ValueSet", "url": .string(label.system + "?fhir_vs"), "status": "active",
                "compose": ["include": [["system": .string(label.system), "version": .string(label.version)]]],
                "expansion": .object(expansion),
            ])
    }

    private func terminologyQuestion(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal)
        -> (TerminologyQuestion, TerminologyReleases)
    {
        try exchanged.demand(Permissions.lookUp)
        guard let operation = exchanged.route?.operation else { throw .unknownRoute }
        let question: TerminologyQuestion
        if exchanged.request.method == .post {
            let resource = try await exchanged.resource(bodies, limits: exchange.settings.limits)
            question = try exchanged.reading { () throws(ExchangeError) in try TerminologyQuestion(resource, operation) }
        } else {
            try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
            let fields = try exchanged.fields()
            question = try exchanged.reading { () throws(ExchangeError) in try TerminologyQuestion(fields, operation) }
        }
        let releases = try exchanged.reading { () throws(ExchangeError) in try exchange.terminology.releases() }
        return (question, releases)
    }
}
