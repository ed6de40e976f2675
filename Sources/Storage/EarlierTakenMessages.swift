import ExchangeCore
import Journal
import Transactions

/// What feeds had taken, as it was kept in files of its own before the journal remembered it: records of 32 bytes (kind, key,
/// content, checksum) in `taken.before` and `taken`.
package struct EarlierTakenMessages: Sendable {
    private static let recordBytes = 32
    private static let names = ["taken.before", "taken"]

    private let folder: DurableFolder

    /// The files of a folder; it need not be there.
    package init(_ path: String) { folder = DurableFolder(path) }

    /// What the files hold, the oldest first; what is damaged is passed over. Throws `.unavailable`.
    package func read() throws(ExchangeError) -> [TakenMessage] {
        var messages: [TakenMessage] = []
        for name in Self.names {
            let bytes = try folder.contents(name, bytesMax: 1 << 30) ?? []
            messages += (0..<bytes.count / Self.recordBytes).compactMap { number in
                Self.record(Array(bytes[number * Self.recordBytes..<(number + 1) * Self.recordBytes]))
            }
        }
        return messages
    }

    /// Removes the files for good: back after a power cut, they would set numbers back that have moved on since. Throws
    /// `.unavailable`.
    package func remove() throws(ExchangeError) {
        var isChanged = false
        for name in Self.names where try folder.contains(name) {
            try folder.remove(name)
            isChanged = true
        }
        if isChanged { try folder.sync() }
    }

    private static func record(_ bytes: [UInt8]) -> TakenMessage? {
        func number(_ from: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { $0 | UInt64(bytes[from + $1]) << (8 * UInt64($1)) }
        }
        guard number(28, 4) == UInt64(CRC32C.checksum(Array(bytes[..<28]))), let kind = TakenMessage.Kind(rawValue: bytes[0]) else {
            return nil
        }
        return TakenMessage(kind, key: Array(bytes[4..<20]), content: number(20, 8))
    }
}
