/// How long an endpoint usually takes: the last 64 answers, and their quantiles.
package struct LatencyEstimate: Hashable, Sendable {
    /// Answers that are remembered.
    package static let samplesMax = 64
    /// Answers before anything is said: a quantile of fewer is a guess.
    package static let samplesMin = 8

    private var samples: [Duration] = []
    private var next = 0

    /// Nothing known.
    package init() {}

    /// Notes an answer that took that long, or a request that was given up after it.
    package mutating func note(_ elapsed: Duration) {
        if samples.count < Self.samplesMax {
            samples.append(elapsed)
        } else {
            samples[next] = elapsed
            next = (next + 1) % Self.samplesMax
        }
    }

    /// The time within which that share of answers came; nil while too few are known.
    package func quantile(_ share: Double) -> Duration? {
        guard samples.count >= Self.samplesMin else { return nil }
        let rank = Int((Double(samples.count) * share).rounded(.up)) - 1
        return samples.sorted()[min(max(rank, 0), samples.count - 1)]
    }
}
