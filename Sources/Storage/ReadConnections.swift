import ExchangeCore
import GRDB
import Synchronization

/// Connections that only read, each used by one caller at a time, on the caller's own thread.
///
/// A question finds its pages in memory and takes some tens of microseconds; carrying it to another thread and back, as
/// `DatabasePool.read` does, cost several times that (`hie-bench find`). There are never more than threads that ask.
final class ReadConnections: Sendable {
    private let path: String
    private let configuration: Configuration
    /// Nil once closed.
    private let idle = Mutex<[DatabaseQueue]?>([])

    /// Connections to a database that a writer has made and keeps open.
    init(path: String, configuration: Configuration) {
        var configuration = configuration
        configuration.readonly = true
        self.path = path
        self.configuration = configuration
    }

    /// Answers a question from one snapshot, which holds everything committed before.
    func read<Value>(_ question: (Database) throws -> Value) throws -> Value {
        let connection = try take()
        defer { give(connection) }
        return try connection.unsafeRead { database in
            try database.cachedStatement(sql: "BEGIN DEFERRED TRANSACTION").execute()
            let value: Value
            do {
                value = try question(database)
            } catch {
                try? database.rollback()
                throw error
            }
            try database.cachedStatement(sql: "COMMIT TRANSACTION").execute()
            return value
        }
    }

    /// Closes every connection; one that is in use is closed when it is given back.
    func close() throws {
        let connections = idle.withLock { idle in
            defer { idle = nil }
            return idle ?? []
        }
        for connection in connections { try connection.close() }
    }

    private func take() throws -> DatabaseQueue {
        let kept = try idle.withLock { idle in
            guard idle != nil else { throw ExchangeError(.unavailable, "the projection is closed") }
            return idle?.popLast()
        }
        return try kept ?? DatabaseQueue(path: path, configuration: configuration)
    }

    private func give(_ connection: DatabaseQueue) {
        let isClosed = idle.withLock { idle in
            idle?.append(connection)
            return idle == nil
        }
        if isClosed { try? connection.close() }
    }
}
