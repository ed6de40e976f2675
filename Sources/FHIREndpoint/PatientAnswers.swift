import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import PatientIndex
import Transactions

extension FHIRService {
    /// Reads one Patient; 404 for one that is not there, or that consent hides.
    func readPatient(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let id = exchanged.id.flatMap { PatientID($0) } ?? DocumentSearch.unknownPatient
        let found = try await asking { () throws(ExchangeError) in try await exchange.findPatient(id, for: context) }
        guard let match = found.matches.first else {
            for ticket in found.tickets { ticket.end() }
            throw .exchange(ExchangeError(.notFound, "there is no such patient here"))
        }
        var answer = Answer(.ok, resource: PatientMapping.resource(match.record), tickets: found.tickets)
        answer.headers[.eTag] = "W/\"1\""
        return answer
    }

    /// ITI-78 by identifier or id, by GET or by a form.
    func searchPatients(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        let search = try exchanged.reading { () throws(ExchangeError) in
            try PatientSearch(fields, isStrict: Negotiation.isStrict(exchanged.request.headers))
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.format)
        let found = try await asking { () throws(ExchangeError) in
            switch search.subject {
            case .identifier(let identifier): try await exchange.findPatients(identifier: identifier, for: context)
            case .id(let id): try await exchange.findPatient(id, for: context)
            }
        }
        return bundle(
            found, link: search.link(base: base), isGraded: false, count: search.count,
            outcome: outcome(search.ignored.map(CompletenessOutcome.leftOut)))
    }

    /// ITI-119 `$match`: Parameters, or a bare Patient.
    func matchPatients(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let resource = try await exchanged.resource(bodies, limits: exchange.settings.limits)
        let question = try exchanged.reading { () throws(ExchangeError) in
            try MatchQuestion(resource, countMax: exchange.settings.limits.patientsPerSearchMax)
        }
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.matchPatients(
                question.demographics, identifiers: question.identifiers, onlyCertain: question.onlyCertain,
                limit: question.count, for: context)
        }
        return bundle(found, link: nil, isGraded: true, count: nil, outcome: outcome(Self.ambiguity(found)))
    }

    /// Which attributes would tell several people apart, as FHIRPath and in words.
    private static func ambiguity(_ found: FoundPatients) -> [OperationOutcome.Issue] {
        guard found.isAmbiguous else { return [] }
        let help = found.needs.isEmpty ? "" : "; these would help: \(found.needs.joined(separator: ", "))"
        return [
            .init(
                .warning, "multiple-matches", details: "several people could be meant" + help,
                expression: found.needs.map { "Patient.\($0)" })
        ]
    }

    private func bundle(
        _ found: FoundPatients, link: String?, isGraded: Bool, count: Int?, outcome: OperationOutcome?,
    ) -> Answer {
        let shown = count.map { found.matches.prefix($0) } ?? found.matches[...]
        var entries = shown.map { match in
            BundleEntry(
                fullUrl: "\(base)/Patient/\(match.record.id)", resource: PatientMapping.resource(match.record),
                search: isGraded
                    ? .init(.match, score: match.score, grade: match.grade.rawValue) : .init(.match))
        }
        if let outcome { entries.append(BundleEntry(resource: outcome.json, search: .init(.outcome))) }
        let links = link.map { [Bundle.Link("self", $0)] } ?? []
        return Answer(
            .ok, resource: Bundle.searchset(total: found.matches.count, links: links, entries: entries),
            tickets: found.tickets)
    }
}

/// A `$match` as asked (PDQm, ITI-119).
struct MatchQuestion: Sendable {
    let demographics: Demographics
    let identifiers: [PatientIdentifier]
    let onlyCertain: Bool
    let count: Int

    /// Reads Parameters or a bare Patient; throws `badRequest` naming the element.
    init(_ resource: FHIRResource, countMax: Int) throws(ExchangeError) {
        var patient = resource.json
        var onlyCertain = false
        var count = countMax
        if let parameters = Parameters(json: resource.json) {
            guard let given = parameters.parameter(named: "resource")?.resource else {
                throw ExchangeError(.badRequest, "$match needs a Patient as the parameter resource", at: "Parameters.parameter")
            }
            patient = given
            if let value = parameters.parameter(named: "onlyCertainMatches")?.value {
                guard let flag = value.bool else {
                    throw ExchangeError(.badRequest, "onlyCertainMatches is a boolean", at: "Parameters.parameter")
                }
                onlyCertain = flag
            }
            if let value = parameters.parameter(named: "count")?.value {
                guard let number = value.integer, number > 0 else {
                    throw ExchangeError(.badRequest, "count is a positive integer", at: "Parameters.parameter")
                }
                count = min(number, countMax)
            }
        }
        guard patient["resourceType"]?.string == "Patient" else {
            throw ExchangeError(.badRequest, "$match compares with a Patient", at: "resourceType")
        }
        demographics = PatientMapping.demographics(patient)
        identifiers = PatientMapping.identifiers(patient)
        self.onlyCertain = onlyCertain
        self.count = count
        guard !identifiers.isEmpty || !demographics.names.isEmpty || demographics.birthDate != nil else {
            throw ExchangeError(.badRequest, "$match needs an identifier, a name or a birth date", at: "Patient")
        }
    }
}
