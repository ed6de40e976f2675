import ExchangeCore

extension DirectoryState {
    /// Where to pull from at the start: every seed, and three communities known from before.
    func firstTargets(_ moment: Moment, using random: inout some RandomNumberGenerator) -> [DirectoryTarget] {
        var targets = identity.seeds
        for target in known(moment).shuffled(using: &random).prefix(3)
        where !targets.contains(where: { $0.url == target.url }) {
            targets.append(target)
        }
        return targets
    }

    /// Where to look now: a seed while it has not been heard of, else a local uniform choice over the members, so that
    /// nobody can stuff it.
    func feelerTarget(_ moment: Moment, using random: inout some RandomNumberGenerator) -> DirectoryTarget? {
        if let seed = unheardSeeds.randomElement(using: &random) {
            if overlay.members.count < 2 || Bool.random(using: &random) { return seed }
        }
        return some(1, moment, using: &random).first
    }

    /// Seeds that no record here names: who started before its seed looks for it on, else two islands would stay two.
    ///
    /// Not one that answered as a community which has left or was revoked: its record will not come.
    var unheardSeeds: [DirectoryTarget] {
        identity.seeds.filter { seed in
            if let community = seedCommunities[seed.url], let row = rows[community] {
                if row.isRevoked || row.mark?.isRetired ?? false { return false }
            }
            return !overlay.members.contains { rows[$0]?.gossip == seed.url }
        }
    }

    /// One that is lost or slow, to be dialled: how a partition's two sides find each other again, and how one that was cut off
    /// learns that what it heard last is over.
    func lostTarget(_ moment: Moment, using random: inout some RandomNumberGenerator) -> DirectoryTarget? {
        reports.filter { $0.value.reach != .reachable }.keys.sorted().compactMap { target($0) }
            .randomElement(using: &random)
    }

    /// To whom a change is pushed: everybody while they are few, else those this node watches and two others.
    ///
    /// - Parameter isOwn: whether this node is the change's origin; where everybody has it from there, three more ways
    ///   suffice for those to whom one link is broken.
    func fan(
        except peer: CommunityID?, isOwn: Bool, _ moment: Moment, using random: inout some RandomNumberGenerator,
    ) -> [DirectoryTarget] {
        if overlay.members.count <= limits.fanOut + 1 {
            let others = known(moment).filter { target in
                target.community.map { $0 != peer && reports[$0]?.reach != .unreachable } ?? true
            }
            return isOwn ? others : Array(others.shuffled(using: &random).prefix(3))
        }
        var chosen: [CommunityID] = watches.map(\.subject)
        for target in some(2, moment, using: &random) {
            if let community = target.community, !chosen.contains(community) { chosen.append(community) }
        }
        return chosen.filter { $0 != peer && reports[$0]?.reach != .unreachable }.compactMap { target($0) }
    }

    /// Others with an address, in the order of their identifiers.
    ///
    /// Communities that told two stories are asked too: their word on others still verifies.
    func known(_ moment: Moment) -> [DirectoryTarget] {
        overlay.members.compactMap { community in
            guard community != identity.community, let row = rows[community], row.isAdmitted(at: moment.now),
                let url = row.gossip, !blocked.contains(community)
            else { return nil }
            return DirectoryTarget(community: community, url: url)
        }
    }

    /// So many others at random.
    private func some(_ count: Int, _ moment: Moment, using random: inout some RandomNumberGenerator)
        -> [DirectoryTarget]
    {
        guard overlay.members.count > 1 else { return [] }
        var found: [DirectoryTarget] = []
        for _ in 0..<(count * 4) where found.count < count {
            let community = overlay.members[Int.random(in: overlay.members.indices, using: &random)]
            if let target = target(community), !found.contains(target) { found.append(target) }
        }
        return found
    }
}
