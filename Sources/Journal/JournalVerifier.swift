import ExchangeCore

/// Checks a whole journal without a key and without trust in any side file: frames, checksums, digests, hashes, the
/// tree, and the checkpoints that vouch for it (security.md T47, T48).
///
/// Feed the segments in order, in pieces of any size. Every error is `.corrupted` and names segment, offset and entry.
package struct JournalVerifier: Sendable {
    /// What was found sound.
    package struct Report: Sendable, Equatable {
        /// The log's origin, as its segments state it.
        package let origin: String
        /// How many entries.
        package let entries: UInt64
        /// How many groups they were written in.
        package let groups: UInt64
        /// How many bytes were read, blank ones included.
        package let bytes: UInt64
        /// The root over all entries.
        package let root: [UInt8]
        /// How many of the entries a checkpoint vouches for; nil when none was given.
        package let checkpoint: UInt64?
    }

    /// Where a check stands between two segments, so that it can go on later.
    package struct Place: Sendable, Equatable {
        /// The log's origin.
        package let origin: String
        /// The next segment.
        package let segment: UInt32
        /// The tree over everything checked.
        package let frontier: MerkleFrontier
        /// How many groups were checked.
        package let groups: UInt64
        /// How many bytes were read.
        package let bytes: UInt64
        /// Documents that are missing, whose erasure was not met yet.
        package let removed: [ContentRemoval]

        /// A place as it was kept.
        package init(
            origin: String, segment: UInt32, frontier: MerkleFrontier, groups: UInt64, bytes: UInt64,
            removed: [ContentRemoval] = [],
        ) {
            self.origin = origin
            self.segment = segment
            self.frontier = frontier
            self.groups = groups
            self.bytes = bytes
            self.removed = removed
        }
    }

    private let checkpoints: [Checkpoint]
    /// The log that the last segment must belong to; nil takes whichever it is.
    private let expected: String?
    private var origin: String?
    /// Whether a log that goes on after a loss has just begun: its first group says so, and nothing else.
    private var mustSayWhy = false
    private var frontier = MerkleFrontier()
    private var scanner: SegmentScanner?
    private var segment: UInt32 = 0
    private var head: [UInt8] = []
    private var header: SegmentHeader?
    private var isBlank = false
    private var offset: UInt64 = 0
    private var groups: UInt64 = 0
    private var bytes: UInt64 = 0
    /// Documents found missing, until their erasure is met.
    package private(set) var removals = ContentRemovals()

    /// A check against checkpoints whose signatures the caller has verified.
    ///
    /// - Parameter origin: the log; earlier ones of the same community, which it goes on after, may stand before it.
    package init(origin: String? = nil, checkpoints: [Checkpoint] = []) {
        expected = origin
        self.checkpoints = checkpoints
    }

    /// A check that goes on where another stood between two segments.
    package init(from place: Place, checkpoints: [Checkpoint] = []) {
        self.init(origin: place.origin, checkpoints: checkpoints.filter { $0.size > place.frontier.size })
        origin = place.origin
        segment = place.segment
        frontier = place.frontier
        groups = place.groups
        bytes = place.bytes
        removals = ContentRemovals(open: place.removed)
    }

    /// What was found sound up to the last whole group; nil before the first segment's header.
    package var standing: Report? {
        origin.map {
            Report(
                origin: $0, entries: frontier.size, groups: groups, bytes: bytes, root: frontier.root,
                checkpoint: checkpoints.map(\.size).max())
        }
    }

    /// Where it stands; nil within a segment, and before the first.
    package var place: Place? {
        guard scanner == nil, head.isEmpty, let origin else { return nil }
        return Place(
            origin: origin, segment: segment, frontier: frontier, groups: groups, bytes: bytes,
            removed: removals.open.values.sorted { $0.position < $1.position })
    }

    /// Takes the next bytes of the present segment.
    package mutating func feed(_ piece: ArraySlice<UInt8>) throws(ExchangeError) {
        bytes += UInt64(piece.count)
        defer { offset += UInt64(piece.count) }
        guard !isBlank else { return try expectBlank(piece, at: offset) }
        guard scanner != nil else {
            head += piece
            return try readHeader()
        }
        try scan(piece)
    }

    /// Says that the present segment ends here; the next bytes are the next segment's.
    ///
    /// - Parameter isWhole: false when the caller stopped at the end of a group of a journal that is being written.
    package mutating func endSegment(isWhole: Bool = true) throws(ExchangeError) {
        guard let scanner, let header else { throw fault("segment has no header", at: 0) }
        guard scanner.isBetweenGroups else { throw fault("the last group breaks off", at: scanner.offset) }
        guard isBlank || scanner.unread.allSatisfy({ $0 == 0 }) else {
            throw fault("bytes that are no frame stand at the end", at: scanner.offset)
        }
        guard !isWhole || offset >= header.allocatedBytes else { throw fault("segment was cut short", at: offset) }
        segment += 1
        self.scanner = nil
        self.header = nil
        head = []
        isBlank = false
        offset = 0
    }

    /// Says that there are no more segments, and what was found.
    package func finish() throws(ExchangeError) -> Report {
        guard let origin, scanner == nil, head.isEmpty else { throw fault("segment does not end", at: offset) }
        guard !mustSayWhy else { throw fault("a new log does not say which it goes on after", at: offset) }
        if let other = ([expected].compactMap { $0 } + checkpoints.map(\.origin)).first(where: { $0 != origin }) {
            throw fault("the journal belongs to the log \(origin), not to \(other)", at: 0)
        }
        for checkpoint in checkpoints where checkpoint.size > frontier.size {
            throw ExchangeError(
                .corrupted,
                "the journal has \(frontier.size) entries, and a signed checkpoint vouches for "
                    + "\(checkpoint.size): the last ones are missing",
                at: "segment \(segment), entry \(frontier.size)")
        }
        if let missing = removals.first { throw missing.fault.error }
        return Report(
            origin: origin, entries: frontier.size, groups: groups, bytes: bytes, root: frontier.root,
            checkpoint: checkpoints.map(\.size).max())
    }

    private func fault(
        _ reason: String, at offset: UInt64, entry: JournalPosition? = nil, isNewer: Bool = false,
    ) -> ExchangeError {
        // Within a group the scanner knows which entry it has come to.
        SegmentFault(
            segment: segment, offset: offset, position: entry ?? scanner?.lastBegun ?? frontier.size, reason: reason,
            isNewer: isNewer
        ).error
    }

    private mutating func readHeader() throws(ExchangeError) {
        switch head.withUnsafeBytes({ EntryFrame.read($0, at: 0) }) {
        case .needsMore:
            guard head.count < 4096 else { throw fault("segment has no header", at: 0) }
        case .frame(.segment, let body, let next):
            let found = Array(head[body..<next])
            guard let header = SegmentHeader(found) else {
                throw fault("segment has no readable header", at: 0, isNewer: SegmentHeader.isNewer(found))
            }
            guard header.number == segment, header.firstPosition == frontier.size, header.root == frontier.root else {
                throw fault("segment does not continue the one before it", at: 0)
            }
            for other in [expected].compactMap({ $0 }) + checkpoints.map(\.origin) {
                guard LogOrigin.mayPrecede(header.origin, other) else {
                    throw fault("segment belongs to another log, \(header.origin), than \(other)", at: 0)
                }
            }
            if let origin, origin != header.origin {
                guard LogOrigin.mayPrecede(origin, header.origin) else {
                    throw fault("segment belongs to another log, \(header.origin), than the one before it", at: 0)
                }
                mustSayWhy = true
            }
            origin = header.origin
            self.header = header
            scanner = SegmentScanner(segment: segment, offset: UInt64(next), frontier: frontier)
            let rest = head[next...]
            head = []
            try scan(rest)
        case .blank, .damaged, .frame: throw fault("segment has no readable header", at: 0)
        }
    }

    private mutating func scan(_ piece: ArraySlice<UInt8>) throws(ExchangeError) {
        guard var scanner else { return }
        // The scanner is moved out and back so that its buffer is never copied.
        self.scanner = nil
        defer { self.scanner = scanner }
        scanner.feed(piece)
        while true {
            let step: SegmentScanner.Step
            do { step = try scanner.next() } catch { throw error.error }
            switch step {
            case .needsMore: return
            case .blank:
                guard scanner.isBetweenGroups else {
                    throw fault("the last group breaks off", at: scanner.offset, entry: scanner.lastBegun)
                }
                isBlank = true
                let rest = scanner.unread
                return try expectBlank(rest, at: scanner.offset)
            case .group(let group):
                guard !mustSayWhy || group.entries.map(\.kind) == [.repair] else {
                    throw fault("a new log does not say which it goes on after", at: group.start)
                }
                mustSayWhy = false
                try compare(group)
                removals.take(group)
                frontier = group.frontier
                groups += 1
            }
        }
    }

    private func compare(_ group: ScannedGroup) throws(ExchangeError) {
        for checkpoint in checkpoints where checkpoint.size > frontier.size && checkpoint.size <= group.frontier.size {
            var tree = frontier
            for entry in group.entries where tree.size < checkpoint.size { tree.append(entry.leaf) }
            guard tree.root == checkpoint.root else {
                throw fault("the entries up to here are not those a signed checkpoint vouches for", at: group.start)
            }
        }
    }

    private func expectBlank(_ piece: ArraySlice<UInt8>, at start: UInt64) throws(ExchangeError) {
        // Eight bytes at a time: most of a preallocated segment is blank.
        let blank = piece.withUnsafeBytes { raw in
            var count = 0
            while count + 8 <= raw.count, raw.loadUnaligned(fromByteOffset: count, as: UInt64.self) == 0 { count += 8 }
            return count
        }
        if let found = piece.dropFirst(blank).firstIndex(where: { $0 != 0 }) {
            throw fault("bytes stand behind the last group", at: start + UInt64(found - piece.startIndex))
        }
    }
}
