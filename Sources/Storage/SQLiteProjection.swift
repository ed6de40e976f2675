import Crypto
import ExchangeCore
import GRDB
import Journal
import Logging
import PatientIndex
import Transactions

/// The journal's projection in SQLite: tables for queries, rebuilt from the journal when lost.
///
/// WAL with `synchronous=NORMAL`: a power cut may take its last commits, never the journal's, and the mark that stands in
/// the same transaction as the rows tells how far it is (security.md L3). One process opens it, one connection writes.
package struct SQLiteProjection: Sendable {
    let writer: DatabasePool
    let damaged = ProjectionDamage()
    private let carrier: WALCarrier
    private let readers: ReadConnections
    /// Base URL that links in rendered references start with; another one makes the projection foreign.
    let base: String
    /// The community whose documents these are.
    let home: CommunityID
    /// Keys the hashes of blocking keys, so that the index tells nothing without the node's own secret.
    let secret: IndexSecret
    let names = NameCounts()
    let placeholders = KnownPlaceholders()
    let model = ModelInForce()
    let load = LoadUnderWay()
    let logger: Logger
    /// What was said by patients asked about lately.
    let consents = ConsentCache()

    /// Opens or makes the projection at a path; the caller holds the store's lock.
    ///
    /// Throws `.corrupted` when the file is not ours or damaged: delete it, it is rebuilt.
    package init(
        path: String, base: String, home: CommunityID, indexKey: SymmetricKey, logger: Logger,
    ) throws(ExchangeError) {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        // Small pages: a search reads and a registration writes some twenty that lie far apart, a few bytes in each (`hie-bench
        // match`, `ingest`). Not mapped: a disk that fails under a mapped page ends the process, under a read page the request.
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA page_size=4096; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF; PRAGMA secure_delete=ON;
                    PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;
                    PRAGMA wal_autocheckpoint=0
                    """)
        }
        do {
            writer = try DatabasePool(path: path, configuration: configuration)
            try writer.writeWithoutTransaction { database in
                try ProjectionSchema.make(database)
                // Rows are missing from it; thrown away it is made anew sooner than emptied.
                guard try database.one("SELECT 1 FROM mark WHERE version = 0", [], { _ in true }) == nil else {
                    throw ExchangeError(.corrupted, "a load of the projection was cut off")
                }
            }
            carrier = try WALCarrier(path: path, configuration: configuration) { failure in
                guard let failure else {
                    return logger.notice("the projection's write-ahead log is carried over again")
                }
                let code = (failure as? DatabaseError)?.extendedResultCode.rawValue ?? 0
                logger.warning(
                    "the projection's write-ahead log cannot be carried over and grows until it can: check its disk",
                    metadata: ["sqlite.code": "\(code)"])
            }
        } catch {
            throw Self.failure(error, logger)
        }
        readers = ReadConnections(path: path, configuration: configuration)
        self.base = base
        self.home = home
        secret = IndexSecret(indexKey.withUnsafeBytes { Array($0) })
        self.logger = logger
    }

    /// One read of one snapshot.
    func read<Value: Sendable>(_ question: @Sendable @escaping (Database) throws -> Value) async throws(ExchangeError)
        -> Value
    {
        do {
            return try readers.read(question)
        } catch {
            throw damaged.heed(Self.failure(error, logger))
        }
    }

    /// One transaction; the cancellation of the task that happens to lead a group must not undo others' rows.
    func write(_ change: @Sendable @escaping (Database) throws -> Void) async throws(ExchangeError) {
        let (writer, carrier) = (writer, carrier)
        let outcome: Result<Void, any Error> = await withCheckedContinuation { done in
            writer.asyncWrite { database in
                try change(database)
            } completion: { database, result in
                done.resume(returning: result)
                carrier.follow(database, of: writer)
            }
        }
        if case .failure(let error) = outcome { throw damaged.heed(Self.failure(error, logger)) }
    }

    /// Carries the WAL into the database and empties its file, so that what was overwritten is nowhere any more.
    func truncateWAL() async throws(ExchangeError) {
        let (writer, carrier) = (writer, carrier)
        let outcome: Result<Void, any Error> = await withCheckedContinuation { done in
            writer.asyncWriteWithoutTransaction { _ in done.resume(returning: Result { try carrier.checkpoint(.truncate) }) }
        }
        if case .failure(let error) = outcome { throw Self.failure(error, logger) }
    }

    /// SQLite's own words go to the log by result code only: statements carry patient data.
    static func failure(_ error: any Error, _ logger: Logger) -> ExchangeError {
        switch error {
        case let error as ExchangeError: return error
        case let error as DatabaseError:
            logger.error("sqlite failed", metadata: ["sqlite.code": "\(error.extendedResultCode.rawValue)"])
            return switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
                ExchangeError(.corrupted, "the projection is damaged; hie journal rebuild makes it anew")
            case .SQLITE_FULL:
                ExchangeError(.unavailable, "no space left to write the projection: free some on its disk")
            case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY:
                ExchangeError(
                    .unavailable, "the disk failed under the projection (SQLite \(error.extendedResultCode.rawValue)): "
                        + "check the disk and its permissions")
            default:
                ExchangeError(.unavailable, "the projection cannot be used now (SQLite \(error.resultCode.rawValue))")
            }
        default:
            logger.error("the projection failed", metadata: ["error": "\(type(of: error))"])
            return ExchangeError(.unavailable, "the projection cannot be used now")
        }
    }

    /// Closes every connection; the WAL is checkpointed.
    package func close() throws {
        try readers.close()
        carrier.stop()
        try writer.close()
        try carrier.close()
    }
}

extension SQLiteProjection: Projection {
    package func applied() async throws(ExchangeError) -> AppliedMark? {
        let base = base
        return try await read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT origin, next, leaf, base, version FROM mark")
            else { return nil }
            // Another base or schema: rows would carry foreign links or lack columns, so it counts as foreign.
            guard row[3] as String == base, row[4] as Int == ProjectionSchema.version else {
                return AppliedMark(origin: "", next: 0, leaf: [])
            }
            return AppliedMark(
                origin: row[0], next: JournalPosition(row[1] as Int64), leaf: try row.bytes(2))
        }
    }

    package func prepare(_ entries: [CommittedEntry]) -> [CommittedEntry] {
        entries.map { entry in
            guard entry.kind == .submission, !entry.isErased, entry.value == nil,
                let record = try? SubmissionRecord(payload: entry.payload, base: base)
            else { return entry }
            return entry.decoded(as: record)
        }
    }

    package func apply(_ entries: [CommittedEntry]) async throws(ExchangeError) {
        guard let last = entries.last else { return }
        if let waiting = load.take(entries) {
            if !waiting.isEmpty { try await applyLoad(waiting, settlesAll: false) }
            return
        }
        let (base, secret, names, placeholders) = (base, secret, names, placeholders)
        try await write { database in
            let added = AddedToIndex()
            let rows = ProjectionRows(base: base, secret: secret, added: added)
            for entry in entries { try rows.apply(entry, to: database) }
            try database.run(
                "UPDATE mark SET next = ?, leaf = ?", [.integer(Int64(last.position + 1)), .bytes(last.leaf)])
            // Counted a moment before the commit; a commit that fails ends the process.
            names.count(added.names)
            placeholders.learn(added.placeholders)
        }
    }

    package func reset(origin: String) async throws(ExchangeError) {
        load.end()
        let (base, names, placeholders) = (base, names, placeholders)
        try await write { database in
            try ProjectionSchema.empty(database)
            names.forget()
            placeholders.forget()
            try database.execute(
                sql: "INSERT INTO mark(origin, next, leaf, base, version) VALUES (?, 0, ?, ?, ?)",
                arguments: [origin, [UInt8]().sql, base, ProjectionSchema.version])
        }
    }
}
