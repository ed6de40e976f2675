import ExchangeCore
import Journal

/// One thing to be sent, as an entry of the journal gives rise to it.
package struct Parcel<Content: Sendable>: Sendable {
    /// The entry.
    package let entry: JournalPosition
    /// Which of the entry's parcels, from 0.
    package let part: Int
    /// When the entry was written: a parcel is given up by its age.
    package let recorded: Timestamp
    /// What is sent.
    package let content: Content

    /// A parcel from its parts.
    package init(entry: JournalPosition, part: Int, recorded: Timestamp, content: Content) {
        self.entry = entry
        self.part = part
        self.recorded = recorded
        self.content = content
    }
}

/// What a receiver made of a parcel.
package enum OutboxVerdict: Sendable, Equatable {
    /// It has it.
    case taken
    /// Nothing was sent, and nothing is to be: consent forbids it, or it is here no more.
    case withheld
    /// It will never take it; why.
    case refused(String)
    /// It may take it later; why not now. It is sent again, and nothing overtakes it.
    case later(String)
}

/// What one outbox sends of the journal, and how.
package protocol OutboxCourier: Sendable {
    /// What a parcel holds.
    associatedtype Content: Sendable

    /// Whom it serves, for status and log; no patient in it.
    var receiver: String { get }

    /// What up to `limit` entries from a position on give to be sent, in order, and the entry behind them.
    ///
    /// Throws `.gone` when the receiver wants nothing more.
    func parcels(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> (
        parcels: [Parcel<Content>], next: JournalPosition
    )

    /// Sends one, which is the receiver's parcel of that number, from 1; the same number again when it is sent again.
    func send(_ parcel: Parcel<Content>, number: UInt64) async -> OutboxVerdict
}
