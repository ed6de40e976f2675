import ExchangeCore
import Journal
import Synchronization

/// A journal's folder that is written by copying: by a restore, or by a standby that follows.
package final class JournalTarget: Sendable {
    private let folder: DurableFolder
    private let open = Mutex<[UInt32: DurableFile]>([:])

    /// A target in a folder.
    package init(_ path: String) { folder = DurableFolder(path) }

    /// Makes the folder where it is not there. Throws `.unavailable`.
    package func begin() throws(ExchangeError) { try folder.create() }

    /// Writes bytes of a segment where they lay in the source; a segment's first bytes are its header, which says how long
    /// the file is made. Throws `.corrupted` when they are not.
    package func write(_ segment: UInt32, _ offset: UInt64, _ bytes: ArraySlice<UInt8>) throws(ExchangeError) {
        let file = try self.file(segment)
        if offset == 0 {
            let head = Array(bytes)
            guard case .frame(.segment, let body, let next) = head.withUnsafeBytes({ EntryFrame.read($0, at: 0) }),
                let header = SegmentHeader(Array(head[body..<next]))
            else { throw ExchangeError(.corrupted, "a copied segment has no readable header", at: "segment \(segment)") }
            try file.allocate(header.allocatedBytes)
        }
        try file.write(Array(bytes), at: offset)
    }

    /// Makes everything written durable. Throws `.unavailable`.
    package func sync() throws(ExchangeError) {
        let files = open.withLock { open in
            defer { open = [:] }
            return open
        }
        for number in files.keys.sorted() { try files[number]?.sync() }
        try folder.sync()
    }

    private func file(_ segment: UInt32) throws(ExchangeError) -> DurableFile {
        if let file = open.withLock({ $0[segment] }) { return file }
        let file = try DurableFile(folder.file(FileJournalStore.segmentName(segment)), .updateOrCreate)
        open.withLock { $0[segment] = file }
        return file
    }
}
