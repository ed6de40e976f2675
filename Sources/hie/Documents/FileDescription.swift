import Glibc

/// An open file, read in pieces; closed when nobody holds it any more.
final class FileDescription {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(.failed, "\(path) cannot be read", hint: String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    /// At most so many bytes; empty at the end.
    func read(_ count: Int) throws -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let got = Glibc.read(descriptor, buffer.baseAddress, count)
            failed = got < 0
            filled = max(got, 0)
        }
        guard !failed else { throw CommandFailure(.failed, "the file cannot be read further", hint: "check the disk") }
        return bytes
    }
}
