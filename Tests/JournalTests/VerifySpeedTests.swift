import ExchangeCore
import Journal
import Testing

/// How fast a journal is verified; only a release build says something (`swift test -c release`).
@Suite struct VerifySpeedTests {
    #if DEBUG
        private static let isRelease = false
    #else
        private static let isRelease = true
    #endif

    @Test(.enabled(if: isRelease, "a debug build is no measure")) func `a core hashes at least 200,000 entries a second`() throws {
        let world = TestWorld.seeded(1)
        let header = SegmentHeader(
            origin: "oid/1.2.3", number: 0, firstPosition: 0, allocatedBytes: 0, root: MerkleHash.empty)
        var bytes = header.framed()
        var frontier = MerkleFrontier()
        let payload = world.randomBytes(300)
        for _ in 0..<4000 {
            let first = frontier.size
            let entries = try (0..<24).map { _ in
                try EntrySealer(world: world).seal(EntryDraft(kind: .access, subject: nil, payload: payload), key: nil)
            }
            for entry in entries { frontier.append(entry.leaf) }
            bytes += JournalGroup(firstPosition: first, entries: entries, frontier: frontier)
                .framed(segment: 0, start: UInt64(bytes.count)).bytes
        }
        let clock = ContinuousClock()
        var best = 0.0
        for _ in 0..<5 {
            let took = try clock.measure {
                var verifier = JournalVerifier(origin: "oid/1.2.3")
                for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                    try verifier.feed(bytes[start..<min(start + 1 << 20, bytes.count)])
                }
                try verifier.endSegment()
                #expect(try verifier.finish().root == frontier.root)
            }
            best = max(best, Double(frontier.size) / (Double(took.components.attoseconds) / 1e18 + Double(took.components.seconds)))
        }
        #expect(best >= 200_000, "\(Int(best)) entries/s")
        print("journal.verify_entries_per_s \(Int(best))")
    }
}
