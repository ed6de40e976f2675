import AdminEndpoint
import ExchangeCore
import Foundation
import Journal
import Storage

/// Walks a whole journal and checks every frame, digest, hash and checkpoint (`hie audit verify`).
package enum JournalAudit {
    /// Checks the journal of a running node: its files up to the last durable group, and the checkpoint over them.
    package static func verify(_ home: NodeHome, running store: FileJournalStore) async -> JournalVerdict {
        await verdict { () async throws(ExchangeError) in
            try await store.verify(key: key(home, origin: store.origin))
        }
    }

    /// Checks the journal of a node that is stopped, from its files alone.
    ///
    /// - Parameter progress: told after each segment how many of how many are done.
    package static func verify(
        _ home: NodeHome, progress: @escaping @Sendable (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in },
    ) async -> JournalVerdict {
        await verdict { () async throws(ExchangeError) in
            let origin = NodeStore.origin(of: try NodeConfiguration(of: home))
            return try await FileJournalStore.verify(
                home.store.appendingPathComponent("journal").path, origin: origin, key: key(home, origin: origin),
                progress: progress)
        }
    }

    private static func key(_ home: NodeHome, origin: String) throws(ExchangeError) -> NoteVerifier {
        try NoteSigner(name: origin, privateKey: SecretFile.read(home.logKey)).verifier
    }

    private static func verdict(_ verify: () async throws(ExchangeError) -> JournalVerifier.Report) async
        -> JournalVerdict
    {
        do throws(ExchangeError) {
            let report = try await verify()
            return JournalVerdict(
                entries: report.entries, root: report.root, checkpoint: report.checkpoint, damage: [])
        } catch {
            return JournalVerdict(entries: 0, root: [], checkpoint: nil, damage: [error.description])
        }
    }
}
