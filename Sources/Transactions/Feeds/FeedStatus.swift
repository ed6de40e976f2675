import ExchangeCore

/// How a feed fares: counts and moments, nothing of any message.
package struct FeedStatus: Sendable, Hashable {
    /// The feed.
    package let name: String
    /// Where it listens; nil before it is bound.
    package var address: String?
    /// Open connections.
    package var connections = 0
    /// Connections closed at once because there were too many.
    package var connectionsRefused = 0
    /// Messages that came, each of a batch by itself.
    package var received = 0
    /// Those that had their effect, or needed none.
    package var accepted = 0
    /// Those of them of which a part was left out: a stay that could not be read.
    package var takenInPart = 0
    /// Those that came again and were answered as before.
    package var repeated = 0
    /// Those answered with an error or a rejection.
    package var refused = 0
    /// Frames that were no frames.
    package var badFrames = 0
    /// Refused messages that could not be kept.
    package var lost = 0
    /// When the last message came.
    package var last: Timestamp?
    /// When the last one was refused, and why.
    package var lastRefusal: Refusal?
    /// When something was left out last, and what.
    package var lastOmission: Refusal?

    /// Nothing came yet.
    package init(name: String) { self.name = name }

    /// A refusal and its moment.
    package struct Refusal: Sendable, Hashable {
        /// When.
        package let time: Timestamp
        /// Why; no patient data.
        package let reason: String

        /// A refusal.
        package init(time: Timestamp, reason: String) {
            self.time = time
            self.reason = reason
        }
    }
}
