import Glibc

/// The benchmarks' one clock: monotonic, in nanoseconds.
struct Stopwatch: Sendable {
    private let start = Self.reading()

    /// Nanoseconds since it was made.
    var nanoseconds: UInt64 { Self.reading() - start }

    /// Seconds since it was made.
    var seconds: Double { Double(nanoseconds) / 1e9 }

    /// Milliseconds since it was made.
    var milliseconds: Double { Double(nanoseconds) / 1e6 }

    private static func reading() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
