import ExchangeCore
import Glibc
import Synchronization
import Terminology

/// A node's releases of code systems, opened once and again whenever its folder was imported into.
package final class TerminologyShelf: TerminologyStore {
    /// When a folder last changed: releases are put there by renaming.
    private struct Mark: Equatable {
        var seconds = 0
        var nanoseconds = 0
        var inode: UInt64 = 0
    }

    private let folder: TerminologyFolder
    private let open = Mutex<(mark: Mark, releases: TerminologyReleases)?>(nil)

    /// The releases of a folder that need not be there yet.
    package init(_ folder: TerminologyFolder) { self.folder = folder }

    package func releases() throws(ExchangeError) -> TerminologyReleases {
        let mark = mark()
        if let kept = open.withLock({ $0 }), kept.mark == mark { return kept.releases }
        let releases = try folder.releases()
        open.withLock { $0 = (mark, releases) }
        return releases
    }

    private func mark() -> Mark {
        var status = stat()
        guard stat(folder.path, &status) == 0 else { return Mark() }
        return Mark(
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, inode: UInt64(status.st_ino))
    }
}
