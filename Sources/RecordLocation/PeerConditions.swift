import ExchangeCore

/// How other communities' endpoints have behaved, and what a request to one may do: breakers, usual times, requests under
/// way, and the budgets of extra requests. Pure: time and chance are arguments.
package struct PeerConditions: Sendable {
    /// What may be done with a request to a community.
    package enum Admission: Hashable, Sendable {
        /// Ask these endpoints, in this order: the first at once.
        case ask([String])
        /// Every endpoint failed so often lately that none is asked.
        case breakerOpen
        /// As many requests to it as there may be are under way.
        case busy
    }

    /// How a request to an endpoint ended.
    package enum Ending: Hashable, Sendable {
        /// An answer came, of whatever content.
        case answered
        /// Nothing usable came.
        case failed
        /// It was given up because another endpoint of the community was faster.
        case overtaken
        /// It was given up because nobody waits for the answer any more.
        case abandoned
    }

    private struct Endpoint {
        var breaker = CircuitBreaker()
        var latency = LatencyEstimate()
    }

    /// Endpoints that are remembered; beyond it all are forgotten, which costs some patience and nothing else.
    private static let endpointsMax = 16_384

    private let policy: AskingPolicy
    private var endpoints: [String: Endpoint] = [:]
    private var underWay: [CommunityID: Int] = [:]
    private var hedges: RequestBudget
    private var retries: RequestBudget

    /// Nothing known of anybody.
    package init(policy: AskingPolicy) {
        self.policy = policy
        hedges = RequestBudget(share: policy.hedges ? policy.hedgeShare : 0)
        retries = RequestBudget(share: policy.retryShare)
    }

    /// Lets a request to a community begin, or says why not; one that may is to be followed by `left`.
    ///
    /// Endpoints whose breaker is open are left out, those that have just failed come last; where another of the same
    /// community usually takes less than half as long, the faster one comes first.
    package mutating func enter(_ community: CommunityID, endpoints bases: [String], at now: Duration) -> Admission {
        guard underWay[community, default: 0] < policy.perCommunityMax else { return .busy }
        var usable = bases
        if policy.breakers {
            usable = bases.filter { !(endpoints[$0]?.breaker.isOpen(at: now) ?? false) }
            if usable.isEmpty { return .breakerOpen }
        }
        if usable.count > 1 { usable = ordered(usable, at: now) }
        underWay[community, default: 0] += 1
        hedges.earn()
        retries.earn()
        return .ask(usable)
    }

    /// The request that `enter` let begin is over.
    package mutating func left(_ community: CommunityID) {
        guard let count = underWay[community] else { return }
        underWay[community] = count > 1 ? count - 1 : nil
    }

    /// Whether this one endpoint may be asked now; one that may is to be followed by `ended`.
    package mutating func begin(_ base: String, at now: Duration) -> Bool {
        guard policy.breakers else { return true }
        if endpoints.count >= Self.endpointsMax, endpoints[base] == nil { endpoints = [:] }
        return endpoints[base, default: Endpoint()].breaker.admit(at: now) != .open
    }

    /// How the request to an endpoint ended after that long.
    package mutating func ended(
        _ base: String, _ ending: Ending, after elapsed: Duration, at now: Duration, chance: UInt64,
    ) {
        var endpoint = endpoints[base] ?? Endpoint()
        switch ending {
        case .answered:
            endpoint.breaker.succeeded()
            endpoint.latency.note(elapsed)
        case .failed: endpoint.breaker.failed(at: now, policy: policy, chance: chance)
        // A second request that lost to the first has had no time of its own: that says nothing.
        case .overtaken where elapsed < endpoint.latency.quantile(0.95) ?? policy.overdueMin: endpoint.breaker.abandoned()
        case .overtaken:
            // It took longer than it usually does already: not to count it would make it look ever faster. An endpoint
            // that is always overtaken is as good as dead.
            endpoint.breaker.failed(at: now, policy: policy, chance: chance, isOvertaken: true)
            endpoint.latency.note(elapsed)
        case .abandoned: endpoint.breaker.abandoned()
        }
        endpoints[base] = endpoint
    }

    /// After what time a request to the first of a community's endpoints is joined by a second one: when 95 % of its
    /// answers have usually come; those of another one where too little is known of it. Nil while nothing is known, or
    /// nothing is hedged.
    package func hedgeDelay(_ bases: [String]) -> Duration? {
        guard policy.hedges else { return nil }
        let usual = bases.lazy.compactMap { endpoints[$0]?.latency.quantile(0.95) }.first
        return usual.map { max($0, policy.hedgeDelayMin) }
    }

    /// After what time a request to an endpoint counts as failed, though its answer is still waited for: four times what
    /// 95 % of its answers take, a second at least. Else silence would be known only when the whole question ends.
    package func overdueDelay(_ base: String) -> Duration {
        max((endpoints[base]?.latency.quantile(0.95) ?? .zero) * 4, policy.overdueMin)
    }

    /// Takes a second request out of the budget; false when it is spent.
    package mutating func takeHedge() -> Bool { hedges.spend() }

    /// Takes a repeated request out of the budget; false when it is spent.
    package mutating func takeRetry() -> Bool { retries.spend() }

    private func ordered(_ given: [String], at now: Duration) -> [String] {
        let isFailing = given.map { endpoints[$0]?.breaker.isFailing(at: now) ?? false }
        let bases = zip(given, isFailing).filter { !$1 }.map(\.0) + zip(given, isFailing).filter(\.1).map(\.0)
        guard let first = endpoints[bases[0]]?.latency.quantile(0.5) else { return bases }
        var best = (index: 0, usual: first)
        for (index, base) in bases.enumerated().dropFirst() {
            guard let usual = endpoints[base]?.latency.quantile(0.5), usual * 2 < first, usual < best.usual else {
                continue
            }
            best = (index, usual)
        }
        guard best.index != 0 else { return bases }
        var result = bases
        result.insert(result.remove(at: best.index), at: 0)
        return result
    }
}
