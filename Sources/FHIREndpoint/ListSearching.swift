import ConsentEngine
import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import PatientIndex
import Transactions

extension FHIRService {
    /// ITI-66 Find Document Lists, by GET or by a form: the submission sets and folders of this node.
    func searchLists(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        let search = try exchanged.reading { () throws(ExchangeError) in
            try ListSearch(fields, isStrict: Negotiation.isStrict(exchanged.request.headers))
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.format)
        // Lists stay where they were made: of another community none can be had here, and that is said (MHD 4.2.4).
        guard search.communities?.isSubset(of: [exchange.settings.community]) ?? true else {
            throw .exchange(
                ExchangeError(
                    .notFound, "XDSUnknownCommunity: lists are asked for at their own community; this node has its own alone",
                    at: "targetCommunityIdList"))
        }
        let patient = try await patient(given: search.patientIdentifier, search.patient)
        let query = search.query
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.findLists(of: patient, matching: query, for: context)
        }
        return Answer(.ok, resource: page(of: found.rows, search), tickets: found.ticket.map { [$0] } ?? [])
    }

    /// ITI-66 by id: `GET List/[id]`.
    func readList(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let subset = try subset(of: exchanged)
        let id = exchanged.id ?? ""
        let found = try await asking { () throws(ExchangeError) in try await exchange.readList(id, for: context) }
        return Answer(.ok, resource: subset.apply(to: found.list.resource), tickets: [found.ticket])
    }

    /// `_summary` and `_elements` of a read.
    func subset(of exchanged: EdgeRequest) throws(EdgeRefusal) -> ResourceSubset {
        let fields = try exchanged.fields()
        return try exchanged.reading { () throws(ExchangeError) in
            if let field = fields.first(where: { $0.name == "_elements" }) { return try SearchArgument(field).elements() }
            if let field = fields.first(where: { $0.name == "_summary" }) { return try SearchArgument(field).summary() }
            return .whole
        }
    }

    private func page(of rows: [FoundList], _ search: ListSearch) -> JSONObject {
        let rows = search.isAscending ? rows.reversed() : rows
        let start = search.cursor?.start(among: rows.map(\.id)) ?? 0
        let size = min(search.count ?? Int.max, exchange.settings.limits.pageEntriesMax)
        let shown = rows[start..<min(start + size, rows.count)]
        var entries = shown.map { row in
            BundleEntry(
                fullUrl: "\(base)/List/\(row.id)", resource: search.subset.apply(to: row.resource), search: .init(.match))
        }
        if search.includesItems {
            var seen: Set<DocumentID> = []
            for document in shown.flatMap(\.documents) where seen.insert(document.facts.id).inserted {
                guard let resource = (try? JSONReader.read(document.reference))?.object else { continue }
                entries.append(
                    BundleEntry(
                        fullUrl: "\(base)/DocumentReference/\(document.facts.id)", resource: search.subset.apply(to: resource),
                        search: .init(.include)))
            }
        }
        if let outcome = outcome(search.ignored.map(CompletenessOutcome.leftOut)) {
            entries.append(BundleEntry(resource: outcome.json, search: .init(.outcome)))
        }
        var links = [Bundle.Link("self", search.link(base: base, page: search.cursor))]
        if size > 0, let last = shown.last, shown.endIndex < rows.count {
            let cursor = ResourceCursor(index: shown.endIndex, after: last.id)
            links.append(.init("next", search.link(base: base, page: cursor)))
        }
        return Bundle.searchset(total: rows.count, links: links, entries: entries)
    }
}
