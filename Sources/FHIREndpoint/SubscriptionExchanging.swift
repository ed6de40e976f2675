import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import Transactions

/// What subscriptions are searched by (ITI-113).
enum SubscriptionSearch {
    private static let hl7 = "http://hl7.org/fhir/SearchParameter/"

    static let criteria: [(name: String, kind: SearchParameter.Kind, definition: String?)] = [
        ("_id", .token, hl7 + "Resource-id"), ("status", .token, hl7 + "Subscription-status"),
        ("url", .uri, hl7 + "Subscription-url"), ("criteria", .string, hl7 + "Subscription-criteria"),
    ]
}

extension FHIRService {
    /// ITI-110: `POST Subscription`; 201 once it is durable.
    func createSubscription(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let reading = BodyReading(limits: exchange.settings.limits, bytesMax: 1 << 16, uptime: exchange.world.uptime)
        let resource = try await exchanged.resource(reading, limits: exchange.settings.limits)
        guard resource.type == "Subscription" else {
            throw .exchange(ExchangeError(.badRequest, "send a Subscription (ITI-110)", at: "resourceType"))
        }
        let made = try await asking { () throws(ExchangeError) in
            try await exchange.createSubscription(resource.json, for: context)
        }
        var answer = Answer(.created, resource: made.json)
        answer.headers[.location] = "\(base)/Subscription/\(made.subscription.id)"
        return answer
    }

    /// `GET Subscription/[id]`: one's own.
    func readSubscription(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let id = exchanged.id.flatMap { SubscriptionID($0) } ?? DocumentSearch.zero(SubscriptionSubject.self)
        let found = try await asking { () throws(ExchangeError) in try await exchange.readSubscription(id, for: context) }
        return Answer(.ok, resource: found.json)
    }

    /// `DELETE Subscription/[id]`: 204, also the second time.
    func deleteSubscription(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let id = exchanged.id.flatMap { SubscriptionID($0) } ?? DocumentSearch.zero(SubscriptionSubject.self)
        try await asking { () throws(ExchangeError) in try await exchange.deleteSubscription(id, for: context) }
        return Answer(empty: .noContent)
    }

    /// ITI-113: one's own, all on one page.
    func searchSubscriptions(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        var wanted: [String: [String]] = [:]
        var ignored: [String] = []
        var format: String?
        for field in fields {
            let argument = try exchanged.reading { () throws(ExchangeError) in try SearchArgument(field, asked: exchange.world.now()) }
            switch argument.name {
            case "_id", "status", "url", "criteria": wanted[argument.name, default: []] += argument.texts()
            case "_format": format = field.value
            case "_count", "_pretty", "_total", "_summary": break
            default:
                guard !Negotiation.isStrict(exchanged.request.headers) else {
                    throw .exchange(ExchangeError(.badRequest, "a search parameter is not known here; see metadata"))
                }
                ignored.append(argument.name)
            }
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: format)
        let asked = wanted
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.findSubscriptions(for: context) { one in
                asked.allSatisfy { name, values in
                    let value =
                        name == "_id" ? one.json["id"]?.string
                        : name == "url" ? one.json["channel"]?["endpoint"]?.string : one.json[name]?.string
                    return value.map { value in values.contains { $0.utf8.elementsEqual(value.utf8) } } ?? false
                }
            }
        }
        var entries = found.map { one in
            BundleEntry(
                fullUrl: "\(base)/Subscription/\(one.subscription.id)", resource: one.json, search: .init(.match))
        }
        if !ignored.isEmpty {
            entries.append(
                BundleEntry(resource: OperationOutcome(ignored.map(CompletenessOutcome.leftOut)).json, search: .init(.outcome)))
        }
        let links = [Bundle.Link("self", DocumentSearch.link("\(base)/Subscription", fields))]
        return Answer(.ok, resource: Bundle.searchset(total: found.count, links: links, entries: entries))
    }
}
