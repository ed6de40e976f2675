import ExchangeCore
import Journal
import Testing

/// What an administrator with every key of the node can do to its journal, and who finds it.
///
/// The fifth way, going on from an old copy of the disk, needs running nodes: `WitnessTests` of the cluster, and
/// `RewindTests` on real ones.
@Suite struct RewriteTests {
    private let shape = [[0, 12], [7], [0, 0]]
    private let log = "oid/1.2.3.1"

    private func verify(_ segments: [[UInt8]], _ checkpoints: [Checkpoint]) -> ExchangeError? {
        do throws(ExchangeError) {
            var verifier = JournalVerifier(checkpoints: checkpoints)
            for segment in segments {
                try verifier.feed(segment[...])
                try verifier.endSegment()
            }
            _ = try verifier.finish()
            return nil
        } catch {
            return error
        }
    }

    private func head(_ sample: SampleSegment, groups: Int) -> Checkpoint {
        let frontier = sample.frontiers[groups]
        return Checkpoint(origin: "oid/1.2.3", size: frontier.size, root: frontier.root)
    }

    @Test func `T47 an edited byte is found by anybody who reads the files`() throws {
        let sample = try SampleSegment(seed: 31, groups: shape)
        var edited = sample.bytes
        edited[sample.boundaries[1] + 40] ^= 4
        #expect(verify([edited], [])?.message.contains("checksum") == true)
    }

    @Test func `T47 T49 an entry rewritten with every checksum and hash is found by the kept checkpoint`() throws {
        let sample = try SampleSegment(seed: 31, groups: shape)
        let rewritten = try SampleSegment(seed: 32, groups: shape)
        #expect(verify([rewritten.bytes], []) == nil, "by itself it is a journal like any other")
        #expect(verify([rewritten.bytes], [head(sample, groups: 3)])?.message.contains("vouches for") == true)
    }

    @Test func `T49 a rewritten log that is signed anew is found by each peer, and the two heads are the evidence`() throws {
        let scene = try WitnessScene(entries: 5)
        let forged = try WitnessScene(entries: 9, branch: 7, common: 3)
        for size in 5...9 {
            var peer = Witness()
            try scene.submit(5, from: 0, to: &peer)
            let verdict = try forged.submit(size, from: 5, to: &peer)
            #expect(verdict == (size == 5 ? .conflict(5) : .unproven))
            let evidence = try #require(peer.evidence.first { $0.origin == log })
            #expect(evidence.isSound)
        }
    }

    @Test func `T48 a dropped tail is found by the kept checkpoint, and with a newly signed one by each peer`() throws {
        let sample = try SampleSegment(seed: 31, groups: shape)
        var cut = sample.bytes
        for index in sample.boundaries[2]..<cut.count { cut[index] = 0 }
        #expect(verify([cut], [head(sample, groups: 3)])?.message.contains("the last ones are missing") == true)
        #expect(verify([cut], [head(sample, groups: 2)]) == nil, "the node alone cannot know")
        let scene = try WitnessScene(entries: 5)
        var peer = Witness()
        try scene.submit(5, from: 0, to: &peer, at: 1_790_000_000 - 20)
        #expect(try scene.submit(3, from: 0, to: &peer, at: 1_790_000_000 - 10) == .conflict(5))
        #expect(peer.evidence.map(\.kind) == [.rollback])
    }

    @Test func `T47 segments in another order are found by anybody who reads the files`() throws {
        let first = try SampleSegment(seed: 31, groups: shape)
        let behind = first.frontiers[3]
        let second =
            SegmentHeader(
                origin: "oid/1.2.3", number: 1, firstPosition: behind.size, allocatedBytes: 16, root: behind.root
            ).framed() + [UInt8](repeating: 0, count: 64)
        #expect(verify([first.bytes, second], []) == nil)
        #expect(verify([second, first.bytes], [])?.message.contains("does not continue") == true)
        let other = try SampleSegment(seed: 33, groups: shape)
        #expect(verify([other.bytes, second], [])?.message.contains("does not continue") == true)
    }
}
