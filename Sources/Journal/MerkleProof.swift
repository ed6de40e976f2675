/// Checks proofs by the algorithms of RFC 9162 and no others (security.md T59).
package enum MerkleProof {
    /// Whether the proof shows that `leaf` (a leaf hash) is number `index` of the tree with `size` leaves and that root
    /// (section 2.1.3.2). Total: false for whatever does not fit.
    package static func isIncluded(
        _ leaf: [UInt8], at index: UInt64, size: UInt64, root: [UInt8], proof: [[UInt8]],
    ) -> Bool {
        guard index < size, proof.count <= 64, isWellFormed(proof + [leaf, root]) else { return false }
        var place = index
        var last = size - 1
        var hash = leaf
        for sibling in proof {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                hash = MerkleHash.node(sibling, hash)
                while place & 1 == 0 && place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                hash = MerkleHash.node(hash, sibling)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// Whether the proof shows that the tree of `first` leaves is the beginning of the tree of `second` leaves (section
    /// 2.1.4.2). The empty tree is the beginning of every tree, equal sizes need equal roots, both with an empty proof.
    package static func isConsistent(
        first: UInt64, firstRoot: [UInt8], second: UInt64, secondRoot: [UInt8], proof: [[UInt8]],
    ) -> Bool {
        guard first <= second, proof.count <= 65, isWellFormed(proof + [firstRoot, secondRoot]) else { return false }
        if first == second { return proof.isEmpty && firstRoot == secondRoot }
        if first == 0 { return proof.isEmpty && firstRoot == MerkleHash.empty }
        var path = proof[...]
        guard !path.isEmpty else { return false }
        if first.nonzeroBitCount == 1 { path = [firstRoot] + path }
        var place = first - 1
        var last = second - 1
        while place & 1 == 1 {
            place >>= 1
            last >>= 1
        }
        guard let seed = path.popFirst() else { return false }
        var old = seed
        var new = seed
        for node in path {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                old = MerkleHash.node(node, old)
                new = MerkleHash.node(node, new)
                while place & 1 == 0 && place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                new = MerkleHash.node(new, node)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && old == firstRoot && new == secondRoot
    }

    private static func isWellFormed(_ hashes: [[UInt8]]) -> Bool { hashes.allSatisfy { $0.count == 32 } }
}
