import Crypto
import ExchangeCore
import Foundation
import Journal
import Logging
import Storage

extension Backup {
    /// What a check or a restore found.
    package struct Finding: Sendable {
        /// The manifest.
        package let manifest: BackupManifest
        /// What the journal's own proofs say of the bytes; nil when no recovery key was given.
        package let journal: JournalVerifier.Report?
        /// Patients whose keys are in it; nil when no recovery key was given.
        package let keys: Int?
    }

    /// Checks a backup: signature and digests of every file; with the recovery key also every frame, hash and root of the
    /// journal, its signed checkpoint, and that the keyring opens.
    ///
    /// Throws `.notFound` where there is no backup, `.corrupted` naming the file.
    package func verify(
        key: RecoveryKey?, progress: (_ done: Int, _ all: Int) -> Void = { _, _ in },
    ) throws(ExchangeError) -> Finding {
        let manifest = try demandManifest(key)
        for (number, piece) in manifest.pieces.enumerated() {
            let path = folder.appendingPathComponent(piece.name).path
            guard let found = try SealedPiece.digest(of: path), found.bytes == piece.bytes, found.digest == piece.digest
            else { throw ExchangeError(.corrupted, "the file is missing, cut short or changed", at: path) }
            progress(number + 1, manifest.pieces.count)
        }
        guard let key else { return Finding(manifest: manifest, journal: nil, keys: nil) }
        let node = try FileBundle.unpack(try bytes(manifest, "node-", key))
        let report = try verifyJournal(manifest, key, log: try demandLogKey(manifest, node))
        if manifest.pieces.contains(where: { $0.name.hasPrefix("feeds-") }) {
            _ = try FileBundle.unpack(try bytes(manifest, "feeds-", key))
        }
        let keys = try KeyringBackup.check(try bytes(manifest, "keyring-", key))
        return Finding(manifest: manifest, journal: report, keys: keys)
    }

    /// Makes a node's folder from the backup: the journal verified as it is written, its tables made anew from it, and a
    /// first entry that says that the node was restored, from when, and behind which root.
    ///
    /// Throws `.conflict` when the folder holds a node already, `.corrupted` when the backup does not verify: nothing that
    /// looks like a node is left then.
    package func restore(
        to home: NodeHome, key: RecoveryKey, world: World, logger: Logger,
        progress: @escaping @Sendable (String) -> Void = { _ in },
    ) async throws(ExchangeError) -> Finding {
        guard !home.isInitialised, !FileManager.default.fileExists(atPath: home.store.path) else {
            throw ExchangeError(.conflict, "\(home.folder.path) holds a node already; choose another folder")
        }
        progress("checking the backup")
        let finding = try verify(key: key)
        let files = try FileBundle.unpack(try bytes(finding.manifest, "node-", key))
        try SecretFile.makeFolder(home.folder)
        progress("writing the journal")
        try SecretFile.makeFolder(home.store)
        try writeJournal(finding.manifest, key, to: home)
        try KeyringBackup.unpack(try bytes(finding.manifest, "keyring-", key), to: home)
        for file in files where file.path != "node.yaml" { try Self.write(file.path, file.bytes, in: home) }
        // Backups of earlier versions have none.
        if finding.manifest.pieces.contains(where: { $0.name.hasPrefix("feeds-") }) {
            for file in try FileBundle.unpack(try bytes(finding.manifest, "feeds-", key)) {
                try Self.write(file.path, file.bytes, in: home)
            }
        }
        guard let configuration = files.first(where: { $0.path == "node.yaml" }) else {
            throw ExchangeError(.corrupted, "the backup holds no node.yaml")
        }
        // Last, because it is what makes the folder a node.
        try Self.write("node.yaml", configuration.bytes, in: home)
        progress("making the tables anew")
        try await RestoreMark.leave(
            in: home, source: "backup", taken: finding.manifest.created, world: world, logger: logger)
        return finding
    }

    private func demandManifest(_ key: RecoveryKey?) throws(ExchangeError) -> BackupManifest {
        guard let manifest = try manifest() else {
            throw ExchangeError(.notFound, "there is no backup in \(folder.path)")
        }
        if let key, key.publicHalf.name != manifest.recovery {
            throw ExchangeError(
                .conflict, "the backup is sealed for the recovery key \(manifest.recovery), this one is \(key.publicHalf.name)")
        }
        return manifest
    }

    /// The log's own key lies in the backup, and must be the one that signed it.
    private func demandLogKey(
        _ manifest: BackupManifest, _ files: [(path: String, bytes: [UInt8])],
    ) throws(ExchangeError) -> NoteVerifier {
        guard let file = files.first(where: { $0.path == "keys/log.key" }) else {
            throw ExchangeError(.corrupted, "the backup holds no log.key")
        }
        let verifier = try NoteSigner(name: manifest.origin, privateKey: file.bytes).verifier
        guard verifier.text == manifest.log else {
            throw ExchangeError(.corrupted, "the backup is signed by another log's key than it holds")
        }
        return verifier
    }

    private func bytes(_ manifest: BackupManifest, _ prefix: String, _ key: RecoveryKey) throws(ExchangeError) -> [UInt8] {
        guard let piece = manifest.pieces.first(where: { $0.name.hasPrefix(prefix) }) else {
            throw ExchangeError(.corrupted, "the backup has no piece \(prefix)...", at: folder.path)
        }
        var all: [UInt8] = []
        try SealedPiece.read(folder.appendingPathComponent(piece.name).path, name: piece.name, key: key) { all += $0 }
        return all
    }

    /// Hands over the journal's bytes in order: segment, offset, bytes.
    private func journal(
        _ manifest: BackupManifest, _ key: RecoveryKey,
        _ take: (UInt32, UInt64, ArraySlice<UInt8>) throws(ExchangeError) -> Void,
    ) throws(ExchangeError) {
        for part in manifest.parts {
            var waiting: [UInt8] = []
            let path = folder.appendingPathComponent(part.name).path
            try SealedPiece.read(path, name: part.name, key: key) { (clear) throws(ExchangeError) in
                waiting += clear
                var at = 0
                while waiting.count - at >= 16 {
                    let count = Int(waiting.littleEndian(UInt32.self, at: at + 12))
                    guard waiting.count - at - 16 >= count else { break }
                    try take(
                        waiting.littleEndian(UInt32.self, at: at), waiting.littleEndian(UInt64.self, at: at + 4),
                        waiting[(at + 16)..<(at + 16 + count)])
                    at += 16 + count
                }
                waiting.removeFirst(at)
            }
            guard waiting.isEmpty else { throw ExchangeError(.corrupted, "a part of the journal breaks off", at: path) }
        }
    }

    private func verifyJournal(
        _ manifest: BackupManifest, _ key: RecoveryKey, log: NoteVerifier,
    ) throws(ExchangeError) -> JournalVerifier.Report {
        var verifier = JournalVerifier(origin: manifest.origin)
        var present: UInt32 = 0
        var reached: UInt64 = 0
        try journal(manifest, key) { (segment, offset, bytes) throws(ExchangeError) in
            if segment != present {
                try verifier.endSegment(isWhole: false)
                reached = 0
            }
            present = segment
            guard offset == reached else {
                throw ExchangeError(.corrupted, "a part of the journal is missing", at: "segment \(segment), offset \(offset)")
            }
            try verifier.feed(bytes)
            reached += UInt64(bytes.count)
        }
        try verifier.endSegment(isWhole: false)
        let report = try verifier.finish()
        guard report.entries == manifest.end.frontier.size, report.root == manifest.end.frontier.root else {
            throw ExchangeError(.corrupted, "the journal's bytes do not lead to the root the manifest states")
        }
        return report
    }

    private func writeJournal(_ manifest: BackupManifest, _ key: RecoveryKey, to home: NodeHome) throws(ExchangeError) {
        let copy = JournalTarget(home.store.appendingPathComponent("journal").path)
        try copy.begin()
        try journal(manifest, key) { (segment, offset, bytes) throws(ExchangeError) in
            try copy.write(segment, offset, bytes)
        }
        try copy.sync()
    }

    private static func write(_ path: String, _ bytes: [UInt8], in home: NodeHome) throws(ExchangeError) {
        let url = home.folder.appendingPathComponent(path)
        try SecretFile.makeFolder(url.deletingLastPathComponent())
        try SecretFile.replace(url, bytes, mode: 0o600)
    }
}
