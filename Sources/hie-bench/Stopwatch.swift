import Glibc

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

    /// Seconds of a core that the thread asking has used so far.
    static var threadSeconds: Double {
        var usage = rusage()
        // RUSAGE_THREAD, which the header hides from Swift.
        getrusage(__rusage_who_t(1), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
