/// The benchmarks' one clock: monotonic.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now

    /// Nanoseconds since it was made.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    /// Seconds since it was made.
    var seconds: Double { Double(nanoseconds) / 1e9 }

    /// Milliseconds since it was made.
    var milliseconds: Double { Double(nanoseconds) / 1e6 }
}
