import ExchangeCore
import Glibc
import Journal

/// Finds the end of a journal after whatever happened to it, and makes it durable (security.md L1, L2).
struct FileJournalStoreRecovery {
    /// Somebody who knows that entries were durable.
    private struct Voucher {
        let entries: UInt64
        let name: String
    }

    private let folder: DurableFolder
    private let origin: String
    private let options: FileJournalStore.Options
    let leaves: FileJournalStoreLeaves
    private var lastSegment: UInt32
    private var missing: UInt32?
    private var isInspecting = false
    private var lastOrigin: String?
    private var ownFrom: UInt64 = 0
    private var reached: (segment: UInt32, offset: UInt64)?
    private var head = JournalHead(frontier: MerkleFrontier(), leaf: [])
    private var checkpoint: Checkpoint?
    /// Heads of this log that others than the store itself keep.
    private var heads: [Checkpoint] = []
    private var lastGroup: (segment: UInt32, start: UInt64, end: UInt64)?
    private var scannedEnd: UInt64 = 0
    private var scanFault: SegmentFault?
    private var unwritten: [FileJournalStoreLeaves.Record] = []
    private static let pieceBytes = 1 << 20

    init(_ folder: DurableFolder, origin: String, options: FileJournalStore.Options) throws(ExchangeError) {
        self.folder = folder
        self.origin = origin
        self.options = options
        let names = try folder.names().filter { $0.hasSuffix(".segment") }
        guard !names.isEmpty else { throw ExchangeError(.notFound, "there is no journal here", at: folder.path) }
        try FileJournalStoreRepair.demandNone(folder)
        for (number, name) in names.enumerated() where name != FileJournalStore.segmentName(UInt32(number)) {
            throw ExchangeError(
                .corrupted,
                "segment \(number) of the journal is missing; go on with `hie backup restore`, or lose what "
                    + "follows with `hie journal repair --accept-loss`",
                at: folder.path)
        }
        lastSegment = UInt32(names.count - 1)
        leaves = try FileJournalStoreLeaves(folder, calls: options.calls)
    }

    /// For looking alone: behind a segment that is missing nothing is looked at.
    init(
        inspecting folder: DurableFolder, origin: String, options: FileJournalStore.Options, segments names: [String],
    ) throws(ExchangeError) {
        self.folder = folder
        self.origin = origin
        self.options = options
        let isMissing = names.enumerated().first { $1 != FileJournalStore.segmentName(UInt32($0)) }
        let present = UInt32(isMissing?.offset ?? names.count)
        lastSegment = present - 1
        missing = isMissing == nil ? nil : present
        isInspecting = true
        leaves = try FileJournalStoreLeaves(folder, calls: options.calls)
    }

    /// What is whole from the first entry on; changes nothing but `leaves`, which can be made again.
    mutating func inspect() throws(ExchangeError) -> FileJournalStoreRepair.Survey {
        var damage: ExchangeError?
        // A checkpoint that cannot be read must not make the entries seem lost.
        do throws(ExchangeError) { checkpoint = try readCheckpoint() } catch where error.code == .corrupted {
            damage = error
        }
        do throws(ExchangeError) {
            _ = try scan(from: nil)
            if let missing { throw fault("a segment is missing", segment: missing, offset: 0) }
            let file = try DurableFile(folder.file(FileJournalStore.segmentName(lastSegment)), .read)
            _ = try judgeTail(file, end: scannedEnd)
            try askVouchers(try readMark(), nil, end: scannedEnd)
        } catch where error.code == .corrupted {
            damage = error
        }
        try flushLeaves(all: true)
        return FileJournalStoreRepair.Survey(
            origin: lastOrigin ?? origin, head: head, own: head.size - ownFrom, end: reached.map { ($0.segment, $0.offset) }, damage: damage)
    }

    mutating func recover(
        vouched: AppliedMark?, heads: [Checkpoint],
    ) throws(ExchangeError) -> (FileJournalStore.Tail, FileJournalStore.OpenReport) {
        self.heads = heads.filter { $0.origin == origin }
        let mark = try readMark()
        checkpoint = try readCheckpoint()
        try FileJournalStore.finishRemovals(folder, calls: options.calls)
        try dropUnbegunSegment()
        let start = try trusted(mark) ? mark : nil
        if let start { head = start.head }
        try leaves.truncate(to: head.size)
        let scannedFrom = head.size
        let file = try DurableFile(
            folder.file(FileJournalStore.segmentName(lastSegment)), .update, calls: options.calls)
        let header = try scan(from: start)
        let end = scannedEnd
        let tornBytes = try judgeTail(file, end: end)
        try askVouchers(mark, vouched, end: end)
        try flushLeaves(all: true)
        try settle(file, header: header, end: end, isTorn: tornBytes > 0)
        let settled = FileJournalStoreMark(origin: origin, head: head, segment: lastSegment, offset: end)
        if settled != mark {
            try leaves.sync()
            try folder.replace(FileJournalStoreMark.name, with: settled.encoded())
        }
        let tail = FileJournalStore.Tail(
            head: head, segment: lastSegment, file: file, offset: end, allocated: header.allocatedBytes)
        let cut =
            tornBytes == 0
            ? nil : FileJournalStore.OpenReport.Cut(segment: lastSegment, offset: end, bytes: tornBytes)
        return (tail, FileJournalStore.OpenReport(entries: head.size, scannedFrom: scannedFrom, cut: cut))
    }

    private func fault(_ reason: String, segment: UInt32, offset: UInt64, isNewer: Bool = false) -> ExchangeError {
        SegmentFault(segment: segment, offset: offset, position: head.size, reason: reason, isNewer: isNewer).error
    }

    private func readMark() throws(ExchangeError) -> FileJournalStoreMark? {
        try folder.contents(FileJournalStoreMark.name, bytesMax: 8192).flatMap { FileJournalStoreMark($0) }
    }

    private func readCheckpoint() throws(ExchangeError) -> Checkpoint? {
        guard let bytes = try folder.contents("checkpoint", bytesMax: 65_536) else { return nil }
        do throws(ExchangeError) {
            let note = try SignedNote(parsing: String(decoding: bytes, as: UTF8.self))
            let checkpoint = try Checkpoint(text: note.text)
            // A repair that was cut off left that of the log before: it may vouch for what was given up.
            return checkpoint.origin != origin && LogOrigin.mayPrecede(checkpoint.origin, origin) ? nil : checkpoint
        } catch {
            // It is replaced atomically, so what does not read was damaged, and nobody knows what it vouched for.
            throw ExchangeError(
                .corrupted, "the checkpoint is not readable (\(error.message)): restore it from a backup or a peer",
                at: folder.file("checkpoint"))
        }
    }

    /// Whether the scan may begin at the mark: it is this log's, and the entry before it lies where the leaves say.
    private func trusted(_ mark: FileJournalStoreMark?) throws(ExchangeError) -> Bool {
        guard let mark, !options.scansEverything, mark.origin == origin, mark.segment <= lastSegment else {
            return false
        }
        guard mark.head.size > 0 else { return mark.segment == 0 }
        let records = try leaves.records(mark.head.size - 1..<mark.head.size)
        guard let last = records.first, last.leaf == mark.head.leaf, last.location.segment <= lastSegment else {
            return false
        }
        let file = try DurableFile(folder.file(FileJournalStore.segmentName(last.location.segment)), .read)
        let bytes = try file.read(at: last.location.offset, count: EntryFrame.headerBytes)
        guard bytes.count == EntryFrame.headerBytes else { return false }
        let length = Int(bytes.littleEndian(UInt32.self, at: 0))
        guard length <= EntryFrame.bodyBytesMax else { return false }
        let frame = try file.read(at: last.location.offset, count: EntryFrame.headerBytes + length)
        guard case .frame(.entry, let body, let next) = frame.withUnsafeBytes({ EntryFrame.read($0, at: 0) }) else {
            return false
        }
        return MerkleHash.leaf(Array(frame[body..<next])) == mark.head.leaf
    }

    /// A segment whose making was cut off before its header was durable holds nothing: it is removed. Entries are written
    /// behind a durable header only, so a torn header with nothing behind it is such a one.
    private mutating func dropUnbegunSegment() throws(ExchangeError) {
        let name = FileJournalStore.segmentName(lastSegment)
        let file = try DurableFile(folder.file(name), .read)
        guard lastSegment > 0 else { return }
        let bytes = try file.read(at: 0, count: 4096)
        if case .frame(.segment, _, _) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: 0) }) { return }
        let header = SegmentHeader(origin: origin, number: 0, firstPosition: 0, allocatedBytes: 0, root: MerkleHash.empty)
        guard try Self.lastWrittenByte(file, from: UInt64(header.framed().count)) == nil else { return }
        try folder.remove(name)
        try folder.sync()
        lastSegment -= 1
    }

    /// Scans the segments from the mark on; returns the last segment's header.
    private mutating func scan(from mark: FileJournalStoreMark?) throws(ExchangeError) -> SegmentHeader {
        var number = mark?.segment ?? 0
        while true {
            let file = try DurableFile(folder.file(FileJournalStore.segmentName(number)), .read)
            let (header, begin) = try readHeader(file, number)
            let resumes = mark?.segment == number
            if !resumes, header.firstPosition != head.size || header.root != head.frontier.root {
                throw fault("segment does not continue the one before it", segment: number, offset: 0)
            }
            if let lastOrigin, !LogOrigin.mayPrecede(lastOrigin, header.origin) {
                throw fault("segment belongs to another log than the one before it", segment: number, offset: 0)
            }
            if lastOrigin != header.origin { ownFrom = head.size }
            lastOrigin = header.origin
            try scan(file, number, from: resumes ? mark?.offset ?? begin : begin)
            if isInspecting { try demandWhole(file, header) }
            if number == lastSegment {
                if lastGroup?.segment != number { lastGroup = nil }
                return header
            }
            number += 1
        }
    }

    private func readHeader(
        _ file: DurableFile, _ number: UInt32,
    ) throws(ExchangeError) -> (header: SegmentHeader, begin: UInt64) {
        let bytes = try file.read(at: 0, count: 4096)
        guard case .frame(.segment, let body, let next) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: 0) }) else {
            throw fault("segment has no readable header", segment: number, offset: 0)
        }
        let found = Array(bytes[body..<next])
        guard let header = SegmentHeader(found), header.number == number else {
            throw fault(
                "segment has no readable header", segment: number, offset: 0, isNewer: SegmentHeader.isNewer(found))
        }
        guard LogOrigin.mayPrecede(header.origin, origin), isInspecting || number < lastSegment || header.origin == origin
        else {
            throw ExchangeError(
                .conflict, "the journal belongs to the log \(header.origin), not to \(origin)", at: folder.path)
        }
        if !isInspecting { try demandWhole(file, header) }
        return (header, UInt64(next))
    }

    private func demandWhole(_ file: DurableFile, _ header: SegmentHeader) throws(ExchangeError) {
        let size = try file.size()
        guard size >= header.allocatedBytes else {
            throw fault("segment was cut short to \(size) bytes", segment: header.number, offset: size)
        }
    }

    private mutating func scan(_ file: DurableFile, _ number: UInt32, from begin: UInt64) throws(ExchangeError) {
        var scanner = SegmentScanner(segment: number, offset: begin, frontier: head.frontier)
        var offset = begin
        scannedEnd = begin
        reached = (number, begin)
        scanFault = nil
        feeding: while true {
            let piece = try file.read(at: offset, count: Self.pieceBytes)
            scanner.feed(piece[...])
            offset += UInt64(piece.count)
            while true {
                let step: SegmentScanner.Step
                do { step = try scanner.next() } catch {
                    scanFault = error
                    break feeding
                }
                if case .group(let group) = step {
                    try take(group)
                } else if case .blank = step {
                    break feeding
                } else {
                    break
                }
            }
            if piece.isEmpty { break }
        }
        if scanFault == nil, !scanner.isBetweenGroups || !scanner.unread.allSatisfy({ $0 == 0 }) {
            scanFault = SegmentFault(
                segment: number, offset: scanner.offset, position: scanner.lastBegun, reason: "the last group breaks off")
        }
        guard number < lastSegment else { return }
        if let scanFault { throw scanFault.error }
        if let written = try Self.lastWrittenByte(file, from: scannedEnd) {
            throw fault("bytes stand behind the last group", segment: number, offset: written)
        }
    }

    private mutating func take(_ group: ScannedGroup) throws(ExchangeError) {
        for checkpoint in [checkpoint].compactMap({ $0 }) + heads
        where checkpoint.size > head.size && checkpoint.size <= group.frontier.size {
            var tree = head.frontier
            for entry in group.entries where tree.size < checkpoint.size { tree.append(entry.leaf) }
            guard tree.root == checkpoint.root else {
                throw fault(
                    "the entries are not those the signed checkpoint vouches for",
                    segment: group.entries[0].location.segment, offset: group.start)
            }
        }
        unwritten += group.entries.map { FileJournalStoreLeaves.Record(leaf: $0.leaf, location: $0.location) }
        head = JournalHead(frontier: group.frontier, leaf: group.entries.last?.leaf ?? head.leaf)
        lastGroup = (group.entries[0].location.segment, group.start, group.end)
        scannedEnd = group.end
        reached = (group.entries[0].location.segment, group.end)
        try flushLeaves(all: false)
    }

    private mutating func flushLeaves(all: Bool) throws(ExchangeError) {
        guard !unwritten.isEmpty, all || unwritten.count >= 4096 else { return }
        try leaves.write(unwritten, at: head.size - UInt64(unwritten.count))
        unwritten = []
    }

    /// How many bytes of a torn write lie behind the last whole group; throws when they are something else.
    private func judgeTail(_ file: DurableFile, end: UInt64) throws(ExchangeError) -> UInt64 {
        guard let last = try Self.lastWrittenByte(file, from: end) else { return 0 }
        // Whole, and only unknown here: neither torn nor damaged.
        if let scanFault, scanFault.isNewer { throw scanFault.error }
        let bytes = try file.read(at: end, count: Int(clamping: last - end) + 1)
        let faultAt = scanFault?.offset ?? end
        let verdict = bytes.withUnsafeBytes {
            TailJudge.judge($0, segment: lastSegment, start: end, fault: faultAt)
        }
        switch verdict {
        case .clean: return 0
        case .torn: return UInt64(bytes.count)
        case .damaged(let reason):
            let found = scanFault.map { "\($0.reason); \(reason)" } ?? reason
            // Within a group the scan knows which entry it had come to.
            throw SegmentFault(
                segment: lastSegment, offset: faultAt, position: scanFault?.position ?? head.size, reason: found
            ).error
        }
    }

    private func askVouchers(
        _ mark: FileJournalStoreMark?, _ projection: AppliedMark?, end: UInt64,
    ) throws(ExchangeError) {
        var vouchers: [Voucher] = []
        if let mark, mark.origin == origin {
            vouchers.append(Voucher(entries: mark.head.size, name: "the store's own mark"))
        }
        if let checkpoint, checkpoint.origin == origin {
            vouchers.append(Voucher(entries: checkpoint.size, name: "a signed checkpoint"))
        }
        vouchers += heads.map { Voucher(entries: $0.size, name: "a signed checkpoint") }
        if let projection, projection.origin == origin {
            vouchers.append(Voucher(entries: projection.next, name: "the projection"))
        }
        for voucher in vouchers where voucher.entries > head.size {
            throw fault(
                "\(voucher.name) vouches for \(voucher.entries) entries, and only \(head.size) are whole",
                segment: lastSegment, offset: scanFault?.offset ?? end)
        }
    }

    /// Makes what was found durable: what is readable now may be in the page cache only, and after a failed sync marked
    /// clean there, so the last group is written again before it is synced (security.md L1).
    private func settle(
        _ file: DurableFile, header: SegmentHeader, end: UInt64, isTorn: Bool,
    ) throws(ExchangeError) {
        // Blanked, not cut and made long again: a power cut between the two would leave a file that looks cut short.
        if isTorn { try Self.blank(file, from: end) }
        if let lastGroup {
            let bytes = try file.read(at: lastGroup.start, count: Int(clamping: lastGroup.end - lastGroup.start))
            try file.write(bytes, at: lastGroup.start)
        }
        try file.write(header.framed(), at: 0)
        try file.sync()
        try folder.sync()
    }

    static func blank(_ file: DurableFile, from begin: UInt64) throws(ExchangeError) {
        guard let last = try lastWrittenByte(file, from: begin) else { return }
        var offset = begin
        while offset <= last {
            let count = min(UInt64(Self.pieceBytes), last - offset + 1)
            try file.write([UInt8](repeating: 0, count: Int(count)), at: offset)
            offset += count
        }
    }

    /// The offset of the last byte that is not zero, from an offset on; nil when there is none.
    static func lastWrittenByte(_ file: DurableFile, from begin: UInt64) throws(ExchangeError) -> UInt64? {
        var found: UInt64?
        var offset = begin
        while true {
            let piece = try file.read(at: offset, count: Self.pieceBytes)
            if piece.isEmpty { return found }
            if let index = lastNonzero(piece) { found = offset + UInt64(index) }
            offset += UInt64(piece.count)
        }
    }

    /// A blank segment is 64 MiB of zeros: `memcmp` with itself, moved by one, is quick in any build.
    private static func lastNonzero(_ bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let first = buffer.first else { return nil }
            if first == 0, memcmp(base, base + 1, buffer.count - 1) == 0 { return nil }
            return buffer.lastIndex { $0 != 0 }
        }
    }
}
