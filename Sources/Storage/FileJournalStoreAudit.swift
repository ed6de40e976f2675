import ExchangeCore
import Journal
import Synchronization

extension FileJournalStore {
    /// Checks everything that is durable now, from the first byte, while the journal goes on being written.
    ///
    /// - Parameter keys: the log's key and those it had before; when given, one of them must have signed the checkpoint.
    ///
    /// Throws `.corrupted` naming segment, offset and entry.
    package func verify(keys: [NoteVerifier]) async throws(ExchangeError) -> JournalVerifier.Report {
        try await reading.run { () throws(ExchangeError) in
            // In this order: the checkpoint read cannot be ahead of the end read after it.
            let checkpoint = try Self.verifiedCheckpoint(self.folder, keys)
            let end = self.tail.withLock { ($0.segment, $0.offset) }
            return try Self.verify(self.folder, origin: self.origin, checkpoint, upTo: end)
        }
    }

    /// Checks a journal that no process has open, such as a backup's. Throws `.notFound` or `.corrupted`.
    ///
    /// - Parameter progress: told after each segment how many of how many are done.
    package static func verify(
        _ path: String, origin: String? = nil, key: NoteVerifier?,
        progress: @escaping @Sendable (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in },
    ) async throws(ExchangeError) -> JournalVerifier.Report {
        try await BlockingThreads(count: 1).run { () throws(ExchangeError) in
            let folder = DurableFolder(path)
            return try verify(folder, origin: origin, try verifiedCheckpoint(folder, key.map { [$0] } ?? []), upTo: nil, progress)
        }
    }

    private static func verifiedCheckpoint(
        _ folder: DurableFolder, _ keys: [NoteVerifier],
    ) throws(ExchangeError) -> Checkpoint? {
        guard let bytes = try folder.contents("checkpoint", bytesMax: 65_536) else { return nil }
        let note = try SignedNote(parsing: String(decoding: bytes, as: UTF8.self))
        guard keys.isEmpty || keys.contains(where: { $0.verifies(note) }) else {
            throw ExchangeError(
                .corrupted, "the checkpoint is not signed by the log's key", at: folder.file("checkpoint"))
        }
        return try Checkpoint(text: note.text)
    }

    private static func verify(
        _ folder: DurableFolder, origin: String?, _ checkpoint: Checkpoint?,
        upTo end: (segment: UInt32, offset: UInt64)?, _ progress: (UInt64, UInt64) -> Void = { _, _ in },
    ) throws(ExchangeError) -> JournalVerifier.Report {
        var verifier = JournalVerifier(origin: origin, checkpoints: checkpoint.map { [$0] } ?? [])
        let count = try folder.names().filter { $0.hasSuffix(".segment") }.count
        guard count > 0 else { throw ExchangeError(.notFound, "there is no journal here", at: folder.path) }
        for number in 0...(end?.segment ?? UInt32(count - 1)) {
            let file: DurableFile
            do throws(ExchangeError) {
                file = try DurableFile(folder.file(segmentName(number)), .read)
            } catch  where error.code == .notFound {
                throw ExchangeError(.corrupted, "a segment of the journal is missing", at: "segment \(number)")
            }
            let stop = end.flatMap { $0.segment == number ? $0.offset : nil } ?? UInt64.max
            var offset: UInt64 = 0
            while offset < stop {
                let piece = try file.read(at: offset, count: Int(min(1 << 20, stop - offset)))
                if piece.isEmpty { break }
                try verifier.feed(piece[...])
                offset += UInt64(piece.count)
            }
            try verifier.endSegment(isWhole: stop == .max)
            progress(UInt64(number) + 1, UInt64(count))
        }
        return try verifier.finish()
    }
}
