import ExchangeCore
import JSON

/// The way to a repository of audit events (ITI-20 Record Audit Event, RESTful feed).
package protocol AuditRepositoryClient: Sendable {
    /// Sends one event; the status of the answer. Throws `.unavailable` or `.timeout` when there is none.
    func record(_ event: [UInt8]) async throws(ExchangeError) -> Int
}

extension OutboxVerdict {
    /// By the status of an HTTP answer. Who we are, where we ask and how often can be mended; what was sent cannot.
    package init(status: Int) {
        switch status {
        case 200..<300: self = .taken
        case 400, 409, 410, 412, 413, 415, 422: self = .refused("the receiver answers \(status)")
        default: self = .later("the receiver answers \(status)")
        }
    }
}

extension JSONObject {
    /// An audit event as it is sent to a repository: with a tag that is the same each time it is sent, by which one that
    /// arrives twice is known.
    func fed(from origin: String) -> JSONObject {
        var event = self
        var meta = event["meta"]?.object ?? [:]
        let mark: JSONValue = [
            "system": "urn:concordat:journal-entry", "code": .string("\(origin)/\(event["id"]?.string ?? "")"),
        ]
        meta["tag"] = .array((meta["tag"]?.items ?? []) + [mark])
        event["meta"] = .object(meta)
        return event
    }
}
