import ExchangeCore
import Journal

/// Where the store last knew itself durable: where a start resumes its scan, and a voucher for everything before.
///
/// Written beside the segments every few megabytes and on closing, only behind a sync of segments and leaves.
struct FileJournalStoreMark: Equatable {
    let origin: String
    let head: JournalHead
    /// The segment that is written.
    let segment: UInt32
    /// The end of the last group in it.
    let offset: UInt64

    static let name = "mark"
    private static let magic = Array("CONCMARK".utf8)

    init(origin: String, head: JournalHead, segment: UInt32, offset: UInt64) {
        self.origin = origin
        self.head = head
        self.segment = segment
        self.offset = offset
    }

    /// Nil when the bytes are not a whole mark: the start scans everything then.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 67, bytes.starts(with: Self.magic), bytes[8] == 1,
            CRC32C.checksum(Array(bytes.dropLast(4))) == bytes.littleEndian(UInt32.self, at: bytes.count - 4)
        else { return nil }
        let size = bytes.littleEndian(UInt64.self, at: 9)
        segment = bytes.littleEndian(UInt32.self, at: 17)
        offset = bytes.littleEndian(UInt64.self, at: 21)
        let leaf = size == 0 ? [] : Array(bytes[29..<61])
        let peaks = Int(bytes[61])
        let origin = 62 + 32 * peaks
        guard bytes.count - 4 >= origin,
            let frontier = MerkleFrontier(
                size: size, peaks: (0..<peaks).map { Array(bytes[(62 + 32 * $0)..<(94 + 32 * $0)]) }),
            let text = String(validating: bytes[origin..<bytes.count - 4], as: UTF8.self)
        else { return nil }
        self.origin = text
        head = JournalHead(frontier: frontier, leaf: leaf)
    }

    func encoded() -> [UInt8] {
        var bytes = Self.magic + [1]
        bytes.appendLittleEndian(head.size)
        bytes.appendLittleEndian(segment)
        bytes.appendLittleEndian(offset)
        bytes += head.size == 0 ? [UInt8](repeating: 0, count: 32) : head.leaf
        bytes.append(UInt8(truncatingIfNeeded: head.frontier.peaks.count))
        bytes += head.frontier.peaks.joined()
        bytes += Array(origin.utf8)
        bytes.appendLittleEndian(CRC32C.checksum(bytes))
        return bytes
    }
}
