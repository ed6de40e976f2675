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

    /// Opens a node's store, or makes it at the first start.
    ///
    /// Throws `.conflict` when another process holds it, `.corrupted` naming segment and offset when the journal is
    /// damaged: never cut silently.
    package static func open(
        _ home: NodeHome, configuration: NodeConfiguration, rebuild: Bool = false, world: World, logger: Logger,
    ) async throws(ExchangeError) -> NodeStore {
        let wrapping = SymmetricKey(data: try SecretFile.read(home.wrappingKey))
        let origin = origin(of: configuration)
        let journal = home.store.appendingPathComponent("journal").path
        let keys = home.store.appendingPathComponent("keyring").path
        if !FileManager.default.fileExists(atPath: journal) {
            try SecretFile.makeFolder(home.store)
            try await FileJournalStore.create(journal, origin: origin).close()
        }
        if !FileManager.default.fileExists(atPath: keys) {
            _ = try await FileKeyring.create(keys, wrappingKey: wrapping, world: world)
        }
        let keyring = try await FileKeyring.open(keys, wrappingKey: wrapping, world: world)
        let projection = try openProjection(home, configuration, wrapping: wrapping, logger: logger)
        let vouched = try? await projection.applied()
        let (store, report) = try await FileJournalStore.open(
            journal, origin: origin, vouched: vouched?.origin == origin ? vouched : nil)
        if let cut = report.cut {
            logger.warning(
                "cut a torn end that nothing vouched for",
                metadata: ["segment": "\(cut.segment)", "offset": "\(cut.offset)", "bytes": "\(cut.bytes)"])
        }
        let reader = JournalReader(store: store, keyring: keyring)
        let caughtUp = try await reader.bringUpToDate(projection, rebuild: rebuild)
        if let reason = caughtUp.rebuiltBecause, caughtUp.applied > 0 {
            logger.notice(
                "projection rebuilt", metadata: ["because": "\(reason)", "entries": "\(caughtUp.applied)"])
        }
        let writer = try await JournalWriter(store: store, keyring: keyring, projection: projection, world: world)
        let checkpoints = try await CheckpointAuthor(
            store: store, signer: try NoteSigner(name: origin, privateKey: SecretFile.read(home.logKey)), now: world.now)
        return NodeStore(
            store: store, keyring: keyring, projection: projection, writer: writer, reader: reader,
            checkpoints: checkpoints)
    }

    /// The name of a node's log (C2SP tlog-checkpoint, the first line of a checkpoint).
    static func origin(of configuration: NodeConfiguration) -> String { "oid/\(configuration.community.oid.dotted)" }

    /// A damaged projection is thrown away and made anew from the journal: that costs time, never data.
    private static func openProjection(
        _ home: NodeHome, _ configuration: NodeConfiguration, wrapping: SymmetricKey, logger: Logger,
    ) throws(ExchangeError) -> SQLiteProjection {
        let indexKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: wrapping, info: Array("concordat patient index".utf8), outputByteCount: 32)
        func open() throws(ExchangeError) -> SQLiteProjection {
            try SQLiteProjection(
                path: home.projection.path, base: configuration.clientBase, home: configuration.community,
                indexKey: indexKey, logger: logger)
        }
        do throws(ExchangeError) {
            return try open()
        } catch where error.code == .corrupted {
            logger.warning("the projection is damaged and is made anew from the journal")
            for suffix in ["", "-wal", "-shm"] { unlink(home.projection.path + suffix) }
            return try open()
        }
    }

    /// Signs a last checkpoint, closes everything and lets go of the lock.
    package func close() async throws(ExchangeError) {
        do throws(ExchangeError) {
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
