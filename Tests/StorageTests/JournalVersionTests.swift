import ExchangeCore
import Journal
import Storage
import Testing

/// A journal that a later version of this program wrote, opened by this one: refused as what it is, and left as it was.
@Suite struct JournalVersionTests {
    /// A whole frame of an entry: layout, kind, and the rest of its header.
    private static func entry(layout: UInt8, kind: UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        EntryFrame.append(.entry, [layout, kind] + [UInt8](repeating: 0, count: 60), to: &bytes)
        return bytes
    }

    private static func refused(_ folder: JournalFolder) async throws {
        let before = folder.bytes("00000000.segment")
        await #expect(throws: ExchangeError(.conflict, "")) { try await JournalFiles.open(folder) }
        #expect(folder.bytes("00000000.segment") == before, "nothing is cut")
    }

    @Test(arguments: [(2, 1), (1, 200)] as [(UInt8, UInt8)])
    func `an entry of another layout or kind behind the last group stops the start, and is not cut`(layout: UInt8, kind: UInt8)
        async throws
    {
        let (bench, receipts) = try await JournalFiles.fill(3, segmentBytes: 8192, documentBytes: 100)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        var segment = copy.bytes("00000000.segment")
        let end = JournalFiles.ends(receipts, segment)[2]
        let later = Self.entry(layout: layout, kind: kind)
        segment.replaceSubrange(end..<end + later.count, with: later)
        try copy.put(segment, "00000000.segment")
        try await Self.refused(copy)
        // An entry that cannot be of any version is what it was before: a write that broke off.
        segment.replaceSubrange(end..<end + later.count, with: Self.entry(layout: 0, kind: 1))
        try copy.put(segment, "00000000.segment")
        #expect(try await JournalFiles.open(copy).report.cut != nil)
    }

    @Test func `a segment of another layout stops the start, and the verifier`() async throws {
        let (bench, _) = try await JournalFiles.fill(1, segmentBytes: 8192, documentBytes: 100)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        var segment = copy.bytes("00000000.segment")
        guard case .frame(.segment, let body, let next) = segment.withUnsafeBytes({ EntryFrame.read($0, at: 0) }) else {
            throw ExchangeError(.internal, "no header")
        }
        var header = Array(segment[body..<next])
        header[8] = 2
        var framed: [UInt8] = []
        EntryFrame.append(.segment, header, to: &framed)
        segment.replaceSubrange(0..<framed.count, with: framed)
        try copy.put(segment, "00000000.segment")
        try await Self.refused(copy)
    }
}
