import AdminEndpoint
import Crypto
import ExchangeCore
import Foundation
import JSON
import Journal
import Storage
import Transactions

/// Walks a whole journal and checks every frame, digest, hash and checkpoint (`hie audit verify`).
package enum JournalAudit {
    /// Checks the journal of a running node: its files up to the last durable group, and the checkpoint over them.
    package static func verify(_ home: NodeHome, running store: FileJournalStore) async -> JournalVerdict {
        do throws(ExchangeError) {
            return verdict(try await store.verify(keys: LogKeyFile.keys(home, origin: store.origin)))
        } catch {
            return damaged(error)
        }
    }

    /// Checks the journal of a node that is stopped, from its files alone.
    ///
    /// - Parameter progress: told after each segment how many of how many are done.
    package static func verify(
        _ home: NodeHome, progress: @escaping @Sendable (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in },
    ) async -> JournalVerdict {
        walk(home, isLive: false, resumes: false) { progress(UInt64($0), UInt64($1)) }
    }

    /// Checks the journal's files, whether a node runs on them or not.
    ///
    /// - Parameters:
    ///   - isLive: whether a node is writing them.
    ///   - resumes: whether to go on where an earlier walk was interrupted; where it stands is kept in the node's folder.
    ///   - progress: told after each segment how many of how many are done.
    package static func walk(
        _ home: NodeHome, isLive: Bool, resumes: Bool,
        progress: (_ done: UInt32, _ all: UInt32) -> Void = { _, _ in },
    ) -> JournalVerdict {
        var heads: [Checkpoint] = []
        do throws(ExchangeError) {
            let origin = NodeStore.origin(of: try NodeConfiguration(of: home), in: home)
            let keys = try LogKeyFile.keys(home, origin: origin)
            let folder = home.store.appendingPathComponent("journal")
            if let kept = try head(folder.appendingPathComponent("checkpoint"), keys, skippingLines: 0) { heads.append(kept) }
            if let cosigned = try cosignedHead(home, origin) { heads.append(cosigned) }
            let kept = DurableFolder(home.store.path)
            let place = resumes ? try kept.contents(placeName).flatMap(Self.place) : nil
            var walk = try JournalWalk(folder.path, origin: origin, checkpoints: heads, from: place, isLive: isLive)
            while !walk.isDone {
                try walk.step()
                progress(walk.segment, walk.segments)
                if !walk.isDone, let place = walk.place { try kept.replace(placeName, with: bytes(of: place)) }
            }
            let report = try walk.finish()
            try kept.remove(placeName)
            return verdict(report)
        } catch {
            return damaged(error, signed: heads.map(\.size).max())
        }
    }

    /// Decides every disclosure of a stopped node's journal anew.
    package static func replay(_ home: NodeHome, world: World, progress: @escaping @Sendable (UInt64, UInt64) -> Void)
        async throws(ExchangeError) -> JournalReplay.Report
    {
        let configuration = try NodeConfiguration(of: home)
        let folder = home.store
        let keyring = try await FileKeyring.open(
            folder.appendingPathComponent("keyring").path,
            wrappingKey: SymmetricKey(data: try SecretFile.read(home.wrappingKey)), world: world)
        let (store, _) = try await FileJournalStore.open(
            folder.appendingPathComponent("journal").path, origin: NodeStore.origin(of: configuration, in: home))
        let report = try await JournalReplay.run(
            JournalReader(store: store, keyring: keyring), size: try await store.head().size,
            replay: JournalReplay(
                community: configuration.community, base: configuration.clientBase, policy: configuration.consentDefault),
            progress: progress)
        try await store.close()
        return report
    }

    private static let placeName = "audit-verify.json"

    /// The largest head of a node's log that the node itself keeps as a witness: also the start asks it.
    static func cosignedHead(_ home: NodeHome, _ origin: String) throws(ExchangeError) -> Checkpoint? {
        let file = home.witness.appendingPathComponent("head-" + origin.replacing("/", with: "_"))
        return try head(file, LogKeyFile.keys(home, origin: origin), skippingLines: 2)
    }

    /// A signed head in a file, behind lines of ours; nil where there is none, `.corrupted` when the log's key did not sign it.
    private static func head(_ file: URL, _ keys: [NoteVerifier], skippingLines skips: Int) throws(ExchangeError) -> Checkpoint? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let text = try PlainFile.text(file)
        let note = text.split(separator: "\n", maxSplits: skips, omittingEmptySubsequences: false).last.map(String.init) ?? ""
        let signed = try SignedNote(parsing: note)
        guard keys.contains(where: { $0.verifies(signed) }) else {
            throw ExchangeError(.corrupted, "the checkpoint is not signed by the log's key", at: file.path)
        }
        return try Checkpoint(text: signed.text)
    }

    private static func bytes(of place: JournalVerifier.Place) -> [UInt8] {
        JSONWriter.bytes([
            "origin": .string(place.origin), "segment": .number(String(place.segment)),
            "size": .number(String(place.frontier.size)),
            "peaks": .array(place.frontier.peaks.map { .string(Hexadecimal.encode($0)) }),
            "groups": .number(String(place.groups)), "bytes": .number(String(place.bytes)),
            "removed": .array(
                place.removed.map {
                    [
                        "document": .string($0.document.description), "digest": .string(Hexadecimal.encode($0.digest)),
                        "segment": .number(String($0.segment)), "offset": .number(String($0.offset)),
                        "entry": .number(String($0.position)),
                    ]
                }),
        ])
    }

    private static func place(_ bytes: [UInt8]) -> JournalVerifier.Place? {
        guard let json = try? JSONReader.read(bytes), let origin = json["origin"]?.string,
            let segment = json["segment"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let size = json["size"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let groups = json["groups"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let read = json["bytes"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let frontier = MerkleFrontier(
                size: size, peaks: (json["peaks"]?.items ?? []).compactMap { $0.string.flatMap { Hexadecimal.decode($0) } })
        else { return nil }
        let removed = (json["removed"]?.items ?? []).map(removal)
        guard removed.allSatisfy({ $0 != nil }) else { return nil }
        return JournalVerifier.Place(
            origin: origin, segment: segment, frontier: frontier, groups: groups, bytes: read,
            removed: removed.compactMap { $0 })
    }

    private static func removal(_ json: JSONValue) -> ContentRemoval? {
        guard let document = json["document"]?.string.flatMap({ DocumentID($0) }),
            let digest = json["digest"]?.string.flatMap({ Hexadecimal.decode($0) }), digest.count == 32,
            let segment = json["segment"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let offset = json["offset"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let position = json["entry"]?.integer.flatMap({ JournalPosition(exactly: $0) })
        else { return nil }
        return ContentRemoval(document: document, digest: digest, segment: segment, offset: offset, position: position)
    }

    private static func verdict(_ report: JournalVerifier.Report) -> JournalVerdict {
        JournalVerdict(entries: report.entries, root: report.root, checkpoint: report.checkpoint, damage: [])
    }

    private static func damaged(_ error: ExchangeError, signed: UInt64? = nil) -> JournalVerdict {
        JournalVerdict(entries: 0, root: [], checkpoint: signed, damage: [error.description])
    }
}
