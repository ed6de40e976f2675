/// SplitMix64 for tests of modules that stand on nothing (`HIE_ONLY` leaves ExchangeCore, which has its own, out there).
package struct FuzzRandom: RandomNumberGenerator {
    private var state: UInt64

    /// A generator from its seed.
    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A number from 0 to below `bound`, which is above 0.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Whether one of `count` chances came.
    package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
}
