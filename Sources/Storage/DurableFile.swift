import ExchangeCore
import Glibc

/// An open file that is read and written at offsets, with errors that say what to do. Closed when released.
package final class DurableFile: Sendable {
    /// Where it lies.
    package let path: String
    private let descriptor: Int32
    private let calls: FileCalls

    /// How to open.
    package enum Mode: Sendable {
        /// Must exist; only read.
        case read
        /// Must exist; read and written.
        case update
        /// Must not exist; made with mode 0600.
        case create
        /// Made with mode 0600 where it does not exist.
        case updateOrCreate
    }

    /// Opens a file. Throws `.notFound`, `.conflict` (exists already) or `.unavailable`.
    package init(_ path: String, _ mode: Mode, calls: FileCalls = .system) throws(ExchangeError) {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .update: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .updateOrCreate: O_RDWR | O_CREAT
            }
        let opened = FileErrors.retrying { open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard opened >= 0 else { throw FileErrors.error("open", path) }
        descriptor = opened
        self.path = path
        self.calls = calls
    }

    deinit { close(descriptor) }

    /// How long it is. Throws `.unavailable`.
    package func size() throws(ExchangeError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileErrors.error("look at", path) }
        return UInt64(status.st_size)
    }

    /// Whether a path, its own unless it was renamed, still leads to it, and it has at least that many bytes: a file that was removed, replaced or cut goes
    /// with the process that holds it.
    package func isInPlace(at place: String? = nil, bytesMin: UInt64 = 0) -> Bool {
        var (held, named) = (stat(), stat())
        guard fstat(descriptor, &held) == 0, held.st_nlink > 0, lstat(place ?? path, &named) == 0 else { return false }
        return held.st_dev == named.st_dev && held.st_ino == named.st_ino && UInt64(clamping: held.st_size) >= bytesMin
    }

    /// How long it is and when it was last written, by whomever; nil when the system does not say.
    var stamp: Stamp? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        return Stamp(bytes: Int64(status.st_size), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    /// What changes when somebody writes to a file.
    struct Stamp: Equatable, Sendable {
        let bytes: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    /// Up to `count` bytes from an offset, fewer only at the end of the file. Throws `.unavailable`.
    package func read(at offset: UInt64, count: Int) throws(ExchangeError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let got = FileErrors.retrying {
                    pread(descriptor, base + filled, count - filled, off_t(clamping: offset) + off_t(filled))
                }
                if got < 0 { failed = true }
                if got <= 0 { return }
                filled += got
            }
        }
        if failed { throw FileErrors.error("read", path) }
        return bytes
    }

    /// Writes all bytes at an offset, however often the system takes only some. Throws `.unavailable`.
    package func write(_ bytes: [UInt8], at offset: UInt64) throws(ExchangeError) {
        var written = 0
        while written < bytes.count {
            let put = bytes.withUnsafeBytes { buffer -> Int in
                guard let base = buffer.baseAddress else { return 0 }
                return FileErrors.retrying {
                    calls.write(descriptor, base + written, bytes.count - written, Int(clamping: offset) + written)
                }
            }
            guard put > 0 else { throw FileErrors.error("write", path) }
            written += put
        }
    }

    /// Makes what was written durable. Throws `.unavailable`; must then never be called again (security.md L1).
    package func sync() throws(ExchangeError) {
        guard FileErrors.retrying({ calls.sync(descriptor) }) == 0 else { throw FileErrors.error("sync", path) }
    }

    /// Reserves room, reading as zero, up to a length. Throws `.unavailable` when the disk has not that much.
    package func allocate(_ length: UInt64) throws(ExchangeError) {
        let code = calls.allocate(descriptor, Int(clamping: length))
        guard code == 0 else { throw FileErrors.error("allocate", path, code: code) }
    }

    /// Cuts everything behind a length. Throws `.unavailable`.
    package func truncate(_ length: UInt64) throws(ExchangeError) {
        guard FileErrors.retrying({ calls.truncate(descriptor, Int(clamping: length)) }) == 0 else {
            throw FileErrors.error("cut", path)
        }
    }

    /// Lets others take the file.
    func unlock() { _ = flock(descriptor, LOCK_UN) }

    /// Takes the file for this process alone; false when another has it.
    func lockExclusively() -> Bool { FileErrors.retrying { flock(descriptor, LOCK_EX | LOCK_NB) } == 0 }
}

/// What the system's error numbers mean for the person who runs the node.
enum FileErrors {
    /// Repeats a call that a signal interrupted.
    static func retrying<Value: SignedInteger>(_ call: () -> Value) -> Value {
        while true {
            let value = call()
            if value != -1 || errno != EINTR { return value }
        }
    }

    /// The error of the call that just failed.
    static func error(_ verb: String, _ path: String, code: Int32 = errno) -> ExchangeError {
        switch code {
        case ENOENT: ExchangeError(.notFound, "there is no such file", at: path)
        case EEXIST: ExchangeError(.conflict, "the file exists already", at: path)
        case ENOSPC, EDQUOT:
            ExchangeError(.unavailable, "no space left to \(verb) the file: free some on its disk", at: path)
        case EROFS:
            ExchangeError(
                .unavailable, "the file system is read-only, cannot \(verb) the file: check the disk, mount it writable",
                at: path)
        case EACCES, EPERM:
            ExchangeError(
                .unavailable, "no permission to \(verb) the file: it must belong to the node's user", at: path)
        case EIO:
            ExchangeError(.unavailable, "the disk failed to \(verb) the file: check the disk, or move to another", at: path)
        default:
            ExchangeError(.unavailable, "cannot \(verb) the file: \(String(cString: strerror(code)))", at: path)
        }
    }
}
