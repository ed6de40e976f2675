import ExchangeCore
import Journal

/// Bytes of a segment read ahead, so that entries that lie near each other cost one read of the disk.
struct SegmentWindow {
    private var segment: UInt32?
    private var start: UInt64 = 0
    private var bytes: [UInt8] = []
    private let ahead: Int

    /// What is read for an entry alone: most are shorter.
    private static let alone = 4096
    private static let aheadMax = 1 << 20
    /// Entries that lie further apart have large documents between them, which are not read.
    private static let apartMax = 32 << 10

    /// A window for entries that are asked for one after the other, in the order of the records.
    init(_ records: [FileJournalStoreLeaves.Record]) {
        guard let first = records.first?.location, let last = records.last?.location else {
            ahead = Self.alone
            return
        }
        let span = first.segment == last.segment && last.offset > first.offset ? last.offset - first.offset : 0
        let isNear = records.count > 1 && first.segment == last.segment && span / UInt64(records.count) <= Self.apartMax
        // Two segments: nothing is known of the distances, but that a segment holds many.
        let isSplit = records.count > 1 && first.segment != last.segment
        ahead = isNear ? Int(min(UInt64(Self.aheadMax), span + UInt64(Self.alone))) : isSplit ? 16 * Self.alone : Self.alone
    }

    /// What stands at an entry's place: the entry's bytes, or what is wrong. Throws `.unavailable` from the disk.
    mutating func entry(
        at place: EntryLocation, in file: DurableFile,
    ) throws(ExchangeError) -> Result<[UInt8], SegmentReason> {
        if segment != place.segment || place.offset < start || place.offset >= start + UInt64(bytes.count) {
            try load(place, file, count: ahead)
        }
        var at = Int(place.offset - start)
        var reading = bytes.withUnsafeBytes { EntryFrame.read($0, at: at) }
        if case .needsMore(let end) = reading {
            try load(place, file, count: max(ahead, end - at))
            at = 0
            reading = bytes.withUnsafeBytes { EntryFrame.read($0, at: 0) }
        }
        // The first read tells how long a large entry is.
        if case .needsMore(let end) = reading {
            try load(place, file, count: end)
            reading = bytes.withUnsafeBytes { EntryFrame.read($0, at: 0) }
        }
        switch reading {
        case .frame(.entry, let body, let next): return .success(Array(bytes[body..<next]))
        case .damaged(let reason): return .failure(SegmentReason(text: reason))
        case .frame, .blank, .needsMore: return .failure(SegmentReason(text: "no entry stands where one should"))
        }
    }

    private mutating func load(_ place: EntryLocation, _ file: DurableFile, count: Int) throws(ExchangeError) {
        bytes = try file.read(at: place.offset, count: count)
        segment = place.segment
        start = place.offset
    }
}

/// Why no entry could be read, as a lower-case sentence.
struct SegmentReason: Error {
    let text: String
}
