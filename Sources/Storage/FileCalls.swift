import Glibc

/// The calls that change what a disk holds, so that tests can make them fail, tear and forget; production uses `system`.
///
/// Each answers like the system's own: -1 with `errno` set when it failed (`allocate`: the error number).
package struct FileCalls: Sendable {
    /// `pwrite(2)`: how many bytes were written.
    package var write: @Sendable (Int32, UnsafeRawPointer, Int, Int) -> Int
    /// `fdatasync(2)`.
    package var sync: @Sendable (Int32) -> Int32
    /// `fsync(2)` of a folder.
    package var syncFolder: @Sendable (Int32) -> Int32
    /// `ftruncate(2)`.
    package var truncate: @Sendable (Int32, Int) -> Int32 = { ftruncate($0, off_t($1)) }
    /// `posix_fallocate(3)` from the start of the file: 0, or the error's number.
    package var allocate: @Sendable (Int32, Int) -> Int32 = { posix_fallocate($0, 0, off_t($1)) }

    /// The system's own.
    package static let system = FileCalls(
        write: { pwrite($0, $1, $2, off_t($3)) }, sync: { fdatasync($0) }, syncFolder: { fsync($0) })

    /// The calls from three closures; the others are the system's own.
    package init(
        write: @escaping @Sendable (Int32, UnsafeRawPointer, Int, Int) -> Int,
        sync: @escaping @Sendable (Int32) -> Int32, syncFolder: @escaping @Sendable (Int32) -> Int32,
    ) {
        self.write = write
        self.sync = sync
        self.syncFolder = syncFolder
    }
}
