import ExchangeCore
import Journal

/// The leaf hash and the place of each entry, in a file beside the segments that can be made again from them.
///
/// 44 bytes an entry: leaf (32), segment (4), offset (8). Not synced with the groups, only before a mark.
struct FileJournalStoreLeaves: Sendable {
    struct Record: Equatable, Sendable {
        let leaf: [UInt8]
        let location: EntryLocation
    }

    static let name = "leaves"
    static let recordBytes = 44
    private let file: DurableFile

    init(_ folder: DurableFolder, calls: FileCalls) throws(ExchangeError) {
        file = try DurableFile(folder.file(Self.name), .updateOrCreate, calls: calls)
    }

    /// The records of a range; fewer when the file is short. Throws `.unavailable`.
    func records(_ range: Range<JournalPosition>) throws(ExchangeError) -> [Record] {
        let bytes = try file.read(
            at: range.lowerBound * UInt64(Self.recordBytes),
            count: Int(range.upperBound - range.lowerBound) * Self.recordBytes)
        return (0..<bytes.count / Self.recordBytes).map { index in
            let at = index * Self.recordBytes
            return Record(
                leaf: Array(bytes[at..<at + 32]),
                location: EntryLocation(
                    segment: bytes.littleEndian(UInt32.self, at: at + 32),
                    offset: bytes.littleEndian(UInt64.self, at: at + 36)))
        }
    }

    /// Writes records from a position on. Throws `.unavailable`.
    func write(_ records: some Collection<Record>, at position: JournalPosition) throws(ExchangeError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.count * Self.recordBytes)
        for record in records {
            bytes += record.leaf
            bytes.appendLittleEndian(record.location.segment)
            bytes.appendLittleEndian(record.location.offset)
        }
        try file.write(bytes, at: position * UInt64(Self.recordBytes))
    }

    /// Cuts what stands for entries from a position on. Throws `.unavailable`.
    func truncate(to position: JournalPosition) throws(ExchangeError) {
        try file.truncate(position * UInt64(Self.recordBytes))
    }

    /// Makes the records durable. Throws `.unavailable`.
    func sync() throws(ExchangeError) { try file.sync() }
}
