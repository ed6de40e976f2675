import ExchangeCore
import GRDB
import Journal
import Synchronization

/// A load under way: entries that were applied and wait for a transaction, and rows that wait for their tables.
final class LoadUnderWay: Sendable {
    private struct State {
        var isOn = false
        var entries: [CommittedEntry] = []
        var rows = DeferredRows()
    }

    /// Entries of one transaction: enough that the pages they touch are touched by many.
    private static let entriesMax = 8_192

    private let state = Mutex(State())

    /// Whether one is under way.
    var isOn: Bool { state.withLock { $0.isOn } }

    /// Begins; false when it is under way already.
    func begin() -> Bool {
        state.withLock { state in
            defer { state.isOn = true }
            return !state.isOn
        }
    }

    /// Ends, and drops what waits.
    func end() { state.withLock { $0 = State() } }

    /// Takes entries of a load; those that are to be written now, nil when no load is under way.
    func take(_ entries: [CommittedEntry]) -> [CommittedEntry]? {
        state.withLock { state in
            guard state.isOn else { return nil }
            state.entries += entries
            guard state.entries.count >= Self.entriesMax else { return [] }
            defer { state.entries = [] }
            return state.entries
        }
    }

    /// Takes what still waits.
    func rest() -> [CommittedEntry] {
        state.withLock { state in
            defer { state.entries = [] }
            return state.entries
        }
    }

    /// Takes the rows that wait, to be given back.
    func takeRows() -> DeferredRows {
        state.withLock { state in
            defer { state.rows = DeferredRows() }
            return state.rows
        }
    }

    /// Gives back rows that still wait.
    func give(_ rows: DeferredRows) { state.withLock { $0.rows = rows } }
}

extension SQLiteProjection {
    /// Begins a load. Until it ends the tables say that they lack rows, so that one that is cut off is made anew at the next open.
    package func beginLoad() async throws(ExchangeError) {
        guard load.begin() else { return }
        try await write { try $0.run("UPDATE mark SET version = 0", []) }
        try await outside { try $0.execute(sql: "PRAGMA cache_size=-49152") }
    }

    /// Writes what waits of a load, but for rows that only finding needs.
    package func settleLoad() async throws(ExchangeError) {
        let entries = load.rest()
        if !entries.isEmpty { try await applyLoad(entries, settlesAll: false) }
    }

    /// Ends a load: everything is in the tables, and they say so.
    package func endLoad() async throws(ExchangeError) {
        guard load.isOn else { return }
        try await applyLoad(load.rest(), settlesAll: true)
        try await outside { try $0.execute(sql: "PRAGMA cache_size=-16384") }
        try await write { try $0.run("UPDATE mark SET version = ?", [.integer(Int64(ProjectionSchema.version))]) }
        load.end()
    }

    /// One transaction of a load.
    func applyLoad(_ entries: [CommittedEntry], settlesAll: Bool) async throws(ExchangeError) {
        let (base, secret, names, placeholders, load) = (base, secret, names, placeholders, load)
        try await write { database in
            let added = AddedToIndex()
            let deferred = DeferredBox(load.takeRows())
            let rows = ProjectionRows(base: base, secret: secret, added: added, deferred: deferred)
            for entry in entries { try rows.apply(entry, to: database) }
            try rows.settle(all: settlesAll, database)
            if let last = entries.last {
                try database.run(
                    "UPDATE mark SET next = ?, leaf = ?", [.integer(Int64(last.position + 1)), .bytes(last.leaf)])
            }
            load.give(deferred.rows)
            names.count(added.names)
            placeholders.learn(added.placeholders)
        }
    }

    /// Runs outside a transaction, on the connection that writes.
    private func outside(_ change: @Sendable @escaping (Database) throws -> Void) async throws(ExchangeError) {
        let writer = writer
        let outcome: Result<Void, any Error> = await withCheckedContinuation { done in
            writer.asyncWriteWithoutTransaction { database in done.resume(returning: Result { try change(database) }) }
        }
        if case .failure(let error) = outcome { throw damaged.heed(Self.failure(error, logger)) }
    }
}
