import AdminEndpoint
import ExchangeCore
import Foundation
import Journal
import Storage

/// Walks a whole journal and checks every frame, digest, hash and checkpoint (`hie audit verify`).
package enum JournalAudit {
    /// Checks the journal of a running node, through its store: every entry, every document beside it, the tree.
    package static func verify(_ store: FileJournalStore, progress: @Sendable (UInt64, UInt64) -> Void = { _, _ in })
        async throws(ExchangeError) -> JournalVerdict
    {
        let head = try await store.head()
        let checkpoint = try await store.checkpoint().map { text throws(ExchangeError) in try Checkpoint(note: text) }
        var frontier = MerkleFrontier()
        var damage: [String] = []
        do throws(ExchangeError) {
            while frontier.size < head.size {
                let entries = try await store.read(from: frontier.size, limit: 256)
                guard !entries.isEmpty else { break }
                for entry in entries where frontier.size < head.size {
                    for content in EntryHeader(entry.bytes)?.references(before: entry.location) ?? [] {
                        _ = try await store.readContent(content)
                    }
                    frontier.append(MerkleHash.leaf(entry.bytes))
                    if let checkpoint, checkpoint.size == frontier.size, checkpoint.root != frontier.root {
                        damage.append("the tree at entry \(frontier.size) is not the one the checkpoint signs")
                    }
                }
                progress(frontier.size, head.size)
            }
            if frontier != head.frontier { damage.append("the stored entries do not give the journal's root") }
        } catch {
            damage.append(error.description)
        }
        return JournalVerdict(entries: frontier.size, root: frontier.root, checkpoint: checkpoint?.size, damage: damage)
    }

    /// Checks the journal of a node that is stopped, from its files alone; needs no key but the log's public one.
    package static func verify(_ home: NodeHome, progress: (UInt64, UInt64) -> Void = { _, _ in })
        throws(ExchangeError) -> JournalVerdict
    {
        let folder = home.store.appendingPathComponent("journal")
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.hasSuffix(".segment") }.sorted()
        guard !names.isEmpty else { throw ExchangeError(.notFound, "there is no journal in \(folder.path)") }
        var checkpoints: [Checkpoint] = []
        let note = folder.appendingPathComponent("checkpoint")
        if FileManager.default.fileExists(atPath: note.path) {
            checkpoints = [try Checkpoint(note: try PlainFile.text(note), signedBy: home)]
        }
        var verifier = JournalVerifier(checkpoints: checkpoints)
        do throws(ExchangeError) {
            for (index, name) in names.enumerated() {
                try feed(folder.appendingPathComponent(name), to: &verifier)
                try verifier.endSegment()
                progress(UInt64(index + 1), UInt64(names.count))
            }
            let report = try verifier.finish()
            return JournalVerdict(
                entries: report.entries, root: report.root, checkpoint: checkpoints.first?.size, damage: [])
        } catch {
            return JournalVerdict(
                entries: 0, root: [], checkpoint: checkpoints.first?.size, damage: [error.description])
        }
    }

    private static func feed(_ segment: URL, to verifier: inout JournalVerifier) throws(ExchangeError) {
        guard let file = FileHandle(forReadingAtPath: segment.path) else {
            throw ExchangeError(.unavailable, "cannot read \(segment.path)")
        }
        defer { try? file.close() }
        while true {
            let piece: Data?
            do { piece = try file.read(upToCount: 1 << 20) } catch {
                throw ExchangeError(.unavailable, "cannot read \(segment.path)")
            }
            guard let piece, !piece.isEmpty else { return }
            try verifier.feed([UInt8](piece)[...])
        }
    }
}

extension Checkpoint {
    /// The checkpoint of a signed note, its signatures not checked: the node's own store kept it.
    init(note: String) throws(ExchangeError) { try self.init(text: SignedNote(parsing: note).text) }

    /// The checkpoint of a signed note, its signature checked with the node's log key.
    init(note: String, signedBy home: NodeHome) throws(ExchangeError) {
        let signed = try SignedNote(parsing: note)
        try self.init(text: signed.text)
        let signer = try NoteSigner(name: origin, privateKey: SecretFile.read(home.logKey))
        guard signer.verifier.verifies(signed) else {
            throw ExchangeError(.corrupted, "the checkpoint is not signed with this node's log key")
        }
    }
}
