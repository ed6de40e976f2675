/// How other communities are asked: when a second request goes out, when one is left alone, how much that may cost.
///
/// The numbers are those of directory.md 5.3; every share is a share of the first requests.
package struct AskingPolicy: Hashable, Sendable {
    /// Whether a slow request is joined by a second one to another endpoint of the same community.
    package var hedges = true
    /// Second requests, as a share of first ones, in the long run.
    package var hedgeShare = 0.08
    /// The earliest a second request goes out, however fast an endpoint usually is.
    package var hedgeDelayMin = Duration.milliseconds(30)
    /// Requests repeated after a failed connection, as a share of first ones, in the long run.
    package var retryShare = 0.10
    /// Whether an endpoint that keeps failing is left alone for a while.
    package var breakers = true
    /// Failures in a row that open an endpoint's breaker.
    package var failuresInARowMax = 5
    /// The earliest a request that is still waited for counts as failed.
    package var overdueMin = Duration.seconds(1)
    /// How long a breaker stays open the first time; twice as long each time its probe fails.
    package var openMin = Duration.seconds(1)
    /// The longest a breaker stays open.
    package var openMax = Duration.seconds(60)
    /// Requests under way to one community at the most; there is no queue.
    package var perCommunityMax = 32
    /// For how long it is remembered who somebody is at another community.
    package var correlationAge = Duration.seconds(3600)

    /// The defaults.
    package init() {}
}

/// How far a question goes.
package enum AskingScope: String, Sendable, CaseIterable {
    /// Communities that are known to have had to do with the patient.
    case known
    /// Those, and every community of this node's region; every community where this node states no region.
    case region
    /// Every community of the directory.
    case exhaustive
}
