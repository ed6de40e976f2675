import ExchangeCore
import GRDB
import GRDBSQLite
import Synchronization

/// Carries the projection's write-ahead log into its database beside the writer, so that no group waits for that.
///
/// SQLite's own checkpoint runs within a commit: at 64 writers it held everybody up for 50 ms four times a second, a fifth
/// of the time (`hie-bench journal`). Here two rounds run while writing goes on; only the third, which has little left to
/// carry, holds the writer, so that the log can begin anew instead of growing.
final class WALCarrier: Sendable {
    private struct State {
        var pages = 0
        var isCarrying = false
        var isStopped = false
        /// Whether the last round failed: said once, until one works again.
        var hasFailed = false
    }

    private let pagesMax: Int
    private let told: @Sendable ((any Error)?) -> Void
    private let connection: DatabaseQueue
    private let state = Mutex(State())

    /// A connection of its own to a database that a writer has made and keeps open.
    ///
    /// - Parameters:
    ///   - pagesMax: pages after which the log is carried over: rarely, so that a page that many changes touch goes once.
    ///   - told: hears why rounds begin to fail, and nil once they work again; meanwhile the log grows.
    init(
        path: String, configuration: Configuration, pagesMax: Int = 4000, told: @escaping @Sendable ((any Error)?) -> Void,
    ) throws {
        self.pagesMax = pagesMax
        self.told = told
        connection = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Counts what the writer has just committed; on the writer's own queue.
    func follow(_ database: Database, of writer: DatabasePool) {
        var (pages, highest): (Int32, Int32) = (0, 0)
        sqlite3_db_status(database.sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 1)
        let isDue = state.withLock { state in
            state.pages += Int(pages)
            guard state.pages >= pagesMax, !state.isCarrying, !state.isStopped else { return false }
            state.isCarrying = true
            return true
        }
        if isDue { carry(beside: writer) }
    }

    private func carry(beside writer: DatabasePool) {
        connection.asyncWriteWithoutTransaction { database in
            for _ in 0..<2 { self.attempt { _ = try database.checkpoint(.passive) } }
            writer.asyncWriteWithoutTransaction { _ in
                self.attempt { try self.checkpoint(.passive) }
                self.state.withLock { ($0.pages, $0.isCarrying) = (0, false) }
            }
        }
    }

    /// What fails is tried again with the next pages.
    func attempt(_ round: () throws -> Void) {
        var failure: (any Error)?
        do { try round() } catch { failure = error }
        let isNews = state.withLock { state in
            defer { state.hasFailed = failure != nil }
            return state.hasFailed != (failure != nil) && !state.isStopped
        }
        if isNews { told(failure) }
    }

    /// A checkpoint that does not run into another; within the writer's queue. Throws once stopped.
    func checkpoint(_ kind: Database.CheckpointMode) throws {
        guard !state.withLock({ $0.isStopped }) else { throw ExchangeError(.unavailable, "the projection is closed") }
        _ = try connection.writeWithoutTransaction { try $0.checkpoint(kind) }
    }

    /// Begins nothing new, and waits for what runs: what that still has to do stands in the writer's queue afterwards, so the
    /// writer is closed next, and this connection last.
    func stop() {
        state.withLock { $0.isStopped = true }
        connection.writeWithoutTransaction { _ in }
    }

    /// Closes the connection.
    func close() throws { try connection.close() }
}
