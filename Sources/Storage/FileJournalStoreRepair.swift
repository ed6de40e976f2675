import ExchangeCore
import Journal

/// Goes on after a loss that somebody has accepted: what is whole stays, what follows is set aside, and the log goes on
/// under a new origin, whose first entry names the old head (DESIGN, "Journal and projection").
///
/// The tree is the old one up to the loss, so every position and every proof of what was kept stays true. A file `repair`
/// stands in the folder from before the first change to behind the last one: until then nothing opens the journal, and
/// the same command finishes what was begun.
package struct FileJournalStoreRepair {
    /// What of a journal is whole.
    package struct Survey: Sendable {
        /// The log that the last readable segment belongs to.
        package let origin: String
        /// The whole entries, from the first on.
        package let head: JournalHead
        /// How many of them were written under that log's own name.
        package let own: UInt64
        /// Where the last of them ends: segment and offset; nil when not even the first segment can be read.
        package let end: (segment: UInt32, offset: UInt64)?
        /// Why what follows is lost; nil when nothing is.
        package let damage: ExchangeError?
    }

    static let marker = "repair"
    private let folder: DurableFolder
    private let options: FileJournalStore.Options
    private let lock: StoreLock

    /// Takes a journal's folder for itself. Throws `.conflict` while a node runs on it, `.notFound` where there is none.
    package init(
        _ path: String, options: FileJournalStore.Options = FileJournalStore.Options(),
    ) throws(ExchangeError) {
        folder = DurableFolder(path, calls: options.calls)
        self.options = options
        lock = try StoreLock(folder: path)
    }

    /// Lets others take the folder.
    package func close() { lock.release() }

    static func demandNone(_ folder: DurableFolder) throws(ExchangeError) {
        guard try folder.contents(marker) == nil else {
            throw ExchangeError(
                .corrupted,
                "a repair of the journal was begun and not finished; finish it with hie journal repair --accept-loss --yes",
                at: folder.path)
        }
    }

    /// What a repair that was cut off had set out to do; nil when none was.
    package func begun() throws(ExchangeError) -> [UInt8]? { try folder.contents(Self.marker) }

    /// Looks at everything; changes nothing.
    package func survey(origin: String) throws(ExchangeError) -> Survey {
        let names = try segmentNames()
        guard names.first == FileJournalStore.segmentName(0) else {
            return Survey(
                origin: origin, head: JournalHead(frontier: MerkleFrontier(), leaf: []), own: 0, end: nil,
                damage: ExchangeError(.corrupted, "the first segment is missing", at: folder.path))
        }
        var recovery = try FileJournalStoreRecovery(inspecting: folder, origin: origin, options: options, segments: names)
        return try recovery.inspect()
    }

    /// The largest number of a log that any segment here names, of one community: the next one is new.
    package func incarnation(of community: CommunityID) throws(ExchangeError) -> Int {
        var largest = 1
        for name in try segmentNames() {
            guard let log = FileJournalStore.origin(of: folder.file(name)).flatMap({ LogOrigin($0) }),
                log.community == community
            else { continue }
            largest = max(largest, log.incarnation)
        }
        return largest
    }

    /// The root over the first entries of what was surveyed; nil when there are not that many.
    package func root(at size: UInt64, of survey: Survey) throws(ExchangeError) -> [UInt8]? {
        guard size <= survey.head.size else { return nil }
        let leaves = try FileJournalStoreLeaves(folder, calls: options.calls)
        var tree = MerkleFrontier()
        while tree.size < size {
            let records = try leaves.records(tree.size..<min(size, tree.size + 4096))
            guard !records.isEmpty else { return nil }
            for record in records { tree.append(record.leaf) }
        }
        return tree.root
    }

    /// How many of the surveyed entries were there when a head was signed that the journal does not continue: they end with
    /// what a restore since has left, or with the first entry that is younger than the head.
    ///
    /// - Parameter signed: when it was, to the second.
    package func common(signed: Timestamp, of survey: Survey) throws(ExchangeError) -> UInt64 {
        let leaves = try FileJournalStoreLeaves(folder, calls: options.calls)
        var (low, high) = (UInt64(0), survey.head.size)
        while low < high {
            let middle = low + (high - low) / 2
            if try header(middle, leaves).time < signed { low = middle + 1 } else { high = middle }
        }
        while low < survey.head.size {
            let header = try header(low, leaves)
            if header.kind == .repair || header.time > signed + .milliseconds(999) { return low }
            low += 1
        }
        return low
    }

    private func header(
        _ position: JournalPosition, _ leaves: FileJournalStoreLeaves,
    ) throws(ExchangeError) -> EntryHeader {
        guard let place = try leaves.records(position..<position + 1).first?.location else {
            throw ExchangeError(.internal, "an entry that was surveyed has no place")
        }
        let file = try DurableFile(folder.file(FileJournalStore.segmentName(place.segment)), .read)
        let head = try file.read(at: place.offset, count: EntryFrame.headerBytes)
        guard head.count == EntryFrame.headerBytes else { throw ExchangeError(.internal, "an entry that was read is gone") }
        let bytes = try file.read(
            at: place.offset, count: EntryFrame.headerBytes + Int(head.littleEndian(UInt32.self, at: 0)))
        guard case .frame(.entry, let body, let next) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: 0) }),
            let header = EntryHeader(Array(bytes[body..<next]))
        else { throw ExchangeError(.internal, "an entry that was read has no header any more") }
        return header
    }

    /// Sets aside what is not whole, and goes on under a new origin with one entry.
    ///
    /// - Parameters:
    ///   - plan: what is about to be done, for whoever finishes it; kept while it is under way.
    ///   - aside: a folder to be made, beside the journal's, that takes what was lost; nothing of it is deleted.
    ///   - entry: the first entry of the new log.
    ///   - sign: the checkpoint over a tree, signed under the new origin.
    ///
    /// Safe to repeat after a crash, with another folder. Throws `.unavailable` when the disk refuses.
    package func goOn(
        after survey: Survey, as origin: String, plan: [UInt8], aside path: String, with entry: SealedEntry,
        sign: (MerkleFrontier) throws(ExchangeError) -> String,
    ) throws(ExchangeError) {
        if try begun() == nil { try folder.replace(Self.marker, with: plan) }
        var frontier = survey.head.frontier
        if survey.origin != origin || survey.own == 0 || survey.damage != nil {
            let aside = DurableFolder(path, calls: options.calls)
            try aside.create()
            let keeps = survey.end.map { $0.segment + 1 } ?? 0
            for name in try segmentNames().reversed() where name >= FileJournalStore.segmentName(keeps) {
                try move(name, to: aside)
            }
            if let end = survey.end { try cut(FileJournalStore.segmentName(end.segment), behind: end.offset, to: aside) }
            frontier = try begin(keeps, origin, after: survey.head, with: entry)
            for name in ["checkpoint", FileJournalStoreMark.name, FileJournalStoreLeaves.name]
            where try folder.contains(name) {
                try move(name, to: aside)
            }
        }
        try folder.replace("checkpoint", with: Array(try sign(frontier).utf8))
        try folder.remove(Self.marker)
        try folder.sync()
    }

    private func segmentNames() throws(ExchangeError) -> [String] {
        try folder.names().filter { $0.hasSuffix(".segment") }
    }

    private func move(_ name: String, to aside: DurableFolder) throws(ExchangeError) {
        try folder.move(name, to: aside)
        try aside.sync()
        try folder.sync()
    }

    /// Blanks what stands behind the last whole group, after a copy of the whole segment was set aside. In place: cut off
    /// in the middle, it leaves the whole groups whole.
    private func cut(_ name: String, behind offset: UInt64, to aside: DurableFolder) throws(ExchangeError) {
        let file = try DurableFile(folder.file(name), .update, calls: options.calls)
        let bytes = try file.read(at: 0, count: 4096)
        guard case .frame(.segment, let body, let next) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: 0) }),
            let header = SegmentHeader(Array(bytes[body..<next]))
        else { throw ExchangeError(.internal, "a segment that was read has no header any more") }
        if try FileJournalStoreRecovery.lastWrittenByte(file, from: offset) != nil {
            try copy(file, name, to: aside)
            try FileJournalStoreRecovery.blank(file, from: offset)
        }
        if try file.size() < header.allocatedBytes { try file.allocate(header.allocatedBytes) }
        try file.sync()
    }

    private func copy(_ file: DurableFile, _ name: String, to aside: DurableFolder) throws(ExchangeError) {
        let partial = name + ".part"
        try aside.remove(partial)
        let kept = try DurableFile(aside.file(partial), .create, calls: options.calls)
        var offset: UInt64 = 0
        while true {
            let piece = try file.read(at: offset, count: 1 << 20)
            if piece.isEmpty { break }
            try kept.write(piece, at: offset)
            offset += UInt64(piece.count)
        }
        try kept.sync()
        try aside.rename(partial, name)
    }

    /// The segment of the new log, with its first group in it.
    private func begin(
        _ number: UInt32, _ origin: String, after head: JournalHead, with entry: SealedEntry,
    ) throws(ExchangeError) -> MerkleFrontier {
        var frontier = head.frontier
        frontier.append(entry.leaf)
        let group = JournalGroup(firstPosition: head.size, entries: [entry], frontier: frontier)
        let made = try FileJournalStore.makeSegment(
            number, origin: origin, head: head, folder: folder, options: options, room: UInt64(group.framedBytes))
        try made.file.write(group.framed(segment: number, start: made.offset).bytes, at: made.offset)
        try made.file.sync()
        return frontier
    }
}

extension FileJournalStore {
    /// The log of the last segment with a readable header that is one of a community's; nil when there is none.
    package static func origin(in path: String, of community: CommunityID) -> String? {
        let folder = DurableFolder(path)
        for name in ((try? folder.names()) ?? []).reversed() where name.hasSuffix(".segment") {
            if let origin = origin(of: folder.file(name)), LogOrigin(origin)?.community == community { return origin }
        }
        return nil
    }

    /// The log that a segment's header names; nil when it cannot be read.
    static func origin(of segment: String) -> String? {
        guard let bytes = try? DurableFile(segment, .read).read(at: 0, count: 4096),
            case .frame(.segment, let body, let next) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: 0) })
        else { return nil }
        return SegmentHeader(Array(bytes[body..<next]))?.origin
    }
}
