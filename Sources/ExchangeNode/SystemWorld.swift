import ExchangeCore
import Foundation

extension World {
    /// The real world: the system's clocks, its random generator, and real waiting.
    ///
    /// The only place of the program where time and randomness come in.
    package static let system = World(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        },
        uptime: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
        },
        randomBits: {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        },
        sleep: { try await Task.sleep(for: $0) },
    )
}
