import ExchangeCore
import Journal

/// Checks the files of a journal one segment after the other, so that it can be shown how far it is, and gone on with.
///
/// Reads the files alone: of a node that is stopped, or of one that runs, whose last group may be half written.
package struct JournalWalk {
    private let folder: DurableFolder
    private let vouched: UInt64
    private let isLive: Bool
    private var verifier: JournalVerifier
    /// How many segments there are.
    package let segments: UInt32
    /// The next segment to be checked.
    package private(set) var segment: UInt32

    private static let pieceBytes = 1 << 20

    /// A walk over the journal in a folder.
    ///
    /// - Parameters:
    ///   - checkpoints: heads whose signatures the caller has verified.
    ///   - place: where an earlier walk ended; nil begins with the first segment.
    ///   - isLive: whether a node is writing it: behind what a checkpoint vouches for, the end may be unfinished.
    /// - Throws: `.notFound` when there is no journal.
    package init(
        _ path: String, origin: String, checkpoints: [Checkpoint], from place: JournalVerifier.Place? = nil,
        isLive: Bool = false,
    ) throws(ExchangeError) {
        folder = DurableFolder(path)
        segments = UInt32(clamping: try folder.names().filter { $0.hasSuffix(".segment") }.count)
        guard segments > 0 else { throw ExchangeError(.notFound, "there is no journal here", at: path) }
        if let place, place.origin == origin, place.segment < segments {
            verifier = JournalVerifier(from: place, checkpoints: checkpoints)
            segment = place.segment
        } else {
            verifier = JournalVerifier(origin: origin, checkpoints: checkpoints)
            segment = 0
        }
        vouched = checkpoints.map(\.size).max() ?? 0
        self.isLive = isLive
    }

    /// Where a later walk may go on; nil before the first whole segment.
    package var place: JournalVerifier.Place? { verifier.place }

    /// Whether every segment was checked.
    package var isDone: Bool { segment >= segments }

    /// Checks the next segment. Throws `.corrupted` naming segment, offset and entry.
    package mutating func step() throws(ExchangeError) {
        let number = segment
        segment += 1
        let file: DurableFile
        do throws(ExchangeError) {
            file = try DurableFile(folder.file(FileJournalStore.segmentName(number)), .read)
        } catch  where error.code == .notFound {
            throw ExchangeError(.corrupted, "a segment of the journal is missing", at: "segment \(number)")
        }
        let mayBreakOff = isLive && number + 1 == segments
        do throws(ExchangeError) {
            var offset: UInt64 = 0
            while true {
                let piece = try file.read(at: offset, count: Self.pieceBytes)
                if piece.isEmpty { break }
                try verifier.feed(piece[...])
                offset += UInt64(piece.count)
            }
            if !mayBreakOff { try verifier.endSegment() }
        } catch {
            guard mayBreakOff, error.code == .corrupted, let sound = verifier.standing, sound.entries >= vouched else {
                throw error
            }
        }
    }

    /// What was found, once every segment was checked. Throws `.corrupted` when entries are missing that a head vouches for.
    package func finish() throws(ExchangeError) -> JournalVerifier.Report {
        guard isLive else { return try verifier.finish() }
        guard let sound = verifier.standing, sound.entries >= vouched else {
            throw ExchangeError(
                .corrupted, "the journal has fewer entries than the \(vouched) a signed checkpoint vouches for",
                at: "segment \(segments - 1)")
        }
        if let missing = verifier.removals.first { throw missing.fault.error }
        return sound
    }
}
