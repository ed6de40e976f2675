import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import PatientIndex
import Transactions

extension FHIRService {
    /// Reads one Patient, as it is now or in one version; 404 for one that is not there, or that consent hides.
    func readPatient(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let found = try await versions(&exchanged)
        let wanted = exchanged.route?.operation == .readPatientVersion ? exchanged.query?.segments.last : nil
        let version = found.versions.first { wanted == nil || Self.versionID($0) == wanted }
        guard let version else {
            for ticket in found.tickets { ticket.end() }
            throw .exchange(ExchangeError(.notFound, "there is no such patient here"))
        }
        var answer = Answer(.ok, resource: Self.resource(version, found), tickets: found.tickets)
        answer.headers[.eTag] = "W/\"\(Self.versionID(version))\""
        answer.headers[.lastModified] = HTTPDate.format(version.updated)
        return answer
    }

    /// The versions of one Patient, newest first, all on one page.
    func patientHistory(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let found = try await versions(&exchanged)
        guard let id = found.versions.first?.record.id else {
            for ticket in found.tickets { ticket.end() }
            throw .exchange(ExchangeError(.notFound, "there is no such patient here"))
        }
        let entries = found.versions.map { version in
            BundleEntry(
                fullUrl: "\(base)/Patient/\(id)", resource: Self.resource(version, found),
                request: .init(method: "PUT", url: "Patient/\(id)"),
                response: .init(
                    status: version.number == 1 ? "201" : "200", etag: "W/\"\(Self.versionID(version))\"",
                    lastModified: version.updated))
        }
        let bundle = Bundle.bundle(
            type: "history", total: entries.count, links: [.init("self", "\(base)/Patient/\(id)/_history")], entries: entries)
        return Answer(.ok, resource: bundle, tickets: found.tickets)
    }

    private func versions(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> FoundVersions {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let id = exchanged.id.flatMap { PatientID($0) } ?? DocumentSearch.unknownPatient
        return try await asking { () throws(ExchangeError) in try await exchange.patientVersions(of: id, for: context) }
    }

    /// The number of a version; a record that another took the place of has one more, as long as that holds.
    private static func versionID(_ version: PatientVersion) -> String {
        version.record.survivor == nil ? "\(version.number)" : "\(version.number)-replaced"
    }

    private static func resource(_ version: PatientVersion, _ found: FoundVersions) -> JSONObject {
        let isNewest = version == found.versions.first
        var patient = PatientMapping.linked(version.record, to: isNewest ? found.links : [])
        patient["meta"] = [
            "versionId": .string(versionID(version)), "lastUpdated": .string(version.updated.description),
        ]
        return patient
    }

    /// ITI-78 by GET or by a form: by identifier or id, and for the facility's own by demographics.
    func searchPatients(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        let search = try exchanged.reading { () throws(ExchangeError) in
            try PatientSearch(fields, isStrict: Negotiation.isStrict(exchanged.request.headers), isOwn: door == .client, asked: exchange.world.now())
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.format)
        let size = search.isCountOnly ? 0 : search.count ?? exchange.settings.limits.patientsPerSearchMax
        let found = try await asking { () throws(ExchangeError) in
            switch search.subject {
            case .identifier(let identifier): try await exchange.findPatients(identifier: identifier, for: context)
            case .id(let id): try await exchange.findPatient(id, for: context)
            case .criteria(let criteria):
                try await exchange.searchPatients(criteria, after: search.after, count: size, for: context)
            }
        }
        var links = [Bundle.Link("self", search.link(base: base, after: search.after))]
        let isFull = found.matches.count == min(size, exchange.settings.limits.patientsPerSearchMax)
        if isFull, let last = found.matches.last, found.matches.count < found.total ?? 0 {
            links.append(.init("next", search.link(base: base, after: last.record.id)))
        }
        return bundle(
            found, links: links, count: size, outcome: outcome(search.ignored.map(CompletenessOutcome.leftOut))
        ) { _ in .init(.match) }
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
        let isSteward = IdentityAuthority.isSteward(context)
        return bundle(found, links: [], count: nil, outcome: outcome(Self.ambiguity(found))) { match in
            .init(
                .match, score: match.score, grade: match.grade.rawValue,
                extensions: isSteward
                    ? [MatchExplanation.json(match, profile: MatchPolicy.remote.name)] : [])
        }
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
        _ found: FoundPatients, links: [Bundle.Link], count: Int?, outcome: OperationOutcome?,
        why: (MatchResult) -> BundleEntry.Search,
    ) -> Answer {
        let shown = count.map { found.matches.prefix($0) } ?? found.matches[...]
        var entries = shown.map { match in
            BundleEntry(
                fullUrl: "\(base)/Patient/\(match.record.id)",
                resource: PatientMapping.linked(match.record), search: why(match))
        }
        if let outcome { entries.append(BundleEntry(resource: outcome.json, search: .init(.outcome))) }
        return Answer(
            .ok, resource: Bundle.searchset(total: found.total ?? found.matches.count, links: links, entries: entries),
            tickets: found.tickets)
    }
}
