import ExchangeCore
import JSON
import Journal

/// The way to a repository of audit events (ITI-20 Record Audit Event, RESTful feed).
package protocol AuditRepositoryClient: Sendable {
    /// Sends one event; the status of the answer. Throws `.unavailable` or `.timeout` when there is none.
    func record(_ event: [UInt8]) async throws(ExchangeError) -> Int
}

/// Where the feed's place is kept, durably.
package protocol AuditFeedStore: Sendable {
    /// The place kept last; nil before the first. Throws `.corrupted` when it cannot be read.
    func place() async throws(ExchangeError) -> AuditFeedPlace?

    /// Keeps a place; durable when it returns.
    func keep(_ place: AuditFeedPlace) async throws(ExchangeError)
}

/// How far a feed has come: everything before it was taken by the repository, or refused by it for good.
package struct AuditFeedPlace: Sendable, Hashable {
    /// The log whose entries are sent.
    package let origin: String
    /// The next entry.
    package var entry: JournalPosition = 0
    /// Events that the repository refused for good; they stay in the journal.
    package var refused: UInt64 = 0

    /// The start of a log.
    package init(origin: String) { self.origin = origin }

    /// A place as it was kept.
    package init(origin: String, entry: JournalPosition, refused: UInt64) {
        self.origin = origin
        self.entry = entry
        self.refused = refused
    }
}

/// What a repository's answer means for the event that was sent.
package enum AuditFeedVerdict: Sendable, Equatable {
    /// It is kept there.
    case taken
    /// It will never be taken: the event is passed over and counted.
    case refused
    /// It may be taken later: it is sent again, and nothing overtakes it.
    case later

    /// By the status of an answer. Who we are, where we ask and how often can be mended; what the event says cannot.
    package init(status: Int) {
        switch status {
        case 200..<300: self = .taken
        case 400, 409, 410, 412, 413, 415, 422: self = .refused
        default: self = .later
        }
    }
}

/// How the feed of audit events to a repository fares: for status, no patient in it.
package struct AuditFeedStatus: Sendable, Equatable {
    /// The repository's base URL.
    package var repository: String
    /// The place reached, durable or about to be.
    package var place: AuditFeedPlace
    /// Since when nothing gets through; nil while it does.
    package var failingSince: Timestamp?
    /// Why, in words.
    package var failure: String?
    /// When it is tried again.
    package var nextTry: Timestamp?
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
