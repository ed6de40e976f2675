import ExchangeCore
import Journal

extension FileJournalStore {
    /// What opening found and did: for the administrator's log.
    package struct OpenReport: Sendable, Equatable {
        /// What was cut from the end because it never came to be written.
        package struct Cut: Sendable, Equatable {
            /// The segment it was cut from.
            package let segment: UInt32
            /// Where the last whole group ends.
            package let offset: UInt64
            /// How many bytes lay behind it, up to the last one that was not zero.
            package let bytes: UInt64
        }

        /// How many entries the journal has.
        package let entries: UInt64
        /// The entry the scan began at; 0 when everything was scanned.
        package let scannedFrom: JournalPosition
        /// The torn end that was cut; nil when there was none.
        package let cut: Cut?
    }

    /// Makes an empty journal in a folder that has none, and opens it.
    ///
    /// Throws `.conflict` when there is one, or another process holds the folder; `.unavailable` when the disk refuses.
    package static func create(
        _ path: String, origin: String, options: Options = Options(),
    ) async throws(ExchangeError) -> FileJournalStore {
        try await BlockingThreads(count: 1).run { () throws(ExchangeError) in
            let folder = DurableFolder(path, calls: options.calls)
            try folder.create()
            let lock = try StoreLock(folder: path)
            guard try !folder.names().contains(where: { $0.hasSuffix(".segment") }) else {
                throw ExchangeError(.conflict, "the folder holds a journal already", at: path)
            }
            let head = JournalHead(frontier: MerkleFrontier(), leaf: [])
            let leaves = try FileJournalStoreLeaves(folder, calls: options.calls)
            try leaves.truncate(to: 0)
            let made = try makeSegment(0, origin: origin, head: head, folder: folder, options: options, room: 0)
            let tail = Tail(head: head, segment: 0, file: made.file, offset: made.offset, allocated: made.allocated)
            return FileJournalStore(
                origin: origin, folder: folder, options: options, lock: lock, leaves: leaves, tail: tail)
        }
    }

    /// Opens the journal of a folder: recovers its end, makes that durable, and only then returns it.
    ///
    /// - Parameters:
    ///   - vouched: how far the projection was; entries up to there must still be there.
    ///   - heads: what else is known to have been signed of this log: the entries under it must still be there.
    ///
    /// Throws `.notFound` when there is no journal, `.conflict` when another process holds it or it belongs to another
    /// log, `.corrupted` naming segment, offset and the ways on when something is damaged or missing (security.md L2).
    package static func open(
        _ path: String, origin: String, vouched: AppliedMark? = nil, heads: [Checkpoint] = [],
        options: Options = Options(),
    ) async throws(ExchangeError) -> (store: FileJournalStore, report: OpenReport) {
        try await BlockingThreads(count: 1).run { () throws(ExchangeError) in
            let folder = DurableFolder(path, calls: options.calls)
            let lock = try StoreLock(folder: path)
            var recovery = try FileJournalStoreRecovery(folder, origin: origin, options: options)
            let (tail, report) = try recovery.recover(vouched: vouched, heads: heads)
            let store = FileJournalStore(
                origin: origin, folder: folder, options: options, lock: lock, leaves: recovery.leaves, tail: tail)
            return (store, report)
        }
    }
}
