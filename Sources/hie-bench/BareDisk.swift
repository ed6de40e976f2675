import ExchangeCore
import Glibc
import Storage

/// The floor beside every figure: append and fdatasync, with nothing around it, on the node's own disk.
///
/// It writes as the journal does: into files preallocated to 64 MiB, front to back.
struct BareDisk: Sendable {
    /// One round of appending.
    struct Round: Sendable {
        /// Documents a second.
        let rate: Double
        /// Milliseconds of a write with its sync: the median.
        let syncMilliseconds: Double
    }

    private static let fileBytes: UInt64 = 64 << 20
    private let folder: String

    /// The disk under a folder.
    init(folder: String) { self.folder = folder }

    /// Appends documents of so many bytes, so many to a sync, one after the other.
    func append(documents: Int, bytes: Int, seconds: Double) throws(ExchangeError) -> Round {
        let block = [UInt8](repeating: 0x78, count: documents * bytes)
        let path = folder + "/bare"
        var file = try fresh(path)
        defer { unlink(path) }
        var offset: UInt64 = 0
        var syncs: [Double] = []
        let watch = Stopwatch()
        var spent = 0.0
        while spent < seconds {
            if offset + UInt64(block.count) > Self.fileBytes {
                unlink(path)
                file = try fresh(path)
                offset = 0
            }
            let one = Stopwatch()
            try file.write(block, at: offset)
            try file.sync()
            syncs.append(one.milliseconds)
            offset += UInt64(block.count)
            spent = watch.seconds
        }
        return Round(rate: Double(syncs.count * documents) / spent, syncMilliseconds: syncs.median)
    }

    private func fresh(_ path: String) throws(ExchangeError) -> DurableFile {
        let file = try DurableFile(path, .create)
        try file.allocate(Self.fileBytes)
        try file.sync()
        return file
    }
}
