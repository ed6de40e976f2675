import ExchangeCore
import GossipDirectory
import Trust

/// Measures a complete network of up to ten thousand nodes: how long news takes, with and without the dead.
///
/// Every node is the real state machine with the whole directory; rows that none has changed are shared between them.
package struct DirectoryScale {
    /// One measured value.
    package struct Measure: Sendable {
        /// Such as `update_10_dead_ms`.
        package let name: String
        /// The value.
        package let value: Double
    }

    private let cast: Cast
    private let plan: DirectoryPlan

    /// A network by a plan; its faults are left out.
    package init(_ cast: Cast, _ plan: DirectoryPlan) {
        self.cast = cast
        self.plan = plan
    }

    /// Measures an update with 10, 30 and 0 % dead, a crash, silence and equivocation.
    ///
    /// - Parameter tell: hears each value as soon as there is one: at 10,000 nodes they are minutes apart.
    package func measure(seed: UInt64, _ tell: (Measure) -> Void) {
        for share in [10, 30, 0] {
            let world = complete(seed: seed &+ UInt64(share))
            for number in Array(1..<plan.nodes).shuffled(using: &world.chance).prefix(plan.nodes * share / 100) {
                world.nodes[number].isUp = false
            }
            let sent = world.nodes.reduce(0) { $0 + $1.bytesSent }
            let took = news(world, of: 0) { world.update(0) }
            tell(Measure(name: share == 0 ? "update_ms" : "update_\(share)_dead_ms", value: took))
            guard share == 0 else { continue }
            let bytes = world.nodes.reduce(0) { $0 + $1.bytesSent } - sent
            tell(Measure(name: "update_bytes_per_node", value: Double(bytes / plan.nodes)))
            tell(Measure(name: "idle_bytes_per_s", value: idle(world)))
        }
        tell(Measure(name: "equivocation_ms", value: equivocation(complete(seed: seed))))
        tell(Measure(name: "crash_ms", value: gone(complete(seed: seed), isSilent: false)))
        tell(Measure(name: "silent_ms", value: gone(complete(seed: seed), isSilent: true)))
    }

    /// A network in which everybody knows everybody, watched for a moment so that connections stand.
    private func complete(seed: UInt64) -> DirectoryWorld {
        let world = DirectoryWorld(cast, plan, seed: seed)
        var base = cast.directory(0, seeds: [], store: 1, limits: plan.limits)
        let now = Cast.epoch
        for number in 0..<plan.nodes {
            _ = base.accept(admission: cast.admissions[number].token.compact)
            let facility = cast.facilities[number]
            let statement = DirectoryRecord.Statement(
                network: cast.network, community: facility.community, epoch: 1, sequence: UInt64(now.milliseconds),
                previous: nil, issued: now, expires: now + .seconds(72 * 3600), status: .active,
                profile: cast.profile(number, version: 0), keys: [facility.key.publicKey.thumbprint],
                admission: cast.admissions[number].token.hash)
            guard let record = try? DirectoryRecord(stating: statement, key: facility.key) else { continue }
            _ = base.accept(record: record.token.compact, now: now)
        }
        var draws = world.draws
        _ = base.root(now: now)
        _ = base.handle(.timer, at: Moment(now: now, uptime: .seconds(100)), using: &draws)
        for number in 0..<plan.nodes {
            let facility = cast.facilities[number]
            let identity = DirectoryIdentity(
                authorities: [cast.authority.publicKey], community: facility.community, key: facility.key)
            let check = Duration.milliseconds(Int64.random(in: 100_000..<700_000, using: &world.chance))
            let state = DirectoryState(copying: base, as: identity, store: UInt64(number) + 2, nextCheck: check)
            let node = SimulatedDirectory(
                number: number, state: state, key: facility.key, admission: cast.admissions[number].token.compact)
            node.isUp = true
            node.generation = 1
            world.nodes.append(node)
        }
        for number in 0..<plan.nodes {
            world.handle(.profiled(cast.profile(number, version: 0)), at: number)
            for other in world.nodes[number].state.watching { if let at = cast.number(other) { world.nodes[number].connections[at] = 0 } }
        }
        world.checks.troubleUntil = .max / 2
        world.run(until: 1_500_000)
        return world
    }

    /// Runs until observers take turns: the first of them begin at any time, and may leave a gap in which nobody looks.
    private func settle(_ world: DirectoryWorld) { world.run(until: world.now + 12_000_000) }

    /// Bytes of frames that a node sends in a second in which nothing happens, without TLS and TCP.
    private func idle(_ world: DirectoryWorld) -> Double {
        settle(world)
        let before = world.nodes.reduce(0) { $0 + $1.bytesSent }
        world.run(until: world.now + 5_000_000)
        return Double(world.nodes.reduce(0) { $0 + $1.bytesSent } - before) / Double(plan.nodes) / 5
    }

    /// A complete network falls into two halves for so many seconds; from its healing until all have both halves' news, and
    /// until nobody calls anybody gone, in milliseconds.
    package func healing(after seconds: Int, seed: UInt64) -> (records: Double, reach: Double) {
        let world = complete(seed: seed)
        world.side = (0..<plan.nodes).map { $0 % 2 }
        world.run(until: world.now + Int64(seconds) * 1_000_000 / 2)
        for number in 0..<min(4, plan.nodes) { world.update(number) }
        world.run(until: world.now + Int64(seconds) * 1_000_000 / 2)
        let begun = world.now
        world.side = [Int](repeating: 0, count: plan.nodes)
        let end = begun + 60_000_000
        func until(_ holds: () -> Bool) -> Double {
            while world.now < end, !holds() { world.run(until: world.now + 5000) }
            return Double(world.now - begun) / 1000
        }
        let communities = cast.facilities.map(\.community)
        let records = until {
            communities.prefix(4).allSatisfy { community in
                let mark = world.nodes[0].state.mark(of: community)
                return world.nodes.allSatisfy { $0.state.mark(of: community) == mark }
            } && world.nodes.prefix(4).allSatisfy { node in
                world.nodes[plan.nodes - 1].state.mark(of: communities[node.number]) == node.state.mark(of: communities[node.number])
            }
        }
        let reach = until {
            world.nodes.allSatisfy { node in
                communities.allSatisfy { node.state.reach(of: $0, uptime: .seconds(1 << 30)) != .unreachable }
            }
        }
        return (records, reach)
    }

    private func news(_ world: DirectoryWorld, of number: Int, _ happens: () -> Void) -> Double {
        let community = cast.facilities[number].community
        let begun = world.now
        happens()
        let mark = world.nodes[number].state.mark(of: community)
        var waiting = Set(world.nodes.filter { $0.isUp && $0.state.mark(of: community) != mark }.map(\.number))
        world.watcher = { reader, effect in if effect == .updated(community) { waiting.remove(reader) } }
        world.run(until: begun + 30_000_000) { waiting.isEmpty }
        world.watcher = nil
        return waiting.isEmpty ? Double(world.now - begun) / 1000 : -Double(waiting.count)
    }

    private func gone(_ world: DirectoryWorld, isSilent: Bool) -> Double {
        let community = cast.facilities[1].community
        if isSilent { settle(world) }
        let begun = world.now
        if isSilent { world.nodes[1].isSilent = true } else { world.kill(1) }
        var waiting = Set(world.nodes.filter { $0.number != 1 }.map(\.number))
        world.watcher = { reader, effect in if effect == .reach(community, .unreachable) { waiting.remove(reader) } }
        world.run(until: begun + 15_000_000) { waiting.isEmpty }
        world.watcher = nil
        return waiting.isEmpty ? Double(world.now - begun) / 1000 : -Double(waiting.count)
    }

    private func equivocation(_ world: DirectoryWorld) -> Double {
        let node = world.nodes[1]
        node.isHostile = true
        world.checks.hostile.insert(1)
        let community = cast.facilities[1].community
        let begun = world.now
        var waiting = Set(world.nodes.filter { $0.number != 1 }.map(\.number))
        world.watcher = { reader, effect in if effect == .notice(.equivocation(community)) { waiting.remove(reader) } }
        try? Attacker(world: world, node: node).tell(to: [2, 3])
        world.run(until: begun + 10_000_000) { waiting.isEmpty }
        world.watcher = nil
        return waiting.isEmpty ? Double(world.now - begun) / 1000 : -Double(waiting.count)
    }
}
