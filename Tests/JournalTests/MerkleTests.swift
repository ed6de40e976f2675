import ExchangeCore
import Journal
import Testing

@Suite struct MerkleTests {
    static let leaves = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ]
    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    private func numbered(_ count: Int) -> [[UInt8]] {
        (0..<count).map { MerkleHash.leaf([UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]) }
    }

    @Test func `the roots of RFC 6962's eight leaves are those of its implementations`() throws {
        var tree = MerkleTree()
        var frontier = MerkleFrontier()
        #expect(Hexadecimal.encode(frontier.root) == Self.roots[0])
        for (index, leaf) in Self.leaves.enumerated() {
            let hash = MerkleHash.leaf(try #require(Hexadecimal.decode(leaf)))
            tree.append(hash)
            frontier.append(hash)
            #expect(Hexadecimal.encode(frontier.root) == Self.roots[index + 1])
            #expect(tree.root(at: UInt64(index + 1)) == frontier.root)
        }
        #expect(MerkleFrontier(size: frontier.size, peaks: frontier.peaks) == frontier)
        #expect(MerkleFrontier(size: 7, peaks: frontier.peaks) == nil)
    }

    @Test
    func `T59 every inclusion proof of every size to 64 holds, and none with a hash changed, dropped, added, swapped`()
        throws
    {
        let tree = MerkleTree(leaves: numbered(64))
        for size in 1...UInt64(64) {
            let root = try #require(tree.root(at: size))
            for index in 0..<size {
                let leaf = numbered(64)[Int(index)]
                let proof = try #require(tree.inclusionProof(of: index, at: size))
                #expect(MerkleProof.isIncluded(leaf, at: index, size: size, root: root, proof: proof))
                for other in Self.mutations(proof) {
                    #expect(!MerkleProof.isIncluded(leaf, at: index, size: size, root: root, proof: other))
                }
                #expect(!MerkleProof.isIncluded(leaf, at: index ^ 1, size: size, root: root, proof: proof) || size == 1)
                #expect(!MerkleProof.isIncluded(root, at: index, size: size, root: leaf, proof: proof) || size == 1)
            }
            #expect(tree.inclusionProof(of: size, at: size) == nil)
        }
    }

    @Test func `T59 every consistency proof of every pair of sizes to 64 holds, and none that was changed`() throws {
        let tree = MerkleTree(leaves: numbered(64))
        for second in 0...UInt64(64) {
            let secondRoot = try #require(tree.root(at: second))
            for first in 0...second {
                let firstRoot = try #require(tree.root(at: first))
                let proof = try #require(tree.consistencyProof(from: first, to: second))
                func holds(_ firstRoot: [UInt8], _ secondRoot: [UInt8], _ proof: [[UInt8]]) -> Bool {
                    MerkleProof.isConsistent(
                        first: first, firstRoot: firstRoot, second: second, secondRoot: secondRoot, proof: proof)
                }
                #expect(holds(firstRoot, secondRoot, proof))
                for other in Self.mutations(proof) { #expect(!holds(firstRoot, secondRoot, other)) }
                #expect(!holds(MerkleHash.leaf([9]), secondRoot, proof))
                if first > 0 { #expect(!holds(firstRoot, MerkleHash.leaf([9]), proof)) }
            }
        }
        #expect(tree.consistencyProof(from: 3, to: 65) == nil)
    }

    static func mutations(_ proof: [[UInt8]]) -> [[[UInt8]]] {
        var all: [[[UInt8]]] = [proof + [MerkleHash.leaf([1])], [MerkleHash.leaf([1])] + proof]
        for index in proof.indices {
            var changed = proof
            changed[index][index % 32] ^= 1
            all.append(changed)
            var dropped = proof
            dropped.remove(at: index)
            all.append(dropped)
            if index > 0 {
                var swapped = proof
                swapped.swapAt(index, index - 1)
                all.append(swapped)
            }
            var short = proof
            short[index].removeLast()
            all.append(short)
        }
        return all
    }
}
