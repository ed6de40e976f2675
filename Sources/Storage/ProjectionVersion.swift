import ExchangeCore

extension SQLiteProjection {
    /// The version of the tables that this program makes; tables of another are made anew from the journal.
    package static var version: Int { ProjectionSchema.version }

    /// The version of the tables in a file, whether a node has it open or not; nil where there is no file, or it is none of
    /// SQLite's.
    ///
    /// Read from the bytes (sqlite.org/fileformat2.html, 1.3 and 4.1): SQLite itself would make files beside it, and whoever looks
    /// may be another user than the node's.
    package static func version(ofFileAt path: String) -> Int? {
        guard let file = try? DurableFile(path, .read), let head = try? file.read(at: 0, count: 100), head.count == 100,
            head.starts(with: "SQLite format 3\0".utf8)
        else { return nil }
        let pageBytes = head[16] == 0 && head[17] == 1 ? 65_536 : Int(head[16]) << 8 | Int(head[17])
        guard let page = newestFirstPage(path + "-wal", pageBytes: pageBytes) else { return bigEndian(head, 60) }
        return bigEndian(page, 60)
    }

    /// The first page as the write-ahead log has it last; nil where it does not have it.
    private static func newestFirstPage(_ path: String, pageBytes: Int) -> [UInt8]? {
        guard let file = try? DurableFile(path, .read), let head = try? file.read(at: 0, count: 32), head.count == 32,
            bigEndian(head, 8) == pageBytes
        else { return nil }
        var found: [UInt8]?
        var offset: UInt64 = 32
        while let frame = try? file.read(at: offset, count: 24), frame.count == 24, frame[8..<16] == head[16..<24] {
            if bigEndian(frame, 0) == 1, let page = try? file.read(at: offset + 24, count: 100), page.count == 100 { found = page }
            offset += 24 + UInt64(pageBytes)
        }
        return found
    }

    private static func bigEndian(_ bytes: [UInt8], _ offset: Int) -> Int {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
