import ExchangeCore
import Foundation
import Journal
import Storage

/// A node's backup in a folder: on line, continued where the last run ended, sealed for a recovery key.
///
/// Files are named once and never changed; a run adds the journal's new bytes as a part, writes the keyring and the node's
/// small files anew, and then replaces the manifest, which is what counts: a run that is cut off leaves the backup as it
/// was before. The keyring's old copy goes then, so that a key erased since is in no backup; when a document was erased since,
/// the whole journal is copied anew, and the old parts go.
package struct Backup: Sendable {
    /// What a run did.
    package struct Report: Sendable {
        /// The manifest as it stands now.
        package let manifest: BackupManifest
        /// Entries that were not in the backup before.
        package let added: UInt64
        /// Bytes of the journal that were copied.
        package let bytes: UInt64
    }

    let folder: URL

    /// A backup in a folder, made already or not.
    package init(_ path: String) { folder = URL(fileURLWithPath: path).standardizedFileURL }

    /// Where it lies.
    package var location: URL { folder }

    private var manifestFile: URL { folder.appendingPathComponent(BackupManifest.name) }

    /// The manifest as it stands; nil when there is no backup yet. Throws `.corrupted`.
    package func manifest() throws(ExchangeError) -> BackupManifest? {
        guard let bytes = FileManager.default.contents(atPath: manifestFile.path) else { return nil }
        return try BackupManifest(signed: String(decoding: bytes, as: UTF8.self))
    }

    /// Copies what is new.
    ///
    /// - Parameters:
    ///   - end: how far the journal may be copied: where it was durable when this was asked.
    ///   - key: the recovery key's public half; must be the one the backup was begun with.
    ///   - progress: told how many entries of how many are in the backup.
    ///
    /// Throws `.conflict` for another log's or another key's backup, `.corrupted` when the journal does not verify; what
    /// this run has written is removed then.
    package func create(
        _ home: NodeHome, upTo end: JournalEnd, for key: RecoveryKey.Public, world: World,
        progress: @escaping (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in },
    ) throws(ExchangeError) -> Report {
        let origin = NodeStore.origin(of: try NodeConfiguration(of: home), in: home)
        let signer = try NoteSigner(name: origin, privateKey: SecretFile.read(home.logKey))
        let before = try manifest()
        if let before {
            guard before.origin == origin else {
                throw ExchangeError(.conflict, "the folder holds the backup of another log, \(before.origin)", at: folder.path)
            }
            guard before.recovery == key.name else {
                throw ExchangeError(
                    .conflict, "the backup is sealed for the recovery key \(before.recovery), not \(key.name)", at: folder.path)
            }
        }
        let run = String(world.now().milliseconds, radix: 16) + "-" + Hexadecimal.encode(world.randomBytes(3))
        let isNew = !FileManager.default.fileExists(atPath: folder.path)
        try SecretFile.makeFolder(folder)
        let made: (manifest: BackupManifest, bytes: UInt64)
        do throws(ExchangeError) {
            made = try write(home, upTo: end, run, key, after: before, signer, world.now(), progress)
        } catch {
            discard(run, withFolder: isNew)
            throw error
        }
        try clear(keeping: made.manifest)
        return Report(
            manifest: made.manifest,
            added: made.manifest.end.frontier.size - (before?.end.frontier.size ?? 0), bytes: made.bytes)
    }

    /// Writes what is new, and then the manifest, from which on it counts; how many bytes of the journal it took.
    private func write(
        _ home: NodeHome, upTo end: JournalEnd, _ run: String, _ key: RecoveryKey.Public, after before: BackupManifest?,
        _ signer: NoteSigner, _ now: Timestamp, _ progress: (_ done: UInt64, _ all: UInt64) -> Void,
    ) throws(ExchangeError) -> (manifest: BackupManifest, bytes: UInt64) {
        var pieces = before?.parts ?? []
        // The keyring first: what is sealed under a key made later is not copied below, whose end was taken before.
        let keyring = try piece("keyring-\(run)", key, bytes: try keyringBundle(home))
        let node = try piece("node-\(run)", key, bytes: try FileBundle.pack(home))
        // What feeds refused, and how far outboxes are: written anew each time, so that what was erased since is in no backup.
        let feeds = try piece(
            "feeds-\(run)", key,
            bytes: FileBundle.pack(home.deadLetters, of: home) + FileBundle.pack(home.outboxes, of: home))
        let start = before?.end ?? CopyPlace()
        var reached = start
        if end.entries > start.frontier.size || before == nil {
            var part = try copy(home, from: start, to: end, part: pieces.count, run, key, progress)
            // Older parts are never changed, so a document that was erased since is kept from the backup by copying anew.
            if !part.erasures.stillThere.isEmpty {
                pieces = []
                part = try copy(home, from: CopyPlace(), to: end, part: 0, run + "-anew", key, progress)
            }
            guard part.erasures.stillThere.isEmpty, !part.erasures.isAhead else {
                throw ExchangeError(
                    .unavailable, "a document is being erased right now; make the backup again", at: folder.path)
            }
            reached = part.reached
            pieces.append(part.piece)
        }
        let manifest = BackupManifest(
            origin: signer.verifier.name, created: now, recovery: key.name, log: signer.verifier.text, end: reached,
            pieces: pieces + [keyring, node, feeds])
        try DurableFolder(folder.path).sync()
        try DurableFolder(folder.path).replace(
            BackupManifest.name, with: Array(try signer.sign(manifest.text).description.utf8))
        return (manifest, pieces.last.map { $0.name.contains(run) ? $0.bytes : 0 } ?? 0)
    }

    /// Removes what a run has written that came to nothing.
    private func discard(_ run: String, withFolder: Bool) {
        // A manifest that stands already counts, even when it could not be made durable.
        if let manifest = try? manifest(), manifest.pieces.contains(where: { $0.name.contains(run) }) { return }
        let files = DurableFolder(folder.path)
        for name in (try? files.names()) ?? [] where name.contains(run) { try? files.remove(name) }
        if withFolder { rmdir(folder.path) }
    }

    /// Copies the journal from a place on into a part of its own.
    private func copy(
        _ home: NodeHome, from start: CopyPlace, to end: JournalEnd, part number: Int, _ run: String,
        _ key: RecoveryKey.Public, _ progress: (_ done: UInt64, _ all: UInt64) -> Void,
    ) throws(ExchangeError) -> (piece: BackupManifest.Piece, reached: CopyPlace, erasures: CopiedErasures) {
        let name = "journal-\(Self.padded(number))-\(run)"
        var writer = try SealedPiece.Writer(folder.appendingPathComponent(name).path, name: name, for: key)
        var erasures = CopiedErasures()
        let path = home.store.appendingPathComponent("journal").path
        let reached = try FileJournalStore.copy(path, from: start, to: end, erasures: &erasures) {
            (segment, offset, bytes) throws(ExchangeError) in
            var head: [UInt8] = []
            head.appendLittleEndian(segment)
            head.appendLittleEndian(offset)
            head.appendLittleEndian(UInt32(truncatingIfNeeded: bytes.count))
            try writer.append(head)
            try writer.append(bytes)
            progress(writer.clearBytes, 0)
        }
        let written = try writer.end()
        let piece = BackupManifest.Piece(name: name, bytes: written.bytes, digest: written.digest)
        return (piece, reached, erasures)
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }

    /// The keyring and what wraps it, as `hie keyring restore` takes them.
    private func keyringBundle(_ home: NodeHome) throws(ExchangeError) -> [UInt8] { try KeyringBackup.bundle(home) }

    private func piece(_ name: String, _ key: RecoveryKey.Public, bytes: [UInt8]) throws(ExchangeError) -> BackupManifest.Piece {
        var writer = try SealedPiece.Writer(folder.appendingPathComponent(name).path, name: name, for: key)
        try writer.append(bytes)
        let written = try writer.end()
        return BackupManifest.Piece(name: name, bytes: written.bytes, digest: written.digest)
    }

    /// Removes what no manifest names any more: runs that were cut off, and keyrings that were replaced.
    private func clear(keeping manifest: BackupManifest) throws(ExchangeError) {
        let kept = Set(manifest.pieces.map(\.name) + [BackupManifest.name])
        let files = DurableFolder(folder.path)
        for name in try files.names() where !kept.contains(name) {
            guard ["journal-", "keyring-", "node-", "feeds-"].contains(where: name.hasPrefix) else { continue }
            try files.remove(name)
        }
        try files.sync()
    }
}
