import ExchangeCore
import Glibc
import Terminology

/// A code table's file, mapped: what is not looked up is never read into memory.
package final class MappedCodeTableStore: CodeTableStore {
    /// Where it is mapped; 0 for an empty file.
    private let address: UInt
    private let length: Int

    /// Maps a file for reading. Throws `.notFound` or `.unavailable`.
    package init(_ path: String) throws(ExchangeError) {
        let file = FileErrors.retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { throw FileErrors.error("open", path) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw FileErrors.error("look at", path) }
        let length = Int(status.st_size)
        guard length > 0 else {
            (address, self.length) = (0, 0)
            return
        }
        guard let mapped = mmap(nil, length, PROT_READ, MAP_PRIVATE, file, 0), mapped != MAP_FAILED else {
            throw FileErrors.error("map", path)
        }
        (address, self.length) = (UInt(bitPattern: mapped), length)
    }

    deinit {
        if let mapped = UnsafeMutableRawPointer(bitPattern: address) { munmap(mapped, length) }
    }

    package func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value,
    ) throws(Failure) -> Value {
        try body(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: length))
    }
}
