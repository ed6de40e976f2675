import ExchangeCore

/// What a segment holds wrongly, and where.
package struct SegmentFault: Error, Sendable, Equatable {
    /// The number of the segment.
    package let segment: UInt32
    /// The frame at fault, counted from the start of the segment.
    package let offset: UInt64
    /// The entry at fault, or the one that should have followed.
    package let position: JournalPosition
    /// What is wrong, as a lower-case sentence.
    package let reason: String
    /// Whether nothing is damaged: a later version of this program wrote it.
    package let isNewer: Bool

    /// A fault from its parts.
    package init(segment: UInt32, offset: UInt64, position: JournalPosition, reason: String, isNewer: Bool = false) {
        self.isNewer = isNewer
        self.segment = segment
        self.offset = offset
        self.position = position
        self.reason = reason
    }

    /// The error an operator reads.
    package var error: ExchangeError {
        let place = "segment \(segment), offset \(offset), entry \(position)"
        if isNewer {
            return ExchangeError(
                .conflict, "a later version of this program wrote the journal: run that one again; nothing was changed", at: place)
        }
        return ExchangeError(
            .corrupted,
            "the journal is damaged: \(reason); go on with `hie backup restore`, or lose what follows "
                + "with `hie journal repair --accept-loss`",
            at: place)
    }
}

/// A whole group as a scan found it.
package struct ScannedGroup: Sendable {
    /// An entry of the group.
    package struct Entry: Sendable {
        /// Where its frame lies.
        package let location: EntryLocation
        /// Its leaf hash, computed from the bytes that lie there.
        package let leaf: [UInt8]
        /// What it is about.
        package let kind: EntryKind
    }

    /// Where the group begins.
    package let start: UInt64
    /// Where it ends: the next group's start.
    package let end: UInt64
    /// Its entries in order.
    package let entries: [Entry]
    /// Documents whose bytes are missing from it.
    package let removed: [ContentRemoval]
    /// Digests of sealed bytes, anywhere before, that its `erasure` entries name.
    package let erased: [[UInt8]]
    /// The tree behind it, computed from the bytes.
    package let frontier: MerkleFrontier
}

/// Reads a segment from front to back, whatever is in it, and checks everything that can be checked without a key:
/// frames, checksums, documents' digests, the order of entries, each group's root.
///
/// Feed it bytes as they come; `next` gives whole groups. It never traps on foreign bytes and holds one group at the
/// most.
package struct SegmentScanner: Sendable {
    /// What `next` found.
    package enum Step: Sendable {
        /// A whole group.
        case group(ScannedGroup)
        /// Feed more bytes, or nothing more is there: `isBetweenGroups` says whether that is a clean end.
        case needsMore
        /// Nothing is written from here on, or a group breaks off here.
        case blank
    }

    /// The segment being read.
    package let segment: UInt32
    /// Where the last whole group ends.
    package private(set) var groupStart: UInt64
    /// The frame that is looked at next.
    package private(set) var offset: UInt64
    /// The tree behind the last whole group.
    package private(set) var frontier: MerkleFrontier
    private var pending: MerkleFrontier
    private var entries: [ScannedGroup.Entry] = []
    /// Documents before the next entry; without a digest where zeros stand for one.
    private var contents: [(digest: [UInt8]?, length: Int, offset: UInt64)] = []
    private var removed: [ContentRemoval] = []
    private var erased: [[UInt8]] = []
    private var buffer: [UInt8] = []
    private var consumed = 0

    /// A scan that begins between two groups, at `offset`, behind `frontier`.
    package init(segment: UInt32, offset: UInt64, frontier: MerkleFrontier) {
        self.segment = segment
        self.offset = offset
        self.frontier = frontier
        groupStart = offset
        pending = frontier
    }

    /// The entry that the next frame belongs to.
    package var position: JournalPosition { pending.size }

    /// The last entry that was begun: whose group breaks off here, or ends wrongly.
    package var lastBegun: JournalPosition {
        guard !entries.isEmpty, contents.isEmpty else { return pending.size }
        let isNothing = unread.prefix(EntryFrame.headerBytes).allSatisfy { $0 == 0 }
        return isNothing || isAtFooter ? pending.size - 1 : pending.size
    }

    /// Whether the scan stands between two groups.
    package var isBetweenGroups: Bool { offset == groupStart }

    /// The bytes handed over that belong to no frame yet.
    package var unread: ArraySlice<UInt8> { buffer[consumed...] }

    /// Hands over the bytes that follow those handed over before.
    package mutating func feed(_ bytes: ArraySlice<UInt8>) {
        if consumed > 0 {
            buffer.removeFirst(consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole group. Throws at what is wrong; the scan is of no more use then, but for where it stands.
    package mutating func next() throws(SegmentFault) -> Step {
        // A second reference, so that the bytes are looked at where they lie; it is gone before more are fed.
        let held = buffer
        return try held.withUnsafeBytes { bytes in Result { () throws(SegmentFault) in try next(in: bytes) } }.get()
    }

    private mutating func next(in bytes: UnsafeRawBufferPointer) throws(SegmentFault) -> Step {
        while true {
            switch EntryFrame.read(bytes, at: consumed) {
            case .needsMore: return .needsMore
            case .blank: return .blank
            case .damaged(let reason): throw isAtFooter ? faultOfGroup(reason) : fault(reason)
            case .frame(let kind, let start, let end):
                let body = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                var group: ScannedGroup?
                switch kind {
                case .content: try take(content: body)
                case .removed: try take(removed: body)
                case .entry: try take(entry: body)
                case .footer: group = try take(footer: Array(body))
                case .segment: throw fault("a segment's header stands where an entry should")
                }
                offset += UInt64(end - consumed)
                consumed = end
                if let group {
                    groupStart = offset
                    return .group(group)
                }
            }
        }
    }

    private func fault(_ reason: String, isNewer: Bool = false) -> SegmentFault {
        SegmentFault(segment: segment, offset: offset, position: pending.size, reason: reason, isNewer: isNewer)
    }

    /// A fault in the end of a group, which belongs to the group's last entry.
    private func faultOfGroup(_ reason: String) -> SegmentFault {
        SegmentFault(segment: segment, offset: offset, position: lastBegun, reason: reason)
    }

    /// Whether the next frame was the end of a group, whatever was changed in it: its length and type say so, or its mark.
    private var isAtFooter: Bool {
        let frame = Array(unread.prefix(GroupFooter.framedBytes))
        guard frame.count == GroupFooter.framedBytes else { return false }
        let isHead = frame[4] == EntryFrame.Kind.footer.rawValue
            && frame.littleEndian(UInt32.self, at: 0) == UInt32(GroupFooter.bytes)
        return isHead || frame.suffix(GroupFooter.mark.count).elementsEqual(GroupFooter.mark)
    }

    private mutating func take(content: UnsafeRawBufferPointer) throws(SegmentFault) {
        guard contents.count < Int(UInt16.max) else { throw fault("too many documents before one entry") }
        contents.append((EntrySeal.digest(of: content), content.count, offset))
    }

    private mutating func take(removed zeros: UnsafeRawBufferPointer) throws(SegmentFault) {
        guard contents.count < Int(UInt16.max) else { throw fault("too many documents before one entry") }
        guard zeros.allSatisfy({ $0 == 0 }) else { throw fault("something stands where a document was erased") }
        contents.append((nil, zeros.count, offset))
    }

    private mutating func take(entry: UnsafeRawBufferPointer) throws(SegmentFault) {
        guard let header = EntryHeaderView(entry) else {
            throw fault("entry has no readable header", isNewer: EntryHeaderView.isNewer(entry))
        }
        let stored = header.kind == .erasure ? 0 : header.count
        guard stored == contents.count else {
            throw fault("entry names \(stored) documents and \(contents.count) stand before it")
        }
        for (index, found) in contents.enumerated() {
            guard let document = header.document(at: index), header.states(found.digest, length: found.length, at: index)
            else { throw fault("document \(header.document(at: index)?.description ?? "unknown") is not the one its entry names") }
            guard found.digest == nil else { continue }
            removed.append(
                ContentRemoval(
                    document: document, digest: header.digest(at: index), segment: segment, offset: found.offset,
                    position: pending.size))
        }
        if header.kind == .erasure { erased += (0..<header.count).map(header.digest) }
        let leaf = MerkleHash.leaf(entry)
        pending.append(leaf)
        entries.append(
            ScannedGroup.Entry(
                location: EntryLocation(segment: segment, offset: offset), leaf: leaf, kind: header.kind))
        contents.removeAll(keepingCapacity: true)
    }

    private mutating func take(footer bytes: [UInt8]) throws(SegmentFault) -> ScannedGroup {
        guard let footer = GroupFooter(bytes) else { throw faultOfGroup("the end of a group is not readable") }
        guard footer.segment == segment, footer.start == groupStart, footer.firstPosition == frontier.size,
            Int(footer.entries) == entries.count, contents.isEmpty, !entries.isEmpty
        else { throw faultOfGroup("the end of a group does not fit the group") }
        guard footer.root == pending.root else { throw faultOfGroup("the tree over the entries is not the one written") }
        let end = offset + UInt64(EntryFrame.headerBytes + bytes.count)
        let group = ScannedGroup(
            start: groupStart, end: end, entries: entries, removed: removed, erased: erased, frontier: pending)
        frontier = pending
        entries = []
        removed = []
        erased = []
        return group
    }
}
