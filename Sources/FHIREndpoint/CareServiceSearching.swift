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
        try Negotiation.demandJSON(exchanged.request.headers, format: search.frame.format)
        let all = exchange.findCareServices()
        let matches = all.filter(search.matches)
        let (shown, next) = search.frame.page(of: matches, sizeMax: exchange.settings.limits.pageEntriesMax) { $0.id }
        var entries = shown.compactMap { entry(of: $0, .match) }
        entries += search.included(with: Array(shown), of: all).compactMap { entry(of: $0, .include) }
        if !search.frame.ignored.isEmpty {
            let outcome = OperationOutcome(search.frame.ignored.map(CompletenessOutcome.leftOut))
            entries.append(BundleEntry(resource: outcome.json, search: .init(.outcome)))
        }
        var links = [Bundle.Link("self", search.link(base: base, page: search.frame.cursor))]
        if let next { links.append(.init("next", search.link(base: base, page: next))) }
        return Answer(.ok, resource: Bundle.searchset(total: matches.count, links: links, entries: entries))
    }

    /// ITI-91: what has changed of one type, newest first; deletions are entries without a resource.
    func careServiceHistory(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        try exchanged.demand(Permissions.lookUp)
        let type = try careServiceType(exchanged)
        let fields = try exchanged.fields()
        let question = try exchanged.reading { () throws(ExchangeError) in try HistoryQuestion(fields, asked: exchange.world.now()) }
        try Negotiation.demandJSON(exchanged.request.headers, format: question.frame.format)
        let history = exchange.careServiceHistory(type, since: question.since)
        let (shown, next) = question.frame.page(of: history, sizeMax: exchange.settings.limits.pageEntriesMax) { $0.id }
        let entries = shown.map { service in
            let response = BundleEntry.Response(
                status: service.resource == nil ? "204 No Content" : "200 OK", etag: "W/\"\(service.version)\"",
                lastModified: service.updated)
            return BundleEntry(
                fullUrl: "\(base)/\(service.reference)", resource: service.resource,
                request: .init(method: service.resource == nil ? "DELETE" : "PUT", url: service.reference),
                response: response)
        }
        var links = [Bundle.Link("self", question.frame.link("\(base)/\(type.rawValue)/_history"))]
        if let next { links.append(.init("next", question.frame.link("\(base)/\(type.rawValue)/_history", page: next))) }
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
}

/// What a request for history asks.
struct HistoryQuestion {
    private(set) var since: Timestamp?
    private(set) var frame = SearchFrame<ResourceCursor>(countMin: 1)

    /// Reads `_since`, `_count`, `_format` and our own `_page`; anything else is refused, since an answer that leaves changes
    /// out would go unnoticed.
    init(_ fields: [RequestField], asked now: Timestamp) throws(ExchangeError) {
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            guard argument.modifier == nil else { throw argument.fault("has a modifier that is not supported") }
            let isMoment = argument.name == "_since"
            if isMoment {
                guard let date = PartialDate(SearchText.unescaped(try argument.single())) else {
                    throw argument.fault("is no moment")
                }
                since = date.start
            }
            guard isMoment || ["_count", "_page", "_format", "_pretty"].contains(argument.name) else {
                throw argument.fault("is not known in a history")
            }
            try frame.take(field, argument, isStrict: true, isAsked: isMoment)
        }
    }
}
