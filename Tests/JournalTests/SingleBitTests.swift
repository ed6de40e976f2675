import ExchangeCore
import Journal
import Testing

/// Damage of the smallest kind, everywhere.
@Suite struct SingleBitTests {
    /// Where each frame of a segment lies, and the entry that a fault in it is laid to.
    private struct Frame {
        let range: Range<Int>
        let entry: UInt64
    }

    private static func frames(_ sample: SampleSegment) -> [Frame] {
        var frames: [Frame] = []
        var entry: UInt64 = 0
        var at = 0
        while at < sample.bytes.count,
            case .frame(let kind, _, let next) = sample.bytes.withUnsafeBytes({ EntryFrame.read($0, at: at) })
        {
            // The end of a group belongs to the group's last entry.
            frames.append(Frame(range: at..<next, entry: kind == .footer ? entry - 1 : entry))
            if kind == .entry { entry += 1 }
            at = next
        }
        frames.append(Frame(range: at..<sample.bytes.count, entry: entry))
        return frames
    }

    @Test func `T47 every single bit changed anywhere in a segment is found, and named by segment, offset and entry`() throws {
        let sample = try SampleSegment(seed: 21, groups: [[0, 12], [7], [0, 0]], blank: 64)
        let checkpoint = Checkpoint(origin: "oid/1.2.3", size: 5, root: sample.frontiers[3].root)
        var clean = JournalVerifier(origin: "oid/1.2.3", checkpoints: [checkpoint])
        try clean.feed(sample.bytes[...])
        try clean.endSegment()
        #expect(try clean.finish().entries == 5)
        let frames = Self.frames(sample)
        #expect(frames.last?.entry == 5)
        var tried = 0
        for index in sample.bytes.indices {
            let frame = try #require(frames.first { $0.range.contains(index) })
            for bit in 0..<8 {
                var changed = sample.bytes
                changed[index] ^= UInt8(1 << bit)
                tried += 1
                var found: ExchangeError?
                do {
                    var verifier = JournalVerifier(origin: "oid/1.2.3", checkpoints: [checkpoint])
                    try verifier.feed(changed[...])
                    try verifier.endSegment()
                    _ = try verifier.finish()
                } catch { found = error }
                // In the blank rest the byte itself is named; in a frame, where the frame begins.
                let offset = frame.range.upperBound == sample.bytes.count ? nil : frame.range.lowerBound
                let place = found?.location ?? "nowhere"
                let isNamed = found?.code == .corrupted && place.hasPrefix("segment 0, offset ")
                    && (offset.map { place == "segment 0, offset \($0), entry \(frame.entry)" }
                        ?? place.hasSuffix(", entry \(frame.entry)"))
                if !isNamed { Issue.record("byte \(index) bit \(bit) of \(frame): \(place)") }
            }
        }
        #expect(tried == sample.bytes.count * 8)
    }
}
