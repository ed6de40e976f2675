import ExchangeCore

/// When something happens: by the wall clock, which people and records go by, and by the monotonic one, which waits do.
package struct Moment: Hashable, Sendable {
    /// The wall clock.
    package let now: Timestamp
    /// The monotonic clock, from an arbitrary start.
    package let uptime: Duration

    /// A moment from its two readings.
    package init(now: Timestamp, uptime: Duration) {
        self.now = now
        self.uptime = uptime
    }
}
