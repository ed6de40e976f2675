import ExchangeCore
import Synchronization

/// A world from a seed: its clock moves one millisecond each time it is looked at.
enum TestWorld {
    static func seeded(_ seed: UInt64) -> World {
        let source = Source(seed)
        return World(
            now: { Timestamp(milliseconds: 1_790_000_000_000 + source.tick()) },
            uptime: { .milliseconds(source.tick()) },
            randomBits: { source.bits() }, sleep: { _ in })
    }

    private final class Source: Sendable {
        private let state: Mutex<(random: UInt64, ticks: Int64)>

        init(_ seed: UInt64) { state = Mutex((seed, 0)) }

        func tick() -> Int64 {
            state.withLock { state in
                state.ticks += 1
                return state.ticks
            }
        }

        /// SplitMix64.
        func bits() -> UInt64 {
            state.withLock { state in
                state.random &+= 0x9E37_79B9_7F4A_7C15
                var word = state.random
                word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
                word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
                return word ^ word >> 31
            }
        }
    }
}
