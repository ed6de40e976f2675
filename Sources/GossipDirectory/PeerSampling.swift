import ExchangeCore

extension DirectoryState {
    /// Where to pull from at the start: every seed, and three communities known from before.
    func firstTargets(_ moment: Moment, using random: inout some RandomNumberGenerator) -> [DirectoryTarget] {
        var targets = identity.seeds
        for target in some(3, moment, using: &random)
        where !targets.contains(where: { $0.url == target.url }) {
            targets.append(target)
        }
        return targets
    }

    /// Where to look now: a seed while it has not been heard of, else a local uniform choice over the members, so that
    /// nobody can stuff it.
    func feelerTarget(_ moment: Moment, using random: inout some RandomNumberGenerator) -> DirectoryTarget? {
        if let seed = unheardSeeds.randomElement(using: &random) {
            // This node itself is a member only once it has said what it is: one that was asked knows somebody to ask before.
            if overlay.countOthers(than: identity.community) == 0 || Bool.random(using: &random) { return seed }
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
        let hears = { (community: CommunityID) in community != peer && self.reports[community]?.reach != .unreachable }
        if overlay.members.count <= limits.fanOut + 1 {
            if isOwn { return known(moment).filter { $0.community.map(hears) ?? true } }
            return some(3, moment, using: &random, where: hears)
        }
        var chosen: [CommunityID] = watches.map(\.subject)
        for target in some(2, moment, using: &random) {
            if let community = target.community, !chosen.contains(community) { chosen.append(community) }
        }
        return chosen.filter(hears).compactMap { target($0) }
    }

    /// Others with an address, in the order of their identifiers.
    ///
    /// Communities that told two stories are asked too: their word on others still verifies.
    func known(_ moment: Moment) -> [DirectoryTarget] { overlay.members.compactMap { other($0, moment) } }

    private func other(_ community: CommunityID, _ moment: Moment) -> DirectoryTarget? {
        guard rows[community]?.isAdmitted(at: moment.now) ?? false else { return nil }
        return target(community)
    }

    /// So many others at random, as far as there are any.
    private func some(
        _ count: Int, _ moment: Moment, using random: inout some RandomNumberGenerator,
        where suits: (CommunityID) -> Bool = { _ in true },
    ) -> [DirectoryTarget] {
        let members = overlay.members
        var found: [DirectoryTarget] = []
        // A shuffle that ends as soon as enough are found.
        var order = Array(members.indices)
        for place in order.indices where found.count < count {
            order.swapAt(place, Int.random(in: place..<order.count, using: &random))
            let community = members[order[place]]
            if suits(community), let target = other(community, moment) { found.append(target) }
        }
        return found
    }
}
