import ExchangeCore

/// Makes proofs about a journal that may have many millions of entries (RFC 9162 sections 2.1.3.1 and 2.1.4.1).
///
/// Keeps the roots of whole blocks of 256 leaves and of what lies over them, a quarter of a byte for each entry; the rest
/// is hashed from the stored leaves when it is asked for. The first proof reads every leaf once.
package actor ProofAuthor {
    private let store: any JournalStore
    /// `levels[k]` holds the roots over `256 << k` leaves each, 32 bytes apiece.
    private var levels: [[UInt8]] = [[]]

    private static let blockBits = 8
    private static let blockLeaves: UInt64 = 1 << 8

    /// An author over a store.
    package init(store: any JournalStore) { self.store = store }

    /// The proof that entry `index` is in the tree of the first `size` entries. Throws `.badRequest` when it is not.
    package func inclusion(of index: UInt64, at size: UInt64) async throws(ExchangeError) -> [[UInt8]] {
        guard index < size else { throw ExchangeError(.badRequest, "the tree of \(size) entries has no entry \(index)") }
        try await extend(to: size)
        var proof: [[UInt8]] = []
        var start: UInt64 = 0
        var count = size
        while count > 1 {
            let left = Self.split(count)
            if index < start + left {
                proof.append(try await hash(start + left, count - left))
                count = left
            } else {
                proof.append(try await hash(start, left))
                start += left
                count -= left
            }
        }
        return proof.reversed()
    }

    /// The proof that the tree of `first` entries is the beginning of the tree of `second`. Throws `.badRequest` when it
    /// is not, or the journal has fewer.
    package func consistency(from first: UInt64, to second: UInt64) async throws(ExchangeError) -> [[UInt8]] {
        guard first <= second else { throw ExchangeError(.badRequest, "a tree does not begin with a larger one") }
        try await extend(to: second)
        guard first > 0, first < second else { return [] }
        var proof: [[UInt8]] = []
        var start: UInt64 = 0
        var count = second
        var old = first
        var isWhole = true
        while old != count {
            let left = Self.split(count)
            if old <= left {
                proof.append(try await hash(start + left, count - left))
                count = left
            } else {
                proof.append(try await hash(start, left))
                start += left
                count -= left
                old -= left
                isWhole = false
            }
        }
        if !isWhole { proof.append(try await hash(start, count)) }
        return proof.reversed()
    }

    /// The root the tree had at a size. Throws `.badRequest` beyond the end.
    package func root(at size: UInt64) async throws(ExchangeError) -> [UInt8] {
        try await extend(to: size)
        return size == 0 ? MerkleHash.empty : try await hash(0, size)
    }

    /// The largest power of two smaller than `count`, which is at least 2.
    private static func split(_ count: UInt64) -> UInt64 { 1 << (63 - (count - 1).leadingZeroBitCount) }

    private func extend(to size: UInt64) async throws(ExchangeError) {
        let end = try await store.head().size
        guard size <= end else { throw ExchangeError(.badRequest, "the journal has \(end) entries, not \(size)") }
        while UInt64(levels[0].count / 32) < size >> UInt64(Self.blockBits) {
            let have = UInt64(levels[0].count / 32)
            let blocks = min(256, (size >> UInt64(Self.blockBits)) - have)
            let start = have * Self.blockLeaves
            let leaves = try await store.leaves(start..<start + blocks * Self.blockLeaves)
            // Another caller may have come here first while the leaves were read.
            guard UInt64(levels[0].count / 32) == have else { continue }
            for block in 0..<Int(blocks) {
                let from = block * Int(Self.blockLeaves)
                append(Self.root(leaves[from..<from + Int(Self.blockLeaves)]))
            }
        }
    }

    private func append(_ root: [UInt8]) {
        levels[0] += root
        var level = 0
        while levels[level].count / 32 % 2 == 0 {
            let pair = levels[level].suffix(64)
            let node = MerkleHash.node(Array(pair.prefix(32)), Array(pair.suffix(32)))
            level += 1
            if level == levels.count { levels.append([]) }
            levels[level] += node
        }
    }

    private static func root(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
        var frontier = MerkleFrontier()
        for leaf in leaves { frontier.append(leaf) }
        return frontier.root
    }

    /// The root over `count` leaves from `start`, which is a multiple of the next power of two not below `count`.
    private func hash(_ start: UInt64, _ count: UInt64) async throws(ExchangeError) -> [UInt8] {
        if count < Self.blockLeaves {
            let leaves = try await store.leaves(start..<start + count)
            return Self.root(leaves[...])
        }
        if count.nonzeroBitCount == 1 {
            let level = count.trailingZeroBitCount - Self.blockBits
            let at = Int(start >> UInt64(count.trailingZeroBitCount)) * 32
            guard level < levels.count, at + 32 <= levels[level].count else {
                throw ExchangeError(.internal, "a subtree of the journal is not known", at: "entry \(start)")
            }
            return Array(levels[level][at..<at + 32])
        }
        let left = Self.split(count)
        let below = try await hash(start, left)
        return MerkleHash.node(below, try await hash(start + left, count - left))
    }
}
