import ExchangeCore
import Journal

/// Where an outbox's place is kept, durably.
package protocol OutboxStore: Sendable {
    /// The place kept last; nil before the first. Throws `.corrupted` when it cannot be read.
    func place() async throws(ExchangeError) -> OutboxPlace?

    /// Keeps a place; durable when it returns.
    func keep(_ place: OutboxPlace) async throws(ExchangeError)
}

/// How far an outbox has come: everything before it was taken by the receiver, withheld, refused for good or given up.
package struct OutboxPlace: Sendable, Hashable {
    /// The log whose entries are sent.
    package let origin: String
    /// The next entry.
    package var entry: JournalPosition
    /// Parcels that the receiver refused for good, or that were given up; they stay in the journal.
    package var refused: UInt64 = 0
    /// Parcels that the receiver took.
    package var delivered: UInt64 = 0
    /// What was not delivered, the oldest first: what an administrator may have sent again.
    package var undelivered: [UndeliveredParcel] = []

    /// The place at an entry of a log.
    package init(origin: String, entry: JournalPosition = 0) {
        self.origin = origin
        self.entry = entry
    }

    /// Undelivered parcels that are kept at the most; of more the oldest are counted alone.
    package static let undeliveredMax = 1000

    mutating func note(_ parcel: UndeliveredParcel) {
        refused += 1
        undelivered.append(parcel)
        if undelivered.count > Self.undeliveredMax { undelivered.removeFirst() }
    }
}

/// Something that a receiver refused for good, or that was given up: where in the journal it stands, nothing of its content.
package struct UndeliveredParcel: Sendable, Hashable {
    /// The entry it is of.
    package let entry: JournalPosition
    /// Which of the entry's parcels, from 0.
    package let part: Int
    /// When it was given up.
    package let time: Timestamp
    /// Why; no patient data.
    package let reason: String
    /// Whether an administrator has asked for it to be sent again.
    package var isAsked: Bool

    /// A parcel from its parts.
    package init(entry: JournalPosition, part: Int, time: Timestamp, reason: String, isAsked: Bool = false) {
        self.entry = entry
        self.part = part
        self.time = time
        self.reason = reason
        self.isAsked = isAsked
    }

    /// What people call it: entry and part.
    package var id: String { "\(entry).\(part)" }
}

/// How an outbox fares: for status, no patient in it.
package struct OutboxStatus: Sendable, Equatable {
    /// Whom it serves.
    package var receiver: String
    /// The place reached, durable or about to be.
    package var place: OutboxPlace
    /// Since when nothing gets through; nil while it does.
    package var failingSince: Timestamp?
    /// Why, in words.
    package var failure: String?
    /// When it is tried again.
    package var nextTry: Timestamp?
}
