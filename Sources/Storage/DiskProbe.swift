import ExchangeCore
import Glibc

/// Asks a disk whether it takes writes, with a file of its own: what failed before is never tried again (security.md L1).
package enum DiskProbe {
    static let name = "probe"
    private static let bytes = 1 << 20

    /// Reserves `room` bytes in a new file of the folder, writes and syncs some, and removes it again.
    ///
    /// Throws `.unavailable` saying what the disk refuses.
    package static func write(
        in path: String, room: UInt64, calls: FileCalls = .system,
    ) async throws(ExchangeError) {
        try await BlockingThreads(count: 1).run { () throws(ExchangeError) in
            let folder = DurableFolder(path, calls: calls)
            try folder.remove(name)
            do throws(ExchangeError) {
                let file = try DurableFile(folder.file(name), .create, calls: calls)
                try file.allocate(max(room, UInt64(bytes)))
                try file.write([UInt8](repeating: 0x50, count: bytes), at: 0)
                try file.sync()
            } catch {
                try? folder.remove(name)
                throw error
            }
            try folder.remove(name)
            try folder.sync()
        }
    }

    /// Bytes that the disk of a folder has left for this user; nil when nobody can say.
    package static func freeBytes(in path: String) -> UInt64? {
        var found = statvfs()
        guard statvfs(path, &found) == 0 else { return nil }
        return UInt64(found.f_bavail) * UInt64(found.f_frsize)
    }

    /// Bytes that a file takes on its disk; 0 where there is none.
    package static func takenBytes(of path: String) -> UInt64 {
        var found = stat()
        return stat(path, &found) == 0 ? UInt64(clamping: found.st_blocks) * 512 : 0
    }
}
