import ExchangeCore

extension DirectoryState {
    /// Where to pull from at the start: every seed, and two communities known from before.
    func firstTargets(now: Timestamp, using random: inout some RandomNumberGenerator) -> [DirectoryTarget] {
        var targets = identity.seeds
        for target in reachable(now: now).shuffled(using: &random).prefix(2)
        where !targets.contains(where: { $0.url == target.url }) {
            targets.append(target)
        }
        return targets
    }

    /// Where to pull from now: a local uniform choice over admitted communities, so that nobody can stuff it; a seed
    /// while it has not been heard of.
    func pullTarget(now: Timestamp, using random: inout some RandomNumberGenerator) -> DirectoryTarget? {
        let known = reachable(now: now)
        let unheard = identity.seeds.filter { seed in !known.contains { $0.url == seed.url } }
        return (known + unheard).randomElement(using: &random)
    }

    /// To whom a change is pushed: everybody while they are few, else a random few.
    func fan(except peer: CommunityID?, now: Timestamp, using random: inout some RandomNumberGenerator)
        -> [DirectoryTarget]
    {
        let candidates = reachable(now: now).filter { $0.community != peer }
        guard candidates.count > limits.fanOut else { return candidates }
        return Array(candidates.shuffled(using: &random).prefix(limits.fanOut))
    }

    /// Others with a record in force and a `gossip` endpoint, in the order of their identifiers.
    ///
    /// Communities that told two stories are asked too: their word on others still verifies.
    private func reachable(now: Timestamp) -> [DirectoryTarget] {
        communities(now: now).compactMap { found in
            guard found.community != identity.community, found.standing == .active || found.standing == .quarantined,
                let url = found.endpoint("gossip")
            else { return nil }
            return DirectoryTarget(community: found.community, url: url)
        }
    }
}
