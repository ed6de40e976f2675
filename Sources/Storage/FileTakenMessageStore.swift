import Crypto
import ExchangeCore
import Glibc
import Journal
import Synchronization
import Transactions

/// What feeds have taken as records of 32 bytes (kind, key, content, checksum) in two files: `taken`, and `taken.before`,
/// which it becomes when it is full.
///
/// Those who wait at the same time share one sync. A torn end was never acknowledged and is cut; a damaged record is passed
/// over: a message forgotten is taken as a new one, which the transactions hold off where it is here.
package final class FileTakenMessageStore: TakenMessageStore {
    private static let recordBytes = 32
    private static let name = "taken"
    private static let before = "taken.before"

    /// One record on its way to the disk, and what became of it.
    private final class Writing: Sendable {
        let bytes: [UInt8]
        let fault = Mutex<ExchangeError?>(nil)

        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    private let folder: DurableFolder
    private let key: SymmetricKey
    private let countMax: Int
    private let threads = BlockingThreads(count: 1)
    private let waiting = Mutex<[Writing]>([])
    /// Bytes of `taken`; touched by the one thread alone.
    private let length: Mutex<Int>
    private let found: [TakenMessage]

    /// Opens the files of a folder, made when it is not there; `count` records fill one.
    ///
    /// - Parameter key: 32 bytes; of another key nothing is recognised.
    /// - Throws: `.unavailable`.
    package init(_ path: String, key: [UInt8], atMost count: Int) throws(ExchangeError) {
        folder = DurableFolder(path)
        self.key = SymmetricKey(data: key)
        countMax = max(1, count)
        try folder.create()
        let newest = try Self.records(folder, Self.name)
        found = Array((try Self.records(folder, Self.before) + newest).suffix(countMax))
        // Records begin at multiples of their length: a torn end goes.
        try folder.replace(Self.name, with: newest.flatMap(Self.bytes))
        length = Mutex(newest.count * Self.recordBytes)
    }

    package func digest(_ bytes: [UInt8]) -> [UInt8] {
        Array(Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key)).prefix(16))
    }

    package func taken() -> [TakenMessage] { found }

    package func remember(_ message: TakenMessage) async throws(ExchangeError) {
        let writing = Writing(Self.bytes(message))
        waiting.withLock { $0.append(writing) }
        // Whoever comes first writes for all who wait; those behind find it done.
        try await threads.run { [self] () throws(ExchangeError) in writeAll() }
        if let fault = writing.fault.withLock({ $0 }) { throw fault }
    }

    private func writeAll() {
        let group = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !group.isEmpty else { return }
        do throws(ExchangeError) {
            if length.withLock({ $0 }) >= countMax * Self.recordBytes { try turn() }
            try write(group.flatMap(\.bytes))
        } catch {
            for writing in group { writing.fault.withLock { $0 = error } }
        }
    }

    /// Begins a new file; the full one is kept until the next is full, too.
    private func turn() throws(ExchangeError) {
        guard rename(folder.file(Self.name), folder.file(Self.before)) == 0 else {
            throw FileErrors.error("rename", folder.file(Self.name))
        }
        try folder.replace(Self.name, with: [])
        length.withLock { $0 = 0 }
    }

    /// Behind what is there; what a failed write left is written over by the next.
    private func write(_ bytes: [UInt8]) throws(ExchangeError) {
        let path = folder.file(Self.name)
        let file = FileErrors.retrying { open(path, O_WRONLY | O_CLOEXEC) }
        guard file >= 0 else { throw FileErrors.error("open", path) }
        defer { close(file) }
        var at = length.withLock { $0 }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = FileErrors.retrying { rest.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(at)) } }
            guard written > 0 else { throw FileErrors.error("write", path) }
            rest = rest.dropFirst(written)
            at += written
        }
        guard FileErrors.retrying({ fdatasync(file) }) == 0 else { throw FileErrors.error("sync", path) }
        length.withLock { $0 = at }
    }

    private static func records(_ folder: DurableFolder, _ name: String) throws(ExchangeError) -> [TakenMessage] {
        guard let bytes = try folder.contents(name, bytesMax: 1 << 30) else { return [] }
        return (0..<bytes.count / recordBytes).compactMap { record(Array(bytes[$0 * recordBytes..<($0 + 1) * recordBytes])) }
    }

    private static func bytes(_ message: TakenMessage) -> [UInt8] {
        var bytes = [message.kind.rawValue, 0, 0, 0] + message.key
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: message.content >> (8 * $0)) }
        let check = CRC32C.checksum(bytes)
        return bytes + (0..<4).map { UInt8(truncatingIfNeeded: check >> (8 * $0)) }
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
