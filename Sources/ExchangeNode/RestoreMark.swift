import ExchangeCore
import Foundation
import JSON
import Journal
import Logging

/// The trace a restored node leaves: an entry in its own log, and a file beside it.
///
/// Peers that saw a later head of this log know from the entry, which the next checkpoint covers, that it was restored and is
/// not being rewritten: from when, and behind which root.
enum RestoreMark {
    /// Opens the store, which verifies and rebuilds everything, and appends the entry.
    static func leave(
        in home: NodeHome, source: String, taken: Timestamp, takesOver: Bool = false, world: World, logger: Logger,
    ) async throws(ExchangeError) {
        let store = try await NodeStore.open(
            home, configuration: try NodeConfiguration(of: home), takesOver: takesOver, world: world, logger: logger)
        let payload: JSONValue = [
            "restored": [
                "from": .string(source), "taken": .string(taken.description), "at": .string(world.now().description),
                "entries": .number(String(store.writer.size)), "root": .string(Hexadecimal.encode(store.writer.root)),
            ],
        ]
        do throws(ExchangeError) {
            let bytes = JSONWriter.bytes(payload)
            _ = try await store.writer.append(EntryDraft(kind: .repair, subject: nil, payload: bytes))
            try SecretFile.replace(home.restored, bytes, mode: 0o600)
        } catch {
            try? await store.close()
            throw error
        }
        try await store.close()
    }
}
