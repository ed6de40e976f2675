import ExchangeCore
import Trust

/// How much a directory holds and the sum of its hashes: equal roots need no exchange (directory.md 2.2).
///
/// A sum modulo 2^256, so the order things came in does not show and one change costs one addition. Its terms are SHA-256
/// hashes; who could choose sets with equal sums could only hide what its owner signed from whoever trusts this root alone,
/// and nobody does: each community is asked by random others, too.
package struct DirectoryRoot: Hashable, Sendable {
    /// How many communities.
    package private(set) var count = 0
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The root of an empty directory.
    package init() {}

    /// A root as it came over the wire: 32 bytes, big-endian; nil for another length.
    package init?(count: Int, sum: [UInt8]) {
        guard sum.count == 32, count >= 0 else { return nil }
        self.count = count
        words = (Self.word(sum, 0), Self.word(sum, 8), Self.word(sum, 16), Self.word(sum, 24))
    }

    /// The sum, 32 bytes, big-endian.
    package var sum: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }

    /// Count and half of the sum: enough to tell two directories apart in a probe.
    package var short: UInt64 { words.0 ^ words.2 ^ UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func add(_ other: DirectoryRoot) {
        count += other.count
        var carry: UInt64 = 0
        words.3 = Self.sum(words.3, other.words.3, &carry)
        words.2 = Self.sum(words.2, other.words.2, &carry)
        words.1 = Self.sum(words.1, other.words.1, &carry)
        words.0 = Self.sum(words.0, other.words.0, &carry)
    }

    mutating func remove(_ other: DirectoryRoot) {
        count -= other.count
        var borrow: UInt64 = 0
        words.3 = Self.difference(words.3, other.words.3, &borrow)
        words.2 = Self.difference(words.2, other.words.2, &borrow)
        words.1 = Self.difference(words.1, other.words.1, &borrow)
        words.0 = Self.difference(words.0, other.words.0, &borrow)
    }

    mutating func add(_ hash: Thumbprint) {
        var other = DirectoryRoot()
        other.words = (
            Self.word(hash.bytes, 0), Self.word(hash.bytes, 8), Self.word(hash.bytes, 16), Self.word(hash.bytes, 24)
        )
        add(other)
    }

    mutating func count(_ number: Int) { count += number }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt64 {
        var word: UInt64 = 0
        for offset in 0..<8 { word = word << 8 | UInt64(bytes[at + offset]) }
        return word
    }

    private static func sum(_ left: UInt64, _ right: UInt64, _ carry: inout UInt64) -> UInt64 {
        let (first, one) = left.addingReportingOverflow(right)
        let (second, two) = first.addingReportingOverflow(carry)
        carry = one || two ? 1 : 0
        return second
    }

    private static func difference(_ left: UInt64, _ right: UInt64, _ borrow: inout UInt64) -> UInt64 {
        let (first, one) = left.subtractingReportingOverflow(right)
        let (second, two) = first.subtractingReportingOverflow(borrow)
        borrow = one || two ? 1 : 0
        return second
    }

    package static func == (left: Self, right: Self) -> Bool { left.count == right.count && left.words == right.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.3)
    }
}
