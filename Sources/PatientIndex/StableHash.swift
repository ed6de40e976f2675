/// Hashes that are the same in every process and on every machine.
package enum StableHash {
    /// 64 bits of a text that is only compared for equality (FNV-1a, then a mix so that every bit counts).
    package static func word(_ bytes: some Sequence<UInt8>, seed: UInt64 = 0) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return mix(hash)
    }

    /// Spreads a value over all 64 bits (the finaliser of SplitMix64).
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The secret that keys the index of blocking keys: without it the index tells nothing about anybody.
package struct IndexSecret: Sendable {
    let low: UInt64
    let high: UInt64

    /// A secret of 16 bytes or more, of which the first 16 count; shorter ones are filled up with zeros.
    package init(_ bytes: [UInt8]) {
        func word(_ from: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | (from + $1 < bytes.count ? UInt64(bytes[from + $1]) << UInt64(8 * $1) : 0) }
        }
        low = word(0)
        high = word(8)
    }

    /// SipHash-2-4 of two words (Aumasson and Bernstein 2012): a keyed function of what a key is made of.
    func hash(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var v = (
            low ^ 0x736F_6D65_7073_6575, high ^ 0x646F_7261_6E64_6F6D, low ^ 0x6C79_6765_6E65_7261,
            high ^ 0x7465_6462_7974_6573
        )
        func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 { value << by | value >> (64 - by) }
        func round() {
            v.0 = v.0 &+ v.1
            v.1 = rotate(v.1, 13) ^ v.0
            v.0 = rotate(v.0, 32)
            v.2 = v.2 &+ v.3
            v.3 = rotate(v.3, 16) ^ v.2
            v.0 = v.0 &+ v.3
            v.3 = rotate(v.3, 21) ^ v.0
            v.2 = v.2 &+ v.1
            v.1 = rotate(v.1, 17) ^ v.2
            v.2 = rotate(v.2, 32)
        }
        func absorb(_ word: UInt64) {
            v.3 ^= word
            round()
            round()
            v.0 ^= word
        }
        absorb(first)
        absorb(second)
        absorb(16 << 56)
        v.2 ^= 0xFF
        for _ in 0..<4 { round() }
        return v.0 ^ v.1 ^ v.2 ^ v.3
    }
}
