import Crypto

/// The hashes of RFC 9162 section 2.1.1 (the same as RFC 6962's), with SHA-256.
package enum MerkleHash {
    /// The root of a tree without leaves: SHA-256 of nothing.
    package static let empty: [UInt8] = Array(SHA256.hash(data: [UInt8]()))

    /// The hash of a leaf: SHA-256 of 0x00 and the entry's bytes.
    package static func leaf(_ entry: [UInt8]) -> [UInt8] { entry.withUnsafeBytes { leaf($0) } }

    /// The hash of a leaf whose bytes lie elsewhere.
    package static func leaf(_ entry: UnsafeRawBufferPointer) -> [UInt8] {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: entry)
        return hash.finalize().withUnsafeBytes { [UInt8]($0) }
    }

    /// The hash of an inner node: SHA-256 of 0x01, the left and the right hash (32 bytes each).
    package static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: 1 + left.count + right.count, alignment: 1) { bytes in
            bytes[0] = 1
            left.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: bytes[1...]).copyMemory(from: $0) }
            right.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: bytes[(1 + left.count)...]).copyMemory(from: $0) }
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return hash.finalize().withUnsafeBytes { [UInt8]($0) }
        }
    }
}

/// The right edge of a Merkle tree: enough to append to it and to know its root, in 32 bytes a level.
package struct MerkleFrontier: Sendable, Equatable {
    /// How many leaves the tree has.
    package private(set) var size: UInt64 = 0
    /// The roots of the perfect subtrees the tree is made of, the largest first: one for each bit set in `size`.
    package private(set) var peaks: [[UInt8]] = []

    /// An empty tree.
    package init() {}

    /// A tree as it was kept; nil when the number of peaks does not fit the size or one is not 32 bytes.
    package init?(size: UInt64, peaks: [[UInt8]]) {
        guard peaks.count == size.nonzeroBitCount, peaks.allSatisfy({ $0.count == 32 }) else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Appends a leaf by its hash (32 bytes).
    package mutating func append(_ leaf: [UInt8]) {
        var carried = leaf
        var rest = size
        while rest & 1 == 1 {
            carried = MerkleHash.node(peaks.removeLast(), carried)
            rest >>= 1
        }
        peaks.append(carried)
        size += 1
    }

    /// The root hash (RFC 9162 section 2.1.1).
    package var root: [UInt8] {
        guard var hash = peaks.last else { return MerkleHash.empty }
        for peak in peaks.dropLast().reversed() { hash = MerkleHash.node(peak, hash) }
        return hash
    }
}
