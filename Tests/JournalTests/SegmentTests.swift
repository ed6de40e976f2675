import Crypto
import ExchangeCore
import Journal
import Testing

/// A small segment made in memory: a few groups of a few entries, some with documents.
struct SampleSegment {
    var bytes: [UInt8]
    /// The end of the header, and of each group.
    var boundaries: [Int]
    var frontiers: [MerkleFrontier]

    init(seed: UInt64, groups: [[Int]], blank: Int = 600) throws {
        let world = TestWorld.seeded(seed)
        let key = SymmetricKey(data: world.randomBytes(32))
        var random = world.random
        var frontier = MerkleFrontier()
        let size = 4096 + groups.joined().reduce(0, +)
        let header = SegmentHeader(
            origin: "oid/1.2.3", number: 0, firstPosition: 0, allocatedBytes: UInt64(size / 8), root: frontier.root)
        bytes = header.framed()
        boundaries = [bytes.count]
        frontiers = [frontier]
        for group in groups {
            let entries = try group.map { size in
                let content = DraftContent(
                    document: .ordered(at: world.now(), using: &random), bytes: world.randomBytes(size))
                return try EntrySealer(world: world).seal(
                    EntryDraft(
                        kind: .submission, subject: .random(using: &random), payload: world.randomBytes(20),
                        contents: size == 0 ? [] : [content]),
                    key: key)
            }
            let first = frontier.size
            for entry in entries { frontier.append(entry.leaf) }
            let made = JournalGroup(firstPosition: first, entries: entries, frontier: frontier)
            let (framed, _) = made.framed(segment: 0, start: UInt64(bytes.count))
            #expect(framed.count == made.framedBytes)
            bytes += framed
            boundaries.append(bytes.count)
            frontiers.append(frontier)
        }
        bytes += [UInt8](repeating: 0, count: blank)
    }

    /// What recovery would do with these bytes: the number of whole groups and the verdict on the rest.
    static func recover(_ bytes: [UInt8], begin: Int) -> (groups: Int, verdict: TailVerdict) {
        var scanner = SegmentScanner(segment: 0, offset: UInt64(begin), frontier: MerkleFrontier())
        scanner.feed(bytes[begin...])
        var groups = 0
        reading: while true {
            do {
                if case .group = try scanner.next() { groups += 1 } else { break reading }
            } catch { break reading }
        }
        let start = Int(scanner.groupStart)
        let verdict = Array(bytes[start...]).withUnsafeBytes {
            TailJudge.judge($0, segment: 0, start: UInt64(start), fault: scanner.offset)
        }
        return (groups, verdict)
    }
}

@Suite struct SegmentTests {
    @Test func `CRC-32C gives the check values of RFC 3720`() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 255, count: 32)) == 0x62A8_AB43)
        let bytes = Array(0..<UInt8(100))
        #expect(
            CRC32C.checksum(Array(bytes[37...]), after: CRC32C.checksum(Array(bytes[..<37]))) == CRC32C.checksum(bytes))
    }

    @Test func `a clean segment verifies, in pieces of any size, against its checkpoints`() throws {
        let sample = try SampleSegment(seed: 3, groups: [[0, 30], [100], [0, 0, 5]])
        let checkpoints = [1, 2, 3].map {
            Checkpoint(origin: "oid/1.2.3", size: sample.frontiers[$0].size, root: sample.frontiers[$0].root)
        }
        for piece in [1, 7, 64, 100_000] {
            var verifier = JournalVerifier(origin: "oid/1.2.3", checkpoints: checkpoints)
            for start in stride(from: 0, to: sample.bytes.count, by: piece) {
                try verifier.feed(sample.bytes[start..<min(start + piece, sample.bytes.count)])
            }
            try verifier.endSegment()
            let report = try verifier.finish()
            #expect(report.entries == 6 && report.groups == 3 && report.root == sample.frontiers[3].root)
        }
    }

    @Test func `T47 every byte of a journal that is changed is found, and the place is named`() throws {
        let sample = try SampleSegment(seed: 4, groups: [[0, 30], [100], [0, 5]])
        let checkpoint = Checkpoint(origin: "oid/1.2.3", size: 5, root: sample.frontiers[3].root)
        var random = TestWorld.seeded(5).random
        for index in sample.bytes.indices {
            var changed = sample.bytes
            changed[index] ^= UInt8.random(in: 1...255, using: &random)
            let found = #expect(throws: ExchangeError.self, "byte \(index)") {
                var verifier = JournalVerifier(checkpoints: [checkpoint])
                try verifier.feed(changed[...])
                try verifier.endSegment()
                _ = try verifier.finish()
            }
            #expect(found?.code == .corrupted)
            // Named: at the byte or before it, and not in an earlier group.
            let named = found?.location.flatMap(Self.offset) ?? Int.max
            let group = sample.boundaries.last { $0 <= index } ?? 0
            #expect(named <= index && named >= group, "byte \(index) named as \(named)")
        }
    }

    @Test func `T48 a journal without its last group is found by the checkpoint`() throws {
        let sample = try SampleSegment(seed: 6, groups: [[0], [0], [0]])
        var cut = sample.bytes
        for index in sample.boundaries[2]..<cut.count { cut[index] = 0 }
        var verifier = JournalVerifier(
            checkpoints: [Checkpoint(origin: "oid/1.2.3", size: 3, root: sample.frontiers[3].root)])
        try verifier.feed(cut[...])
        try verifier.endSegment()
        #expect(throws: ExchangeError(.corrupted, "")) { try verifier.finish() }
    }

    @Test func `T64 whatever sectors of the last group were not written, recovery ends at the group before`() throws {
        let sample = try SampleSegment(seed: 7, groups: [[40], [0], [1800, 900]], blank: 1024)
        let start = sample.boundaries[2]
        let end = sample.boundaries[3]
        let sectors = Array(start / 512...(end - 1) / 512)
        for lost in 1..<1 << sectors.count {
            var torn = sample.bytes
            for (bit, sector) in sectors.enumerated() where lost & 1 << bit != 0 {
                for index in max(start, sector * 512)..<min(end, sector * 512 + 512) { torn[index] = 0 }
            }
            let (groups, verdict) = SampleSegment.recover(torn, begin: sample.boundaries[0])
            #expect(groups == 2)
            let isGone = torn[start...].allSatisfy { $0 == 0 }
            #expect(verdict == (isGone ? .clean : .torn), "lost \(String(lost, radix: 2))")
        }
    }

    @Test func `T64 a last group cut at any byte recovers at a group's end`() throws {
        let sample = try SampleSegment(seed: 8, groups: [[40], [0, 10], [600]], blank: 1024)
        for cut in sample.boundaries[0]...sample.boundaries[3] {
            var torn = sample.bytes
            for index in cut..<torn.count { torn[index] = 0 }
            let (groups, verdict) = SampleSegment.recover(torn, begin: sample.boundaries[0])
            let whole = sample.boundaries.lastIndex { $0 <= cut } ?? 0
            // A footer's last byte is never zero, so a group is whole exactly when all its bytes are there.
            #expect(groups == whole)
            #expect(sample.boundaries.contains(cut) ? verdict == .clean : verdict == .torn, "cut \(cut): \(verdict)")
        }
    }

    @Test(arguments: [9, 10, 11]) func `T64 a byte changed in a written group is damage, never a torn end`(
        _ seed: UInt64,
    ) throws {
        let sample = try SampleSegment(seed: seed, groups: [[40], [0, 10], [900]], blank: 1024)
        var random = TestWorld.seeded(seed).random
        for index in sample.boundaries[0]..<sample.boundaries[3] {
            var changed = sample.bytes
            changed[index] ^= UInt8.random(in: 1...255, using: &random)
            let (_, verdict) = SampleSegment.recover(changed, begin: sample.boundaries[0])
            guard case .damaged = verdict else {
                Issue.record("byte \(index) of \(sample.boundaries) reads as \(verdict)")
                continue
            }
        }
    }

    @Test func `whatever bytes a segment holds, nothing traps`() throws {
        let sample = try SampleSegment(seed: 12, groups: [[40], [0, 10]])
        var random = TestWorld.seeded(13).random
        for _ in 0..<500 {
            var bytes = sample.bytes
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &random))
            let begin = min(sample.boundaries[0], bytes.count)
            _ = SampleSegment.recover(bytes, begin: begin)
            var verifier = JournalVerifier()
            _ = try? verifier.feed(bytes[...])
        }
    }

    /// The offset an error's location names.
    static func offset(_ location: String) -> Int? {
        location.split(separator: ", ").first { $0.hasPrefix("offset ") }.flatMap { Int($0.dropFirst(7)) }
    }
}
