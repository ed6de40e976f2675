import ExchangeCore
import GossipDirectory
import Trust

/// Plays one network from one seed: start, storm, healing, measuring, and what must hold.
package struct DirectoryPlay {
    private let cast: Cast
    private let plan: DirectoryPlan
    private let tell: (@Sendable (String) -> Void)?

    /// A play; `tell` hears what happens, line by line.
    package init(_ cast: Cast, _ plan: DirectoryPlan, tell: (@Sendable (String) -> Void)? = nil) {
        self.cast = cast
        self.plan = plan
        self.tell = tell
    }

    /// Plays one seed.
    package func run(seed: UInt64) -> DirectoryOutcome {
        cast.memo.trim()
        let world = DirectoryWorld(cast, plan, seed: seed, tell: tell)
        var outcome = DirectoryOutcome()
        for number in 0..<plan.nodes { world.install(number) }
        for number in 0..<plan.nodes {
            world.later(Int64.random(in: 0...500_000, using: &world.chance)) { world.start(number) }
            if plan.faults.contains(.kill) { world.nodes[number].isCutShort = Int.random(in: 0..<4, using: &world.chance) == 0 }
        }
        world.checks.troubleUntil = 0
        outcome.boot = converge(world, within: 30_000_000, "after the start") / 1000 - 500
        Storm(world).brew()
        world.run(until: world.now + plan.storm)
        calm(world)
        outcome.healed = converge(world, within: 60_000_000, "after the storm") / 1000
        meet(world, within: 60_000_000)
        world.checks.end(world)
        if plan.measures { measure(world, &outcome) }
        outcome.violations = world.checks.violations
        outcome.trace = world.trace
        outcome.events = world.events
        return outcome
    }

    /// Everything mended, everybody started; hostile nodes stay what they are, and go on taking part.
    private func calm(_ world: DirectoryWorld) {
        // Restarts and rotations that are under way come to their end.
        let end = world.now + 10_000_000
        world.run(until: world.now + 1_000_000)
        while world.now < end, world.actsUnderWay > 0 { world.run(until: world.now + 100_000) }
        world.mend()
        world.checks.clocks(world)
        for node in world.nodes {
            if world.checks.hourOff[node.number] != nil { node.clockOffset = .zero }
            node.isHostile = node.isHostile || node.isRevoked
            if !node.isUp { world.start(node.number) }
        }
    }

    /// Runs until all honest nodes have equal roots, and stay so for as long as anything is under way.
    private func converge(_ world: DirectoryWorld, within limit: Int64, _ when: String) -> Double {
        let begun = world.now
        world.run(until: begun + 1_000_000)
        let end = begun + limit
        while world.now < end, !isOne(world) { world.run(until: world.now + 50_000) }
        if !isOne(world) { world.checks.fail("I3 the nodes have not converged \(when)") }
        return Double(world.now - begun)
    }

    /// Runs until every honest node finds every other reachable: nobody stays gone who has come back.
    private func meet(_ world: DirectoryWorld, within limit: Int64) {
        let end = world.now + limit
        while world.now < end, strangers(world) != nil { world.run(until: world.now + 100_000) }
        guard let (node, other) = strangers(world) else { return }
        world.checks.fail("I10 \(node) still finds \(other) gone, which has come back")
    }

    /// An honest node and another that it does not find reachable though it is there.
    private func strangers(_ world: DirectoryWorld) -> (Int, Int)? {
        let honest = world.honest
        for node in honest {
            for other in honest where other !== node {
                let community = cast.facilities[other.number].community
                if node.state.reach(of: community, uptime: world.moment(node).uptime) != .reachable {
                    return (node.number, other.number)
                }
            }
        }
        return nil
    }

    private func isOne(_ world: DirectoryWorld) -> Bool {
        var root: DirectoryRoot?
        let now = Cast.epoch + .microseconds(world.now)
        let honest = world.honest
        guard honest.count > 1, world.nodes.allSatisfy({ $0.isUp || $0.isHostile || $0.isRevoked }) else { return false }
        for node in honest {
            let other = node.state.root(now: now)
            if let root, root != other { return false }
            root = other
            if node.state.count < world.plan.nodes { return false }
            let community = cast.facilities[node.number].community
            // A facility whose key was rotated has not come to rest before it has said its word anew.
            guard let mark = node.state.mark(of: community),
                node.state.community(community, at: world.moment(node))?.standing == .active
            else { return false }
            if honest[0].state.mark(of: community) != mark { return false }
        }
        return true
    }

    private func measure(_ world: DirectoryWorld, _ outcome: inout DirectoryOutcome) {
        world.run(until: world.now + 5_000_000)
        let able = world.honest.filter { !$0.hasLeft && $0.clockOffset == .zero && !$0.state.isClone }
        guard let writer = able.randomElement(using: &world.chance) else { return }
        outcome.spread = spread(writer.number, world)
        let before = world.nodes.reduce((0, 0)) { ($0.0 + $1.bytesSent, $0.1 + $1.messagesSent) }
        let idle: Int64 = 20_000_000
        world.run(until: world.now + idle)
        let after = world.nodes.reduce((0, 0)) { ($0.0 + $1.bytesSent, $0.1 + $1.messagesSent) }
        let share = Double(world.nodes.count) * Double(idle) / 1e6
        outcome.idleBytes = Double(after.0 - before.0) / share
        outcome.idleFrames = Double(after.1 - before.1) / share
        let watched = able.filter { $0.number != writer.number && world.nodes[0].state.observers(of: cast.facilities[$0.number].community).count >= 3 }
        guard let victim = watched.randomElement(using: &world.chance) else { return }
        outcome.crash = gone(victim.number, world, limit: 5_000_000) { world.kill(victim.number) }
        if outcome.crash == nil { world.checks.fail("G3 a crash was not known to all within 5 s") }
        guard let second = watched.filter({ $0.number != victim.number }).randomElement(using: &world.chance) else { return }
        outcome.silent = gone(second.number, world, limit: 12_000_000) { second.isSilent = true }
        if outcome.silent == nil { world.checks.fail("G4 a silent host was not called gone within 12 s") }
    }

    /// From an update to its last honest reader, in milliseconds.
    private func spread(_ number: Int, _ world: DirectoryWorld) -> Double {
        let community = cast.facilities[number].community
        let begun = world.now
        world.update(number)
        guard let mark = world.nodes[number].state.mark(of: community) else { return 0 }
        var waiting = Set(world.honest.filter { $0.state.mark(of: community) != mark }.map(\.number))
        world.watcher = { reader, effect in
            if effect == .updated(community), world.nodes[reader].state.mark(of: community) == mark { waiting.remove(reader) }
        }
        world.run(until: begun + 20_000_000) { waiting.isEmpty }
        world.watcher = nil
        if !waiting.isEmpty { world.checks.fail("G1 an update did not reach \(waiting.sorted().prefix(5)) within 20 s") }
        return Double(world.now - begun) / 1000
    }

    /// From what happens to a node until every other honest one calls it gone, in milliseconds; nil when not in time.
    private func gone(_ number: Int, _ world: DirectoryWorld, limit: Int64, _ happens: () -> Void) -> Double? {
        let community = cast.facilities[number].community
        let begun = world.now
        happens()
        world.checks.troubleUntil = world.now
        world.nodes[number].wellSince = nil
        let others = world.honest.filter { $0.number != number }
        var waiting = Set(others.filter { $0.state.reach(of: community, uptime: .seconds(1 << 30)) != .unreachable }.map(\.number))
        world.watcher = { reader, effect in
            if effect == .reach(community, .unreachable) { waiting.remove(reader) }
            if effect == .reach(community, .reachable) { waiting.insert(reader) }
        }
        world.run(until: begun + limit) { waiting.isEmpty }
        world.watcher = nil
        return waiting.isEmpty ? Double(world.now - begun) / 1000 : nil
    }
}
