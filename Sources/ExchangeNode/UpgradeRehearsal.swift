import Crypto
import ExchangeCore
import Foundation
import Glibc
import Journal
import Logging
import Storage
import Transactions

/// What this program would do with a node's folder at its next start, tried on copies: nothing of the folder is changed, and
/// a node may run on it meanwhile, under this program or an older one.
///
/// The journal is the truth and is never migrated: what an earlier version wrote is read as it is, what a later one wrote is
/// refused. Tables of another version are made anew from it; that is what is rehearsed here, whole, and measured.
package struct UpgradeRehearsal: Sendable {
    /// What was found.
    package struct Report: Sendable {
        /// Entries of the journal, every one of them read and opened.
        package let entries: UInt64
        /// The root of the tree over them (RFC 9162), hexadecimal.
        package let root: String
        /// The version of the tables that lie there; nil where there are none.
        package let tablesFound: Int?
        /// Whether the next start makes them anew.
        package let isMigration: Bool
        /// What the new tables hold.
        package let counts: ExchangeCounts
        /// How long reading the journal from its first byte and making the tables took.
        package let elapsed: Duration
        /// Bytes of the new tables.
        package let tableBytes: UInt64
        /// Bytes that the tables and what SQLite writes beside them took at the most.
        package let peakBytes: UInt64
        /// Bytes that are free on the disk of the folder.
        package let freeBytes: UInt64?
        /// An end of the journal that nothing vouches for and that a start would cut; of a node that runs, what it was writing.
        package let cutBytes: UInt64
    }

    private let home: NodeHome
    private let world: World

    /// A rehearsal on a node's folder.
    package init(_ home: NodeHome, world: World) {
        self.home = home
        self.world = world
    }

    /// The version of the tables in the folder; nil where there are none.
    package static func tables(of home: NodeHome) -> Int? { SQLiteProjection.version(ofFileAt: home.projection.path) }

    private var scratch: URL { home.store.appendingPathComponent("rehearsal") }

    /// Rehearses.
    ///
    /// - Parameter progress: told how many entries of how many the tables have.
    /// - Throws: `.notFound` without a journal, `.badRequest` for a configuration that this program does not take, `.conflict` for a
    ///   journal of a later version or while another rehearsal is under way, `.corrupted` for damage, `.unavailable` when the disk
    ///   has no room.
    package func run(progress: (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }) async throws(ExchangeError) -> Report {
        let configuration = try NodeConfiguration(of: home)
        let journal = home.store.appendingPathComponent("journal")
        let segments = ((try? FileManager.default.contentsOfDirectory(atPath: journal.path)) ?? [])
            .filter { $0.hasSuffix(".segment") }.sorted()
        guard let last = segments.last else {
            throw ExchangeError(.notFound, "there is no journal in \(home.store.path); the node was never started: hie run")
        }
        let found = Self.tables(of: home)
        try demandRoom(for: [journal.appendingPathComponent(last), home.keyring, home.projection])
        try makeScratch()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let copy = scratch.appendingPathComponent("journal")
        for name in segments { try Self.copy(journal.appendingPathComponent(name), copy.appendingPathComponent(name), sharing: name != last) }
        // After the journal: a key is made before the entry that needs it.
        let keys = scratch.appendingPathComponent("keyring")
        try Self.copy(home.keyring, keys, sharing: false)
        let wrapping = try wrappingKey(of: keys)
        let started = world.uptime()
        let (store, report) = try await FileJournalStore.open(
            copy.path, origin: NodeStore.origin(of: configuration, in: home))
        let keyring = try await FileKeyring.open(keys.path, wrappingKey: wrapping, world: world)
        let projection = try SQLiteProjection(
            path: tables.path, base: configuration.clientBase, home: configuration.community,
            indexKey: WrappingKeyFile.indexKey(home, wrapping), logger: Logger(label: "hie.upgrade") { _ in SwiftLogNoOpLogHandler() })
        var peak: UInt64 = 0
        do throws(ExchangeError) {
            _ = try await JournalReader(store: store, keyring: keyring).bringUpToDate(projection, batch: 4096) { done, all in
                peak = max(peak, tableBytes)
                progress(done, all)
            }
            peak = max(peak, tableBytes)
            let counts: ExchangeCounts
            do { counts = try await projection.counts() } catch { throw ExchangeError(.unavailable, "the tables cannot be read") }
            let elapsed = world.uptime() - started
            let head = try await store.head()
            try await Self.close(store, keyring, projection)
            return Report(
                entries: head.size, root: Hexadecimal.encode(head.frontier.root), tablesFound: found, isMigration: found != SQLiteProjection.version, counts: counts, elapsed: elapsed,
                tableBytes: Self.bytes(of: tables), peakBytes: peak, freeBytes: DiskProbe.freeBytes(in: home.store.path),
                cutBytes: report.cut?.bytes ?? 0)
        } catch {
            try? await Self.close(store, keyring, projection)
            throw error
        }
    }

    private var tables: URL { scratch.appendingPathComponent("projection.sqlite") }

    private var tableBytes: UInt64 {
        ["", "-wal"].reduce(0) { $0 + Self.bytes(of: URL(fileURLWithPath: tables.path + $1)) }
    }

    private static func close(_ store: FileJournalStore, _ keyring: FileKeyring, _ projection: SQLiteProjection)
        async throws(ExchangeError)
    {
        try await store.close()
        await keyring.close()
        do { try projection.close() } catch { throw ExchangeError(.unavailable, "the tables did not close") }
    }

    /// An empty folder; what a rehearsal that was cut off left behind goes first.
    private func makeScratch() throws(ExchangeError) {
        let journal = scratch.appendingPathComponent("journal")
        if FileManager.default.fileExists(atPath: journal.path) {
            do throws(ExchangeError) { try StoreLock(folder: journal.path).release() } catch where error.code == .conflict {
                throw ExchangeError(.conflict, "another rehearsal of this node is under way")
            }
        }
        try? FileManager.default.removeItem(at: scratch)
        try SecretFile.makeFolder(scratch)
        try SecretFile.makeFolder(journal)
    }

    /// The key that opens the copy: a rotation may have been cut off between the keyring and its key.
    private func wrappingKey(of keyring: URL) throws(ExchangeError) -> SymmetricKey {
        if FileManager.default.fileExists(atPath: home.nextWrappingKey.path) {
            let next = SymmetricKey(data: try SecretFile.read(home.nextWrappingKey))
            if try FileKeyring.isWrapped(keyring.path, by: next) { return next }
        }
        return SymmetricKey(data: try SecretFile.read(home.wrappingKey))
    }

    /// Room for what is copied and for tables as large as those there are, half as much again.
    private func demandRoom(for files: [URL]) throws(ExchangeError) {
        let needed = files.reduce(0) { $0 + Self.bytes(of: $1) } * 3 / 2
        guard let free = DiskProbe.freeBytes(in: home.store.path), free < needed else { return }
        throw ExchangeError(
            .unavailable, "a rehearsal takes some \(needed >> 20) MB beside the journal, and \(free >> 20) MB are free on the disk of "
                + "\(home.store.path); make room, or rehearse on a restored backup elsewhere")
    }

    /// A segment that is full is never written again but for what is erased in it: the copy may share it.
    private static func copy(_ file: URL, _ copy: URL, sharing: Bool) throws(ExchangeError) {
        if sharing, link(file.path, copy.path) == 0 { return }
        do {
            try FileManager.default.copyItem(at: file, to: copy)
        } catch {
            throw ExchangeError(.unavailable, "cannot copy \(file.path) to \(copy.path): is there room, and may this user write there?")
        }
    }

    private static func bytes(of file: URL) -> UInt64 { DiskProbe.takenBytes(of: file.path) }
}
