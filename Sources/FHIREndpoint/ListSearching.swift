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
    /// ITI-66 Find Document Lists, by GET or by a form: across communities for clients, at this node for peers.
    func searchLists(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        let search = try exchanged.reading { () throws(ExchangeError) in
            try ListSearch(fields, isStrict: Negotiation.isStrict(exchanged.request.headers), asked: exchange.world.now())
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.frame.format)
        try demandKnown(search.communities)
        let patient = try await patient(given: search.patientIdentifier, search.patient)
        let found = try await asking { () throws(ExchangeError) in
            switch door {
            case .client:
                try await exchange.locateLists(
                    of: patient, matching: search.query, withDocuments: search.includesItems, search.locating, for: context)
            case .peer, .administration:
                try await exchange.findLists(of: patient, matching: search.query, for: context)
            }
        }
        return Answer(.ok, resource: page(of: found, search), tickets: found.ticket.map { [$0] } ?? [])
    }

    /// ITI-66 by id: `GET List/[id]`.
    func readList(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let subset = try subset(of: exchanged)
        let id = exchanged.id ?? ""
        let found = try await asking { () throws(ExchangeError) in try await exchange.readList(id, for: context) }
        let etag = found.list.versionTag
        var answer: Answer
        if let condition = exchanged.request.headers[.ifNoneMatch], EntityTag.isNamed(etag, by: condition) {
            answer = Answer(empty: .notModified, tickets: [found.ticket])
        } else {
            answer = Answer(.ok, resource: subset.apply(to: found.list.resource), tickets: [found.ticket])
        }
        answer.headers[.eTag] = etag
        return answer
    }

    /// `_summary` and `_elements` of a read.
    func subset(of exchanged: EdgeRequest) throws(EdgeRefusal) -> ResourceSubset {
        let fields = try exchanged.fields()
        return try exchanged.reading { () throws(ExchangeError) in
            if let field = fields.first(where: { $0.name == "_elements" }) { return try SearchArgument(field, asked: exchange.world.now()).elements() }
            if let field = fields.first(where: { $0.name == "_summary" }) { return try SearchArgument(field, asked: exchange.world.now()).summary() }
            return .whole
        }
    }

    private func page(of found: FoundLists, _ search: ListSearch) -> JSONObject {
        let rows = search.isAscending ? Array(found.rows.reversed()) : found.rows
        let sizeMax = exchange.settings.limits.pageEntriesMax
        let (shown, next) = SearchFrame<ListCursor>.page(
            of: rows, from: search.frame.cursor?.place, size: search.isCountOnly ? 0 : min(search.frame.count ?? sizeMax, sizeMax)
        ) { $0.id }
        var entries = shown.map { row in
            BundleEntry(
                fullUrl: "\(base)/List/\(row.id)", resource: search.subset.apply(to: row.resource), search: .init(.match))
        }
        if search.includesItems {
            var seen: Set<DocumentID> = []
            for document in shown.flatMap(\.documents) where seen.insert(document.id).inserted {
                guard let resource = (try? JSONReader.read(document.reference))?.object else { continue }
                entries.append(
                    BundleEntry(
                        fullUrl: "\(base)/DocumentReference/\(document.id)", resource: search.subset.apply(to: resource),
                        search: .init(.include)))
            }
        }
        if let outcome = outcome(of: found.receipt, leftOut: search.frame.ignored) {
            entries.append(BundleEntry(resource: outcome.json, search: .init(.outcome)))
        }
        var links = [Bundle.Link("self", search.link(base: base, page: search.frame.cursor))]
        if let next {
            let cursor = ListCursor(place: next, search: found.search.map { .init($0.token, seen: $0.seen) })
            links.append(.init("next", search.link(base: base, page: cursor)))
        }
        if let going = found.search, !going.isOver {
            let cursor = ListCursor(place: nil, search: .init(going.token, seen: going.seen))
            links.append(.init("monitor", search.link(base: base, page: cursor)))
        }
        return Bundle.searchset(total: rows.count, links: links, entries: entries)
    }
}
