import ExchangeCore
import JSON

/// FHIR R4 `Subscription` as IHE DSUBm profiles it (Subscriptions R5 Backport): a topic, a patient, a rest-hook.
package enum SubscriptionMapping {
    /// The one topic: a new DocumentReference of a patient who is named.
    package static let topic =
        "https://profiles.ihe.net/ITI/DSUBm/SubscriptionTopic/DSUBm-SubscriptionTopic-DocumentReference-PatientDependent"
    private static let backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
    private static let reasonBytesMax = 1000
    private static let typesMax = 50

    /// What a request asks for, before anybody is looked up.
    package struct Request: Sendable {
        /// The patient by id; nil when by identifier.
        package let patient: PatientID?
        /// The patient by identifier.
        package let identifier: PatientIdentifier?
        let endpoint: String
        let content: DocumentSubscription.Content
        let authorization: String?
        let types: [String]
        let end: Timestamp?
        let reason: String
    }

    /// Reads a Subscription that is to be made; throws `.badRequest` for what this node does not do, saying what it does.
    package static func request(_ json: JSONObject) throws(ExchangeError) -> Request {
        guard json["status"]?.string == "requested" || json["status"]?.string == "active" else {
            throw refusal("status", "a new subscription is requested")
        }
        guard json["criteria"]?.string == topic else { throw refusal("criteria", "the topic served is \(topic)") }
        let channel = json["channel"]
        guard channel?["type"]?.string == "rest-hook" else { throw refusal("channel.type", "the channel is rest-hook") }
        guard let endpoint = channel?["endpoint"]?.string else { throw refusal("channel.endpoint", "an endpoint is needed") }
        guard [nil, "application/fhir+json"].contains(channel?["payload"]?.string) else {
            throw refusal("channel.payload", "notifications are application/fhir+json")
        }
        let reason = json["reason"]?.string ?? ""
        guard (1...reasonBytesMax).contains(reason.utf8.count) else {
            throw refusal("reason", "say why in 1 to \(reasonBytesMax) bytes")
        }
        var end: Timestamp?
        if let text = json["end"]?.string {
            guard let date = PartialDate(text), date.precision == .time else { throw refusal("end", "must be an instant") }
            end = date.start
        }
        let filter = try filter(json["_criteria"])
        return Request(
            patient: filter.patient, identifier: filter.identifier, endpoint: endpoint, content: try content(channel),
            authorization: try authorization(channel?["header"]), types: filter.types, end: end, reason: reason)
    }

    private static func content(_ channel: JSONValue?) throws(ExchangeError) -> DocumentSubscription.Content {
        let asked = (channel?["_payload"]?["extension"]?.items ?? []).first { $0["url"]?.string == backport + "backport-payload-content" }
        guard let code = asked?["valueCode"]?.string else { return channel?["payload"] == nil ? .empty : .idOnly }
        guard let content = DocumentSubscription.Content(rawValue: code) else {
            throw refusal("channel.payload", "a notification says empty, id-only or full-resource")
        }
        return content
    }

    private static func authorization(_ headers: JSONValue?) throws(ExchangeError) -> String? {
        let headers = headers?.items ?? []
        guard let first = headers.first?.string else { return nil }
        let prefix = "Authorization: "
        let value = first.dropFirst(prefix.count)
        guard headers.count == 1, first.hasPrefix(prefix), (1...4096).contains(value.utf8.count),
            value.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw refusal("channel.header", "the one header that may be given is Authorization: ...") }
        return String(value)
    }

    /// `DocumentReference?patient=Patient/ID`, `patient.identifier=system|value`, and `type=code`: each at most once.
    private static func filter(_ criteria: JSONValue?) throws(ExchangeError)
        -> (patient: PatientID?, identifier: PatientIdentifier?, types: [String])
    {
        let filters = (criteria?["extension"]?.items ?? []).filter { $0["url"]?.string == backport + "backport-filter-criteria" }
        let wrong = refusal("criteria.extension", "one filter: DocumentReference?patient=Patient/ID, or patient.identifier=system|value")
        guard filters.count == 1, let text = filters[0]["valueString"]?.string, text.hasPrefix("DocumentReference?") else { throw wrong }
        var patient: PatientID?
        var identifier: PatientIdentifier?
        var types: [String] = []
        var seen: Set<String> = []
        for field in text.dropFirst("DocumentReference?".count).split(separator: "&", omittingEmptySubsequences: false) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, seen.insert(parts[0]).inserted else { throw wrong }
            switch parts[0] {
            case "patient":
                patient = PatientID(parts[1].hasPrefix("Patient/") ? String(parts[1].dropFirst("Patient/".count)) : parts[1])
                guard patient != nil else { throw wrong }
            case "patient.identifier":
                let token = parts[1].split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                identifier = token.count == 2 ? PatientIdentifier(system: token[0], value: token[1]) : nil
                guard identifier != nil else { throw wrong }
            case "type":
                types = parts[1].split(separator: ",").map { String($0.split(separator: "|").last ?? "") }.filter { !$0.isEmpty }
                guard !types.isEmpty, types.count <= typesMax else { throw wrong }
            default: throw wrong
            }
        }
        guard (patient == nil) != (identifier == nil) else { throw wrong }
        return (patient, identifier, types)
    }

    private static func refusal(_ element: String, _ words: String) -> ExchangeError {
        ExchangeError(.badRequest, words, at: "Subscription.\(element)")
    }

    /// The FHIR form of a subscription: its `Authorization` header is told to nobody.
    package static func json(_ subscription: DocumentSubscription, status: String, error: String? = nil) -> JSONObject {
        var filter = "DocumentReference?patient=Patient/\(subscription.patient)"
        if !subscription.types.isEmpty { filter += "&type=" + subscription.types.joined(separator: ",") }
        var object: JSONObject = [
            "resourceType": "Subscription", "id": .string(subscription.id.description),
            "meta": [
                "profile": [
                    "https://profiles.ihe.net/ITI/DSUBm/StructureDefinition/DSUBm-DocumentReference-PatientDependent-Subscription",
                ],
            ],
            "status": .string(status),
        ]
        object["end"] = subscription.end.map { .string($0.description) }
        object["reason"] = .string(subscription.reason)
        object["criteria"] = .string(topic)
        object["_criteria"] = [
            "extension": [["url": .string(backport + "backport-filter-criteria"), "valueString": .string(filter)]],
        ]
        object["error"] = error.map { .string($0) }
        object["channel"] = [
            "type": "rest-hook", "endpoint": .string(subscription.endpoint), "payload": "application/fhir+json",
            "_payload": [
                "extension": [
                    ["url": .string(backport + "backport-payload-content"), "valueCode": .string(subscription.content.rawValue)],
                ],
            ],
        ]
        return object
    }

    /// What is told of a document.
    struct Event {
        let document: DocumentID
        let time: Timestamp
        /// The DocumentReference as it was decided that the subscriber may read it.
        let resource: JSONValue
    }

    /// ITI-112 Resource Notify: the status, and what is new as far as the subscription wants it; without an event the handshake.
    static func notification(
        of subscription: DocumentSubscription, _ event: Event?, number: UInt64, base: String,
    ) -> JSONObject {
        let url = "\(base)/Subscription/\(subscription.id)"
        var parameters: [JSONValue] = [
            ["name": "subscription", "valueReference": ["reference": .string(url)]],
            ["name": "topic", "valueCanonical": .string(topic)],
            ["name": "status", "valueCode": event == nil ? "requested" : "active"],
            ["name": "type", "valueCode": event == nil ? "handshake" : "event-notification"],
            ["name": "events-since-subscription-start", "valueString": .string(String(number))],
        ]
        var entries: [JSONValue] = []
        if let event {
            var parts: [JSONValue] = [
                ["name": "event-number", "valueString": .string(String(number))],
                ["name": "timestamp", "valueInstant": .string(event.time.description)],
            ]
            if subscription.content != .empty {
                let reference = "\(base)/DocumentReference/\(event.document)"
                parts.append(["name": "focus", "valueReference": ["reference": .string(reference)]])
                var entry: JSONObject = ["fullUrl": .string(reference)]
                if subscription.content == .fullResource { entry["resource"] = event.resource }
                entry["request"] = ["method": "POST", "url": "DocumentReference"]
                entry["response"] = ["status": "201"]
                entries.append(.object(entry))
            }
            parameters.append(["name": "notification-event", "part": .array(parts)])
        }
        let status: JSONValue = [
            "resourceType": "Parameters",
            "meta": ["profile": [.string(backport + "backport-subscription-status-r4")]], "parameter": .array(parameters),
        ]
        let first: JSONValue = [
            "fullUrl": .string("urn:uuid:\(subscription.id)"), "resource": status,
            "request": ["method": "GET", "url": .string(url + "/$status")], "response": ["status": "200"],
        ]
        return [
            "resourceType": "Bundle",
            "meta": ["profile": [.string(backport + "backport-subscription-notification-r4")]], "type": "history",
            "entry": .array([first] + entries),
        ]
    }
}
