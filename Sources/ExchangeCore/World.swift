/// The only doors to what is not determined by the input: wall clock, monotonic clock, randomness and waiting.
///
/// Production opens them to the system (ExchangeNode), the simulator to a seed; nothing below floor 4 knows which.
package struct World: Sendable {
    /// The wall clock: for what people and certificates call time.
    package let now: @Sendable () -> Timestamp
    /// The monotonic clock, counted from an arbitrary start: for deadlines and intervals.
    package let uptime: @Sendable () -> Duration
    /// 64 random bits, fit for keys in production.
    package let randomBits: @Sendable () -> UInt64
    /// Returns once the monotonic clock has moved on by that much; throws when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    /// A world from its four doors.
    package init(
        now: @escaping @Sendable () -> Timestamp, uptime: @escaping @Sendable () -> Duration,
        randomBits: @escaping @Sendable () -> UInt64, sleep: @escaping @Sendable (Duration) async throws -> Void,
    ) {
        self.now = now
        self.uptime = uptime
        self.randomBits = randomBits
        self.sleep = sleep
    }

    /// The world's randomness as Swift's algorithms take it.
    package var random: Random { Random(bits: randomBits) }

    /// A generator that draws from a world.
    package struct Random: RandomNumberGenerator, Sendable {
        let bits: @Sendable () -> UInt64
        package func next() -> UInt64 { bits() }
    }

    /// As many random bytes as asked for.
    package func randomBytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            var word = randomBits()
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return Array(bytes.prefix(count))
    }

    /// 32 lower-case hexadecimal digits: a trace id (W3C Trace Context).
    package func newTraceID() -> String { Hexadecimal.encode(randomBytes(16)) }

    /// A new span id: 16 lower-case hexadecimal digits.
    package func newSpanID() -> String { Hexadecimal.encode(randomBytes(8)) }
}
