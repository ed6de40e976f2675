import Crypto
import ExchangeCore
import Foundation
import Journal
import Logging
import Storage
import Transactions

/// A node's journal, keyring and projection, opened in the order that keeps the promises: journal recovered and synced,
/// then the projection brought up to it, and only then a writer.
package struct NodeStore: Sendable {
    /// The disk under the journal.
    package let store: FileJournalStore
    /// Patients' keys.
    package let keyring: FileKeyring
    /// The tables made from the journal.
    package let projection: SQLiteProjection
    /// Appends to the journal.
    package let writer: JournalWriter
    /// Reads it back.
    package let reader: JournalReader
    /// Signs its heads.
    package let checkpoints: CheckpointAuthor

    /// Why nothing can be recorded any more; nil while everything can.
    package var failure: ExchangeError? { writer.failure ?? store.failure ?? keyring.failure ?? projection.damage }

    /// Opens a node's store, or makes it at the first start.
    ///
    /// - Parameters:
    ///   - rebuild: makes the projection anew even when it is up to date.
    ///   - discardsProjection: its file was found damaged; it is thrown away first.
    ///   - takesOver: the folder is a standby that is being made a node.
    ///   - progress: told how many entries of how many the projection has applied, while it is brought up to date.
    ///
    /// Throws `.conflict` when another process holds it, `.corrupted` naming segment and offset when the journal is
    /// damaged (never cut silently), or when the keyring is missing, damaged or older than the journal.
    package static func open(
        _ home: NodeHome, configuration: NodeConfiguration, rebuild: Bool = false, discardsProjection: Bool = false,
        takesOver: Bool = false, world: World, logger: Logger, progress: (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in },
    ) async throws(ExchangeError) -> NodeStore {
        guard takesOver || !FileManager.default.fileExists(atPath: home.standby.path) else {
            throw ExchangeError(
                .conflict, "\(home.folder.path) is a standby that follows another node; take over with hie journal promote")
        }
        let wrapping = try WrappingKeyFile.settle(home)
        let origin = origin(of: configuration, in: home)
        let journal = home.store.appendingPathComponent("journal").path
        var options = FileJournalStore.Options()
        options.segmentBytes = UInt64(configuration.limits.segmentBytes)
        if !FileManager.default.fileExists(atPath: journal) {
            try SecretFile.makeFolder(home.store)
            try await FileJournalStore.create(journal, origin: origin, options: options).close()
        }
        if discardsProjection { throwAway(home) }
        let projection = try openProjection(home, configuration, wrapping: wrapping, logger: logger)
        let vouched = try? await projection.applied()
        let (store, report) = try await FileJournalStore.open(
            journal, origin: origin, vouched: vouched?.origin == origin ? vouched : nil,
            heads: [try JournalAudit.cosignedHead(home, origin)].compactMap { $0 }, options: options)
        if let cut = report.cut {
            logger.warning(
                "cut a torn end that nothing vouched for",
                metadata: ["segment": "\(cut.segment)", "offset": "\(cut.offset)", "bytes": "\(cut.bytes)"])
        }
        do throws(ExchangeError) {
            return try await join(
                store, projection, home, wrapping: wrapping, rebuild: rebuild, world: world, logger: logger, progress: progress)
        } catch {
            // Closed by hand: a thread that has just read for it may keep it, and its lock, a moment longer.
            try? await store.close()
            throw error
        }
    }

    /// A store with its keys and with tables that are up to date.
    private static func join(
        _ store: FileJournalStore, _ projection: SQLiteProjection, _ home: NodeHome, wrapping: SymmetricKey, rebuild: Bool,
        world: World, logger: Logger, progress: (_ done: UInt64, _ all: UInt64) -> Void,
    ) async throws(ExchangeError) -> NodeStore {
        let keyring = try await openKeyring(home, wrapping, store, world: world)
        let reader = JournalReader(store: store, keyring: keyring)
        var said = world.uptime()
        let caughtUp = try await reader.bringUpToDate(projection, batch: 4096, rebuild: rebuild) { done, all in
            progress(done, all)
            guard world.uptime() - said >= .seconds(2), done < all else { return }
            said = world.uptime()
            logger.notice("bringing the projection up to the journal", metadata: ["entries": "\(done)", "of": "\(all)"])
        }
        if let reason = caughtUp.rebuiltBecause, caughtUp.applied > 0 {
            logger.notice(
                "projection rebuilt", metadata: ["because": "\(reason)", "entries": "\(caughtUp.applied)"])
        }
        try await reader.removeErased(namedBy: projection)
        let writer = try await JournalWriter(store: store, keyring: keyring, projection: projection, world: world)
        let signer = try LogKeyFile.signer(home, origin: store.origin)
        let checkpoints = try await CheckpointAuthor(store: store, signer: signer, now: world.now)
        // After a rotation the head stands under the new key before anything is shown.
        if let kept = try await store.checkpoint(), let note = try? SignedNote(parsing: kept), !signer.verifier.verifies(note) {
            _ = try await checkpoints.publish()
        }
        return NodeStore(
            store: store, keyring: keyring, projection: projection, writer: writer, reader: reader,
            checkpoints: checkpoints)
    }

    /// The keyring of the journal; made only for a journal that is empty.
    private static func openKeyring(
        _ home: NodeHome, _ wrapping: SymmetricKey, _ store: FileJournalStore, world: World,
    ) async throws(ExchangeError) -> FileKeyring {
        let path = home.keyring.path
        if !FileManager.default.fileExists(atPath: path) {
            guard try await store.head().size == 0 else { throw KeyringWatch.lost(path) }
            return try await FileKeyring.create(path, wrappingKey: wrapping, world: world)
        }
        let keyring = try await FileKeyring.open(path, wrappingKey: wrapping, world: world)
        do throws(ExchangeError) {
            try await KeyringWatch.demandKeys(keyring, for: store, path: path)
        } catch {
            await keyring.close()
            throw error
        }
        return keyring
    }

    /// The name of a node's log (C2SP tlog-checkpoint, the first line of a checkpoint): the community's first, or the one
    /// that its journal's segments say it goes on as after a loss.
    package static func origin(of configuration: NodeConfiguration, in home: NodeHome) -> String {
        let journal = home.store.appendingPathComponent("journal").path
        return FileJournalStore.origin(in: journal, of: configuration.community)
            ?? LogOrigin(community: configuration.community).text
    }

    /// A damaged projection is thrown away and made anew from the journal: that costs time, never data.
    private static func openProjection(
        _ home: NodeHome, _ configuration: NodeConfiguration, wrapping: SymmetricKey, logger: Logger,
    ) throws(ExchangeError) -> SQLiteProjection {
        let indexKey = try WrappingKeyFile.indexKey(home, wrapping)
        func open() throws(ExchangeError) -> SQLiteProjection {
            try SQLiteProjection(
                path: home.projection.path, base: configuration.clientBase, home: configuration.community,
                indexKey: indexKey, logger: logger)
        }
        // Tables of another version may lie in other pages: a file of their own is made sooner than they are emptied.
        if let version = SQLiteProjection.version(ofFileAt: home.projection.path), version != SQLiteProjection.version {
            throwAway(home)
        }
        do throws(ExchangeError) {
            return try open()
        } catch where error.code == .corrupted {
            logger.warning("the projection is damaged and is made anew from the journal")
            throwAway(home)
            return try open()
        }
    }

    private static func throwAway(_ home: NodeHome) {
        for suffix in ["", "-wal", "-shm"] { unlink(home.projection.path + suffix) }
    }

    /// Signs a last checkpoint, closes everything and lets go of the lock.
    package func close() async throws(ExchangeError) {
        await watch()
        do throws(ExchangeError) {
            _ = try await putBack()
            if writer.failure == nil { _ = try await checkpoints.publish() }
            try await store.close()
        } catch {
            await keyring.close()
            throw error
        }
        await keyring.close()
        do { try projection.close() } catch { throw ExchangeError(.unavailable, "the projection did not close") }
    }
}
