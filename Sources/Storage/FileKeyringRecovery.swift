import Crypto
import ExchangeCore
import Journal

/// Loads a keyring after whatever happened to it, and makes what it loaded durable (security.md L1, L2).
///
/// Records that were being made when the power went may be missing singly: they read as zero, and nothing was sealed
/// under their keys. A missing record with one of a later batch behind it was durable once: that is damage.
struct FileKeyringRecovery {
    private let file: DurableFile
    private var state = FileKeyring.State()
    /// The numbers of records that read as zero, with no whole record behind them yet.
    private var holes: [Int] = []
    /// The first of all records that read as zero: a record of a later batch behind it, however far, proves it damaged.
    private var firstHole = Int.max
    /// Holes with a whole record of their own batch behind them.
    private var voids: [(number: Int, batch: Int)] = []

    init(_ file: DurableFile) { self.file = file }

    mutating func recover(_ wrappingKey: SymmetricKey) throws(ExchangeError) -> FileKeyring.State {
        let size = FileKeyringRecord.bytes
        try FileKeyringRecord.check(head: try file.read(at: 0, count: size), wrappingKey, path: file.path)
        var number = 1
        while true {
            let piece = try file.read(at: UInt64(number * size), count: 8192 * size)
            if piece.isEmpty { break }
            for start in stride(from: 0, to: piece.count, by: size) {
                try take(Array(piece[start..<min(start + size, piece.count)]), number)
                number += 1
            }
        }
        let end = UInt64((state.count + 1) * size)
        if try file.size() != end { try file.truncate(end) }
        for void in voids { try file.write(FileKeyringRecord.void(batch: void.batch), at: UInt64(void.number * size)) }
        // What is readable may be in the page cache only: the last records are written again before they are synced.
        let tail = UInt64(max(0, state.count + 1 - 1024) * size)
        try file.write(try file.read(at: tail, count: Int(end - tail)), at: tail)
        try file.sync()
        return state
    }

    private mutating func take(_ record: [UInt8], _ number: Int) throws(ExchangeError) {
        if record.count < FileKeyringRecord.bytes || record.allSatisfy({ $0 == 0 }) {
            holes.append(number)
            firstHole = min(firstHole, number)
            return
        }
        guard let read = FileKeyringRecord(record), firstHole >= read.batch else {
            let place = min(firstHole, number) * FileKeyringRecord.bytes
            throw ExchangeError(
                .corrupted, "a record of the keyring is damaged; restore the keyring from a backup",
                at: "\(file.path), offset \(place)")
        }
        let blank = [UInt8](repeating: 0, count: FileKeyringRecord.wrappedBytes)
        for hole in holes {
            voids.append((hole, Int(read.batch)))
            state.wrapped += blank
        }
        holes = []
        state.wrapped += read.wrapped
        switch read.state {
        case .live: state.records[read.patient] = number
        case .erased: state.records[read.patient] = -number
        case .void: break
        }
    }
}
