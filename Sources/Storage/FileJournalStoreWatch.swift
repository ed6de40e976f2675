import ExchangeCore
import Glibc
import Journal
import Synchronization

/// What becomes of a segment that is removed, replaced or cut while it is open: nothing is appended any more, and the file is
/// made anew from the open one, which the system keeps while it is held.
extension FileJournalStore {
    /// Why nothing can be appended any more; nil while it can.
    package var failure: ExchangeError? { published.withLock { $0.failure } }

    /// Whether a segment in use is lost, and was not put back yet.
    package var isLost: Bool { published.withLock { $0.isLost } }

    /// Throws `.unavailable` when a start would not find the segment that is written.
    func demandInPlace(_ tail: Tail) throws(ExchangeError) {
        guard tail.file.isInPlace(bytesMin: tail.allocated) else { throw lose(tail.file) }
    }

    /// Looks whether the segments in use are still there; `failure` says so when one is not.
    package func watch() async {
        _ = await writing.attempt {
            let state = self.published.withLock { $0 }
            guard state.failure == nil, !state.isClosed else { return }
            let file = self.tail.withLock { $0.file.isInPlace(bytesMin: $0.allocated) ? nil : $0.file }
            let read = self.segments.withLock { Array($0.values) }
            guard let lost = file ?? read.first(where: { !$0.isInPlace() }) else { return }
            let failure = self.lose(lost)
            self.published.withLock { $0.failure = failure }
        }
    }

    /// Makes segments that were lost anew from the open files; their names. Nothing is appended before the journal was opened
    /// anew, which checks them.
    ///
    /// Throws `.unavailable` when the disk refuses; may be tried again.
    package func putBack() async throws(ExchangeError) -> [String] {
        try await writing.run { () throws(ExchangeError) in
            guard self.isLost else { return [] }
            let (number, written) = self.tail.withLock { ($0.segment, $0.file) }
            var held = self.segments.withLock { $0 }
            held[number] = written
            var names: [String] = []
            for (number, file) in held.sorted(by: { $0.key < $1.key }) where !file.isInPlace() {
                let name = Self.segmentName(number)
                try self.folder.replace(name, from: file)
                names.append(name)
            }
            self.published.withLock { $0.isLost = false }
            return names
        }
    }

    private func lose(_ file: DurableFile) -> ExchangeError {
        published.withLock { $0.isLost = true }
        return ExchangeError(
            .unavailable,
            "a segment of the journal is lost: its file was removed, replaced or cut while the node runs, by something else "
                + "than the node", at: file.path)
    }
}
