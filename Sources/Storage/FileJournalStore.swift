import ExchangeCore
import Journal
import Synchronization

/// A journal in a folder of segment files, each preallocated and written front to back: one write and one sync a group.
///
/// Beside the segments lie `leaves` (where each entry is; made again when lost), `mark` (where a start may begin its
/// scan), `checkpoint` (the last signed head) and `lock`. Everything that blocks runs on threads of its own.
package final class FileJournalStore: JournalStore {
    /// How the store lays out its files.
    package struct Options: Sendable {
        /// Bytes preallocated for a segment; a larger group gets a segment of its own size.
        package var segmentBytes: UInt64 = 64 << 20
        /// Bytes written between two marks.
        package var markBytes: UInt64 = 16 << 20
        /// Whether a start scans everything, and makes `leaves` again, even when a mark would spare it that.
        package var scansEverything = false
        /// The calls that make bytes durable.
        package var calls = FileCalls.system

        /// The options of a node that was not told otherwise.
        package init() {}
    }

    /// Where the store writes: touched by the writing thread only.
    struct Tail: Sendable {
        var head: JournalHead
        var segment: UInt32
        var file: DurableFile
        var offset: UInt64
        var allocated: UInt64
        var unmarkedBytes: UInt64 = 0
    }

    struct Published: Sendable {
        var head: JournalHead
        var failure: ExchangeError?
        /// Whether a segment was removed, replaced or cut: what it held is in the open file alone then.
        var isLost = false
        var isClosed = false
    }

    package let origin: String
    let folder: DurableFolder
    let options: Options
    private let lock: StoreLock
    private let leafRecords: FileJournalStoreLeaves
    let writing = BlockingThreads(count: 1)
    let reading = BlockingThreads(count: 2)
    let tail: Mutex<Tail>
    let published: Mutex<Published>
    let segments = Mutex<[UInt32: DurableFile]>([:])
    private let checkpointLock = Mutex<Void>(())
    private static let readBytesMax = 16 << 20
    private static let readEntriesMax = 65_536

    init(
        origin: String, folder: DurableFolder, options: Options, lock: StoreLock, leaves: FileJournalStoreLeaves,
        tail: Tail,
    ) {
        self.origin = origin
        self.folder = folder
        self.options = options
        self.lock = lock
        leafRecords = leaves
        self.tail = Mutex(tail)
        published = Mutex(Published(head: tail.head))
    }

    static func segmentName(_ number: UInt32) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits + ".segment"
    }

    package func head() async throws(ExchangeError) -> JournalHead { published.withLock { $0.head } }

    package func append(_ group: JournalGroup) async throws(ExchangeError) -> [EntryLocation] {
        try await writing.run { () throws(ExchangeError) in try self.write(group) }
    }

    package func read(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> [StoredEntry] {
        let end = published.withLock { $0.head.size }
        guard position < end, limit > 0 else { return [] }
        let range = position..<position + min(UInt64(min(limit, Self.readEntriesMax)), end - position)
        return try await reading.run { () throws(ExchangeError) in try self.entries(range) }
    }

    package func readContent(_ reference: ContentReference) async throws(ExchangeError) -> [UInt8] {
        try await reading.run { () throws(ExchangeError) in
            let place = reference.location
            let named = "segment \(place.segment), offset \(place.offset), document \(reference.document)"
            guard place.length <= UInt32(EntryFrame.bodyBytesMax) else {
                throw ExchangeError(.corrupted, "impossible length of a document", at: named)
            }
            let file = try self.segment(place.segment)
            let bytes = try file.read(at: place.offset, count: Int(place.length))
            guard bytes.count == Int(place.length), EntrySeal.digest(of: bytes) == reference.sealedDigest else {
                if try Self.isRemoved(reference, in: file) {
                    throw ExchangeError(.gone, "the document was erased", at: named)
                }
                throw ExchangeError(
                    .corrupted, "a document's bytes are not those its entry names; run `hie audit verify`", at: named)
            }
            return bytes
        }
    }

    package func leaves(_ range: Range<JournalPosition>) async throws(ExchangeError) -> [[UInt8]] {
        guard range.upperBound <= published.withLock({ $0.head.size }) else {
            throw ExchangeError(.badRequest, "the journal has no entry \(range.upperBound) yet")
        }
        return try await reading.run { () throws(ExchangeError) in try self.records(range).map(\.leaf) }
    }

    package func checkpoint() async throws(ExchangeError) -> String? {
        try await reading.run { () throws(ExchangeError) in
            try self.folder.contents("checkpoint", bytesMax: 65_536).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    package func keepCheckpoint(_ text: String) async throws(ExchangeError) {
        try await reading.run { () throws(ExchangeError) in
            try self.checkpointLock.withLock { _ throws(ExchangeError) in
                try self.folder.replace("checkpoint", with: Array(text.utf8))
            }
        }
    }

    /// Leaves a mark, so that the next start is quick, refuses every further append, and gives the folder free.
    package func close() async throws(ExchangeError) {
        try await writing.run { () throws(ExchangeError) in
            let (isOpen, isSound) = self.published.withLock { state in
                defer { state.isClosed = true }
                return (!state.isClosed, state.failure == nil)
            }
            guard isOpen else { return }
            defer { self.lock.release() }
            if isSound { try self.tail.withLock { tail throws(ExchangeError) in try self.leaveMark(&tail) } }
        }
    }

    private func write(_ group: JournalGroup) throws(ExchangeError) -> [EntryLocation] {
        let state = published.withLock { $0 }
        if let failure = state.failure { throw failure }
        if state.isClosed { throw ExchangeError(.unavailable, "the journal is closed") }
        do throws(ExchangeError) {
            return try tail.withLock { tail throws(ExchangeError) in try self.write(group, &tail) }
        } catch {
            published.withLock { $0.failure = error }
            throw error
        }
    }

    private func write(_ group: JournalGroup, _ tail: inout Tail) throws(ExchangeError) -> [EntryLocation] {
        guard group.firstPosition == tail.head.size, let last = group.entries.last,
            group.frontier.size == tail.head.size + UInt64(group.entries.count)
        else { throw ExchangeError(.internal, "a group does not continue the journal at entry \(tail.head.size)") }
        let bytesNeeded = UInt64(group.framedBytes)
        if tail.offset + bytesNeeded > tail.allocated { try beginSegment(&tail, room: bytesNeeded) }
        let (bytes, locations) = group.framed(segment: tail.segment, start: tail.offset)
        try tail.file.write(bytes, at: tail.offset)
        try tail.file.sync()
        try demandInPlace(tail)
        let records = zip(group.entries, locations).map { entry, location in
            FileJournalStoreLeaves.Record(leaf: entry.leaf, location: location)
        }
        try leafRecords.write(records, at: group.firstPosition)
        tail.offset += UInt64(bytes.count)
        tail.unmarkedBytes += UInt64(bytes.count)
        tail.head = JournalHead(frontier: group.frontier, leaf: last.leaf)
        if tail.unmarkedBytes >= options.markBytes { try leaveMark(&tail) }
        published.withLock { $0.head = tail.head }
        return locations
    }

    private func beginSegment(_ tail: inout Tail, room: UInt64) throws(ExchangeError) {
        let (number, overflow) = tail.segment.addingReportingOverflow(1)
        guard !overflow else { throw ExchangeError(.tooLarge, "the journal has no more segment numbers") }
        let made = try Self.makeSegment(
            number, origin: origin, head: tail.head, folder: folder, options: options, room: room)
        tail.segment = number
        tail.file = made.file
        tail.offset = made.offset
        tail.allocated = made.allocated
        try leaveMark(&tail)
    }

    /// Makes a segment that is durable with its header, in the folder too, before anything is written to it.
    static func makeSegment(
        _ number: UInt32, origin: String, head: JournalHead, folder: DurableFolder, options: Options, room: UInt64,
    ) throws(ExchangeError) -> (file: DurableFile, offset: UInt64, allocated: UInt64) {
        let allocated = max(options.segmentBytes, room + 4096)
        let header = SegmentHeader(
            origin: origin, number: number, firstPosition: head.size, allocatedBytes: allocated,
            root: head.frontier.root
        ).framed()
        let file = try DurableFile(folder.file(segmentName(number)), .create, calls: options.calls)
        try file.allocate(allocated)
        try file.sync()
        try file.write(header, at: 0)
        try file.sync()
        try folder.sync()
        return (file, UInt64(header.count), allocated)
    }

    private func leaveMark(_ tail: inout Tail) throws(ExchangeError) {
        try leafRecords.sync()
        let mark = FileJournalStoreMark(origin: origin, head: tail.head, segment: tail.segment, offset: tail.offset)
        try folder.replace(FileJournalStoreMark.name, with: mark.encoded())
        tail.unmarkedBytes = 0
    }

    private func segment(_ number: UInt32) throws(ExchangeError) -> DurableFile {
        if let open = segments.withLock({ $0[number] }) { return open }
        let file: DurableFile
        do throws(ExchangeError) {
            file = try DurableFile(folder.file(Self.segmentName(number)), .read)
        } catch  where error.code == .notFound {
            throw ExchangeError(.corrupted, "a segment of the journal is missing", at: "segment \(number)")
        }
        segments.withLock { $0[number] = file }
        return file
    }

    private func records(_ range: Range<JournalPosition>) throws(ExchangeError) -> [FileJournalStoreLeaves.Record] {
        let records = try leafRecords.records(range)
        guard records.count == range.count else {
            throw ExchangeError(
                .corrupted, "the file of leaves is short: stop the node, remove it, and start again",
                at: folder.file(FileJournalStoreLeaves.name))
        }
        return records
    }

    private func entries(_ range: Range<JournalPosition>) throws(ExchangeError) -> [StoredEntry] {
        let records = try records(range)
        var window = SegmentWindow(records)
        var entries: [StoredEntry] = []
        entries.reserveCapacity(records.count)
        var bytes = 0
        for (position, record) in zip(range, records) {
            let entry = try entry(position, record, &window)
            bytes += entry.bytes.count
            entries.append(entry)
            if bytes >= Self.readBytesMax { break }
        }
        return entries
    }

    private func entry(
        _ position: JournalPosition, _ record: FileJournalStoreLeaves.Record, _ window: inout SegmentWindow,
    ) throws(ExchangeError) -> StoredEntry {
        let place = record.location
        func fault(_ reason: String) -> ExchangeError {
            SegmentFault(segment: place.segment, offset: place.offset, position: position, reason: reason).error
        }
        switch try window.entry(at: place, in: try segment(place.segment)) {
        case .failure(let reason): throw fault(reason.text)
        case .success(let entry):
            guard MerkleHash.leaf(entry) == record.leaf else { throw fault("the entry is not the one that was written") }
            return StoredEntry(position: position, location: place, bytes: entry)
        }
    }
}
