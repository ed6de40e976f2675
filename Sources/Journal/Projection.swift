import ExchangeCore

/// How far a projection is: kept by it in the same transaction as its rows.
package struct AppliedMark: Sendable, Equatable {
    /// The origin of the log it was made from.
    package let origin: String
    /// How many entries it has applied, which is the position of the next one.
    package let next: JournalPosition
    /// The leaf hash of the last entry applied, 32 bytes; empty when none was.
    package let leaf: [UInt8]

    /// A mark from its parts.
    package init(origin: String, next: JournalPosition, leaf: [UInt8]) {
        self.origin = origin
        self.next = next
        self.leaf = leaf
    }
}

/// Tables made from the journal: they may be lost, and they are never the truth (security.md L3).
///
/// The calls come one at a time, in the journal's order, and only with entries that are durable. They may run inside a
/// cancelled task (the one whose request leads a group) and must not heed the cancellation.
package protocol Projection: Sendable {
    /// How far it is; nil when it was never begun. Throws `.corrupted` when its file is damaged: reset it then.
    func applied() async throws(ExchangeError) -> AppliedMark?

    /// The entries made easier to apply (decoded, say), called while others are being applied; the same entries in the same
    /// order. What cannot be decoded is left as it is: `apply` says what is wrong with it.
    func prepare(_ entries: [CommittedEntry]) -> [CommittedEntry]

    /// Applies the entries, and the mark behind the last of them, in one transaction.
    func apply(_ entries: [CommittedEntry]) async throws(ExchangeError)

    /// Begins a load: many entries that nobody asks about meanwhile. Until it ends, what was applied may not show yet, and
    /// tables of a load that is cut off count as foreign: they are made anew at the next open.
    func beginLoad() async throws(ExchangeError)

    /// Makes records that were loaded so far readable by their ids.
    func settleLoad() async throws(ExchangeError)

    /// Ends a load: everything that was applied shows.
    func endLoad() async throws(ExchangeError)

    /// Empties it and begins again for that log, at position 0.
    func reset(origin: String) async throws(ExchangeError)
}

extension Projection {
    /// Nothing to prepare.
    package func prepare(_ entries: [CommittedEntry]) -> [CommittedEntry] { entries }
    /// Nothing waits where nothing is written in pages.
    package func beginLoad() async throws(ExchangeError) {}
    /// Nothing waits.
    package func settleLoad() async throws(ExchangeError) {}
    /// Nothing waits.
    package func endLoad() async throws(ExchangeError) {}
}
