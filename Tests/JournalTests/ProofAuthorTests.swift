import ExchangeCore
import Journal
import Testing

/// A store that knows nothing but leaves.
private struct LeafStore: JournalStore {
    let origin = "oid/1.2.3"
    let all: [[UInt8]]

    func head() async throws(ExchangeError) -> JournalHead {
        var frontier = MerkleFrontier()
        for leaf in all { frontier.append(leaf) }
        return JournalHead(frontier: frontier, leaf: all.last ?? [])
    }

    func leaves(_ range: Range<JournalPosition>) async throws(ExchangeError) -> [[UInt8]] {
        Array(all[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    func append(_ group: JournalGroup) async throws(ExchangeError) -> [EntryLocation] { [] }
    func read(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> [StoredEntry] { [] }
    func readContent(_ reference: ContentReference) async throws(ExchangeError) -> [UInt8] { [] }
    func remove(_ contents: [ContentReference]) async throws(ExchangeError) {}
    func checkpoint() async throws(ExchangeError) -> String? { nil }
    func keepCheckpoint(_ text: String) async throws(ExchangeError) {}
}

@Suite struct ProofAuthorTests {
    @Test(arguments: [1, 255, 256, 257, 700, 1300]) func `proofs over stored leaves are those of the whole tree`(
        _ count: Int,
    ) async throws {
        let leaves = (0..<count).map { MerkleHash.leaf([UInt8($0 >> 8), UInt8($0 & 255)]) }
        let tree = MerkleTree(leaves: leaves)
        let author = ProofAuthor(store: LeafStore(all: leaves))
        var random = TestWorld.seeded(UInt64(count)).random
        for _ in 0..<60 {
            let size = UInt64.random(in: 1...UInt64(count), using: &random)
            let index = UInt64.random(in: 0..<size, using: &random)
            let proof = try await author.inclusion(of: index, at: size)
            #expect(proof == tree.inclusionProof(of: index, at: size))
            #expect(try await author.consistency(from: index, to: size) == tree.consistencyProof(from: index, to: size))
            #expect(try await author.root(at: size) == tree.root(at: size))
        }
        await #expect(throws: ExchangeError(.badRequest, "")) {
            try await author.inclusion(of: 0, at: UInt64(count) + 1)
        }
        await #expect(throws: ExchangeError(.badRequest, "")) { try await author.consistency(from: 2, to: 1) }
    }
}
