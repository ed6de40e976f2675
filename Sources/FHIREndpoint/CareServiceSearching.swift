import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import Transactions
import XDSMetadata

extension FHIRService {
    /// ITI-90 read of one resource of the directory; 410 for one that was there once.
    func readCareService(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        try exchanged.demand(Permissions.lookUp)
        let type = try careServiceType(exchanged)
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        guard let id = exchanged.id, let found = exchange.findCareServices().first(where: { $0.type == type && $0.id == id })
        else { throw .exchange(ExchangeError(.notFound, "the directory has no such \(type.rawValue)")) }
        guard let resource = found.resource else {
            throw .exchange(ExchangeError(.gone, "the directory has no such \(type.rawValue) any more"))
        }
        var answer = Answer(.ok, resource: resource)
        answer.headers[.eTag] = "W/\"\(found.version)\""
        answer.headers[.lastModified] = HTTPDate().text(found.updated)
        return answer
    }

    /// ITI-90 search by GET or by a form.
    func searchCareServices(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        try exchanged.demand(Permissions.lookUp)
        let type = try careServiceType(exchanged)
        let fields = try await searchFields(&exchanged)
        let search = try exchanged.reading { () throws(ExchangeError) in
            try CareServiceSearch(type, fields, isStrict: Negotiation.isStrict(exchanged.request.headers), asked: exchange.world.now())
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.format)
        let all = exchange.findCareServices()
        let matches = all.filter(search.matches)
        let (shown, next) = page(of: matches, search.cursor, search.count) { $0.id }
        var entries = shown.compactMap { entry(of: $0, .match) }
        entries += search.included(with: shown, of: all).compactMap { entry(of: $0, .include) }
        if !search.ignored.isEmpty {
            let outcome = OperationOutcome(search.ignored.map(CompletenessOutcome.leftOut))
            entries.append(BundleEntry(resource: outcome.json, search: .init(.outcome)))
        }
        var links = [Bundle.Link("self", search.link(base: base, page: search.cursor))]
        if let next { links.append(.init("next", search.link(base: base, page: next))) }
        return Answer(.ok, resource: Bundle.searchset(total: matches.count, links: links, entries: entries))
    }

    /// ITI-91: what has changed of one type, newest first; deletions are entries without a resource.
    func careServiceHistory(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        try exchanged.demand(Permissions.lookUp)
        let type = try careServiceType(exchanged)
        let fields = try exchanged.fields()
        let question = try exchanged.reading { () throws(ExchangeError) in try HistoryQuestion(fields, asked: exchange.world.now()) }
        try Negotiation.demandJSON(exchanged.request.headers, format: question.format)
        let history = exchange.careServiceHistory(type, since: question.since)
        let (shown, next) = page(of: history, question.cursor, question.count) { $0.id }
        let entries = shown.map { service in
            let response = BundleEntry.Response(
                status: service.resource == nil ? "204 No Content" : "200 OK", etag: "W/\"\(service.version)\"",
                lastModified: service.updated)
            return BundleEntry(
                fullUrl: "\(base)/\(service.reference)", resource: service.resource,
                request: .init(method: service.resource == nil ? "DELETE" : "PUT", url: service.reference),
                response: response)
        }
        var links = [Bundle.Link("self", question.link("\(base)/\(type.rawValue)/_history"))]
        if let next { links.append(.init("next", question.link("\(base)/\(type.rawValue)/_history", page: next))) }
        return Answer(
            .ok,
            resource: Bundle.bundle(
                type: "history", total: history.count, links: links, entries: entries,
                timestamp: exchange.world.now()))
    }

    private func careServiceType(_ exchanged: EdgeRequest) throws(EdgeRefusal) -> CareServiceType {
        guard let type = exchanged.route?.resourceType.flatMap({ CareServiceType(rawValue: $0) }) else {
            throw .unknownRoute
        }
        return type
    }

    private func entry(of service: CareService, _ mode: BundleEntry.Search.Mode) -> BundleEntry? {
        service.resource.map {
            BundleEntry(fullUrl: "\(base)/\(service.reference)", resource: $0, search: .init(mode))
        }
    }

    private func page<Item>(of items: [Item], _ cursor: ResourceCursor?, _ count: Int?, id: (Item) -> String)
        -> (shown: [Item], next: ResourceCursor?)
    {
        let start = cursor?.start(among: items.map(id)) ?? 0
        let size = min(count ?? Int.max, exchange.settings.limits.pageEntriesMax)
        let shown = items[start..<min(start + size, items.count)]
        guard size > 0, let last = shown.last, shown.endIndex < items.count else { return (Array(shown), nil) }
        return (Array(shown), ResourceCursor(index: shown.endIndex, after: id(last)))
    }
}

/// What a request for history asks.
struct HistoryQuestion {
    private(set) var since: Timestamp?
    private(set) var count: Int?
    private(set) var cursor: ResourceCursor?
    private(set) var format: String?
    private var understood: [RequestField] = []

    /// Reads `_since`, `_count`, `_format` and our own `_page`; anything else is refused, since an answer that leaves changes
    /// out would go unnoticed.
    init(_ fields: [RequestField], asked now: Timestamp) throws(ExchangeError) {
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            guard argument.modifier == nil else { throw argument.fault("has a modifier that is not supported") }
            switch argument.name {
            case "_since":
                guard let date = PartialDate(SearchText.unescaped(try argument.single())) else {
                    throw argument.fault("is no moment")
                }
                since = date.start
            case "_count":
                guard let number = Int(try argument.single()), number > 0 else { throw argument.fault("takes 1 or more") }
                count = number
            case "_page":
                guard let page = ResourceCursor(try argument.single()) else { throw argument.fault("is no page of ours") }
                cursor = page
            case "_format": format = SearchText.unescaped(try argument.single())
            case "_pretty": break
            default: throw argument.fault("is not known in a history")
            }
            if argument.name != "_page" { understood.append(field) }
        }
    }

    /// This question as a link, perhaps of another page.
    func link(_ address: String, page: ResourceCursor? = nil) -> String {
        DocumentSearch.link(address, understood + (page.map { [RequestField(name: "_page", value: $0.text)] } ?? []))
    }
}
