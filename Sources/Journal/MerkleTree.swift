/// A whole tree in memory, for proofs (RFC 9162 sections 2.1.3.1 and 2.1.4.1).
///
/// Keeps every perfect subtree's root, about 100 bytes a leaf; proofs then cost one hash a level.
package struct MerkleTree: Sendable {
    /// `levels[k][i]` is the root over the leaves `i << k ..< (i + 1) << k`.
    private var levels: [[[UInt8]]] = [[]]

    /// A tree over leaf hashes, 32 bytes each.
    package init(leaves: some Sequence<[UInt8]> = [[UInt8]]()) {
        for leaf in leaves { append(leaf) }
    }

    /// How many leaves there are.
    package var size: UInt64 { UInt64(levels[0].count) }

    /// Appends a leaf hash.
    package mutating func append(_ leaf: [UInt8]) {
        levels[0].append(leaf)
        var level = 0
        while levels[level].count % 2 == 0 {
            let count = levels[level].count
            let node = MerkleHash.node(levels[level][count - 2], levels[level][count - 1])
            level += 1
            if level == levels.count { levels.append([]) }
            levels[level].append(node)
        }
    }

    /// The root the tree had at that size; nil beyond its end.
    package func root(at size: UInt64) -> [UInt8]? {
        guard size <= self.size else { return nil }
        return size == 0 ? MerkleHash.empty : hash(0, size)
    }

    /// The proof that leaf `index` is in the tree of the first `size` leaves; nil when there is no such leaf.
    package func inclusionProof(of index: UInt64, at size: UInt64) -> [[UInt8]]? {
        guard index < size, size <= self.size else { return nil }
        var proof: [[UInt8]] = []
        var start: UInt64 = 0
        var count = size
        while count > 1 {
            let left = Self.split(count)
            if index < start + left {
                proof.append(hash(start + left, count - left))
                count = left
            } else {
                proof.append(hash(start, left))
                start += left
                count -= left
            }
        }
        return proof.reversed()
    }

    /// The proof that the tree of `first` leaves is the beginning of the tree of `second`; nil when sizes do not fit.
    package func consistencyProof(from first: UInt64, to second: UInt64) -> [[UInt8]]? {
        guard first <= second, second <= size else { return nil }
        guard first > 0, first < second else { return [] }
        var proof: [[UInt8]] = []
        var start: UInt64 = 0
        var count = second
        var old = first
        var isWhole = true
        while old != count {
            let left = Self.split(count)
            if old <= left {
                proof.append(hash(start + left, count - left))
                count = left
            } else {
                proof.append(hash(start, left))
                start += left
                count -= left
                old -= left
                isWhole = false
            }
        }
        if !isWhole { proof.append(hash(start, count)) }
        return proof.reversed()
    }

    /// The largest power of two smaller than `count`, which is at least 2.
    private static func split(_ count: UInt64) -> UInt64 { 1 << (63 - (count - 1).leadingZeroBitCount) }

    /// The root over `count` leaves from `start`, which is a multiple of the next power of two not below `count`.
    private func hash(_ start: UInt64, _ count: UInt64) -> [UInt8] {
        if count.nonzeroBitCount == 1 {
            let level = count.trailingZeroBitCount
            return levels[level][Int(start >> UInt64(level))]
        }
        let left = Self.split(count)
        return MerkleHash.node(hash(start, left), hash(start + left, count - left))
    }
}
