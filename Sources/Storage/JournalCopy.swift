import ExchangeCore
import Journal
import Synchronization
import Transactions

/// Where a journal ended at some moment, durable: what a copy may reach up to.
package struct JournalEnd: Sendable, Equatable {
    /// The segment that was written.
    package let segment: UInt32
    /// The end of the last group in it.
    package let offset: UInt64
    /// How many entries there were.
    package let entries: UInt64
    /// The root over them.
    package let root: [UInt8]

    /// An end from its parts.
    package init(segment: UInt32, offset: UInt64, entries: UInt64, root: [UInt8]) {
        self.segment = segment
        self.offset = offset
        self.entries = entries
        self.root = root
    }
}

/// What a copy met on its way that says which documents were erased.
package struct CopiedErasures: Sendable, Equatable {
    /// Documents that erasures in it name, wherever their bytes lay.
    package var named: [ContentReference] = []
    /// Documents whose bytes were missing already where it met them.
    package var missing: [ContentRemoval] = []

    /// Nothing met.
    package init() {}

    /// Named, and their bytes not met as missing: a copy made before, or this one, holds them.
    package var stillThere: [ContentReference] {
        let gone = Set(missing.map(\.digest))
        return named.filter { !gone.contains($0.sealedDigest) }
    }

    /// Whether bytes are missing whose erasure the copy does not reach.
    package var isAhead: Bool { !Set(missing.map(\.digest)).subtracting(named.map(\.sealedDigest)).isEmpty }
}

/// How far a copy of a journal has come.
package struct CopyPlace: Sendable, Equatable {
    /// The segment whose bytes come next.
    package var segment: UInt32 = 0
    /// The first of them.
    package var offset: UInt64 = 0
    /// The tree over what was copied.
    package var frontier = MerkleFrontier()

    /// The start of a journal.
    package init() {}

    /// A place from its parts.
    package init(segment: UInt32, offset: UInt64, frontier: MerkleFrontier) {
        self.segment = segment
        self.offset = offset
        self.frontier = frontier
    }
}

extension FileJournalStore {
    /// Where the journal ends now; everything before it is durable.
    package var end: JournalEnd {
        tail.withLock { tail in
            JournalEnd(
                segment: tail.segment, offset: tail.offset, entries: tail.head.size, root: tail.head.frontier.root)
        }
    }

    /// Hands over the bytes of a journal's folder from a place up to an end, checked group by group on the way, while the
    /// journal may go on being written.
    ///
    /// - Parameter take: bytes of a segment from an offset on, in order; they end with a group or a segment's header.
    ///
    /// Throws `.corrupted` when what lies there does not continue the place or does not lead to the end's root.
    ///
    /// - Parameter erasures: what was erased, as the bytes handed over say.
    package static func copy(
        _ path: String, from start: CopyPlace, to end: JournalEnd, erasures: inout CopiedErasures,
        _ take: (_ segment: UInt32, _ offset: UInt64, _ bytes: ArraySlice<UInt8>) throws(ExchangeError) -> Void,
    ) throws(ExchangeError) -> CopyPlace {
        let folder = DurableFolder(path)
        var place = start
        while place.segment <= end.segment {
            let limit = place.segment == end.segment ? end.offset : UInt64.max
            let file = try DurableFile(folder.file(segmentName(place.segment)), .read)
            if place.offset == 0 { try copyHeader(file, &place, take) }
            try copyGroups(file, &place, limit, &erasures, take)
            if place.segment == end.segment { break }
            place.segment += 1
            place.offset = 0
        }
        guard place.frontier.size == end.entries, place.frontier.root == end.root else {
            throw ExchangeError(
                .corrupted, "the journal's bytes lead to another root than the journal states; run hie audit verify",
                at: "\(path), entry \(place.frontier.size)")
        }
        return place
    }

    /// Whether two journals end alike at a place: there a group ends, or a segment's header, with the root over every entry
    /// before it.
    package static func agree(_ path: String, _ other: String, at place: CopyPlace) throws(ExchangeError) -> Bool {
        let begin = place.offset - min(place.offset, UInt64(GroupFooter.framedBytes))
        var ends: [[UInt8]] = []
        for path in [path, other] {
            do throws(ExchangeError) {
                let file = try DurableFile(DurableFolder(path).file(segmentName(place.segment)), .read)
                ends.append(try file.read(at: begin, count: Int(place.offset - begin)))
            } catch where error.code == .notFound { return false }
        }
        return ends[0] == ends[1]
    }

    private static func copyHeader(
        _ file: DurableFile, _ place: inout CopyPlace,
        _ take: (UInt32, UInt64, ArraySlice<UInt8>) throws(ExchangeError) -> Void,
    ) throws(ExchangeError) {
        let bytes = try file.read(at: 0, count: 4096)
        guard case .frame(.segment, let body, let next) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: 0) }),
            let header = SegmentHeader(Array(bytes[body..<next])), header.number == place.segment,
            header.firstPosition == place.frontier.size, header.root == place.frontier.root
        else {
            throw ExchangeError(
                .corrupted, "the segment does not continue what was copied before", at: "segment \(place.segment)")
        }
        try take(place.segment, 0, bytes[..<next])
        place.offset = UInt64(next)
    }

    private static func copyGroups(
        _ file: DurableFile, _ place: inout CopyPlace, _ limit: UInt64, _ erasures: inout CopiedErasures,
        _ take: (UInt32, UInt64, ArraySlice<UInt8>) throws(ExchangeError) -> Void,
    ) throws(ExchangeError) {
        var scanner = SegmentScanner(segment: place.segment, offset: place.offset, frontier: place.frontier)
        var waiting: [UInt8] = []
        var taken = 0
        var offset = place.offset
        reading: while offset < limit {
            let piece = try file.read(at: offset, count: Int(min(1 << 20, limit - offset)))
            if piece.isEmpty { break }
            offset += UInt64(piece.count)
            waiting.removeFirst(taken)
            taken = 0
            waiting += piece
            scanner.feed(piece[...])
            while true {
                let step: SegmentScanner.Step
                do { step = try scanner.next() } catch { throw error.error }
                switch step {
                case .needsMore: continue reading
                case .blank: break reading
                case .group(let group):
                    let count = Int(group.end - place.offset)
                    try take(place.segment, place.offset, waiting[taken..<taken + count])
                    erasures.missing += group.removed
                    for entry in group.entries where entry.kind == .erasure {
                        erasures.named += try named(in: waiting, at: taken + Int(entry.location.offset - place.offset))
                    }
                    taken += count
                    place.offset = group.end
                    place.frontier = group.frontier
                }
            }
        }
        guard scanner.isBetweenGroups else {
            throw ExchangeError(
                .corrupted, "a group breaks off in the middle of the journal",
                at: "segment \(place.segment), offset \(place.offset)")
        }
    }

    /// The documents that the `erasure` entry at an offset removes.
    private static func named(in bytes: [UInt8], at offset: Int) throws(ExchangeError) -> [ContentReference] {
        guard case .frame(.entry, let body, let next) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: offset) }),
            let header = EntryHeader(Array(bytes[body..<next]))
        else { return [] }
        return try DocumentErasure(payload: Array(bytes[(body + header.encodedBytes)..<next])).contents
    }
}
