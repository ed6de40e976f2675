import ExchangeCore
import GossipDirectory
import Trust

/// Draws from the seed what goes wrong, and when.
struct Storm {
    let world: DirectoryWorld
    private var plan: DirectoryPlan { world.plan }

    init(_ world: DirectoryWorld) { self.world = world }

    /// Schedules everything from now on, to be over after the plan's time.
    func brew() {
        let faults = plan.faults.sorted { $0.rawValue < $1.rawValue }
        guard !faults.isEmpty else { return }
        if plan.faults.contains(.clock) { skew() }
        if plan.faults.contains(.hostile) { hire() }
        let count = 6 + plan.nodes / 10
        for _ in 0..<count {
            guard let fault = faults.randomElement(using: &world.chance) else { return }
            world.later(Int64.random(in: 0..<plan.storm, using: &world.chance)) { strike(fault) }
        }
    }

    private func honest() -> SimulatedDirectory? {
        world.honest.filter { !$0.hasLeft && !$0.isPaused }.randomElement(using: &world.chance)
    }

    private func strike(_ fault: DirectoryFault) {
        switch fault {
        case .kill: kill()
        case .pause:
            guard let node = honest() else { return }
            world.pause(node.number, Int64.random(in: 100_000...6_500_000, using: &world.chance))
        case .partition: part()
        case .loss:
            world.loss = Double.random(in: 0.01...0.3, using: &world.chance)
            world.checks.troubleUntil = world.now + plan.storm
            world.say("packets are lost: \(Int(world.loss * 100)) %")
        case .update:
            guard let node = honest() else { return }
            node.isCutShort = plan.faults.contains(.kill) && Int.random(in: 0..<4, using: &world.chance) == 0
            world.update(node.number)
        case .rotate: rotate()
        case .revoke: revoke()
        case .leave:
            guard let node = honest(), world.nodes.count(where: \.hasLeft) < plan.nodes / 10 else { return }
            node.hasLeft = true
            world.say("\(node.number) leaves")
            world.handle(.left, at: node.number)
            // Its machine is switched on once more, with its old folder: it has left all the same.
            world.later(Int64.random(in: 2_000_000...6_000_000, using: &world.chance)) {
                guard node.isUp, !node.isPaused else { return }
                world.kill(node.number)
                world.later(300_000) { world.start(node.number) }
            }
        case .restore: restore()
        case .clock, .hostile: if let node = honest() { world.update(node.number) }
        }
    }

    private func kill() {
        guard let node = honest(), node.number > 0 else { return }
        world.kill(node.number, losing: Bool.random(using: &world.chance))
        world.later(Int64.random(in: 50_000...8_000_000, using: &world.chance)) { world.start(node.number) }
    }

    private func part() {
        world.checks.troubleUntil = world.now + plan.storm
        if Int.random(in: 0..<3, using: &world.chance) == 0 {
            for _ in 0..<plan.nodes {
                let ends = [0, 0].map { _ in Int.random(in: 0..<plan.nodes, using: &world.chance) }
                world.oneWay.insert(ends)
            }
            return world.say("some links work one way only")
        }
        let share = Int.random(in: 2...8, using: &world.chance)
        world.side = world.side.map { _ in Int.random(in: 0..<share, using: &world.chance) == 0 ? 1 : 0 }
        world.say("the network falls apart: \(world.side.count { $0 == 1 }) on the other side")
        world.later(Int64.random(in: 1_000_000...15_000_000, using: &world.chance)) {
            world.side = world.side.map { _ in 0 }
        }
    }

    /// A new key beside the old, then the new one alone.
    private func rotate() {
        guard let node = honest(), !node.isRotating else { return }
        node.isRotating = true
        let old = node.key
        let new = Cast.key(using: &world.chance)
        world.say("\(node.number) gets a new key")
        world.admit(node.number, keys: [old, new], epoch: 1)
        world.later(1_000_000) {
            node.key = new
            if node.isUp { world.kill(node.number) }
            world.later(200_000) { world.start(node.number) }
            world.later(2_000_000) {
                world.admit(node.number, keys: [new], epoch: 1)
                world.later(1_000_000) { node.isRotating = false }
            }
        }
    }

    private func revoke() {
        guard world.nodes.count(where: \.isRevoked) == 0, let node = honest(), node.number > 0, let other = honest(),
            other.number != node.number
        else { return }
        world.revoke(node.number, epoch: 1, at: other.number)
    }

    /// What is on the disk now comes back after the node has published more.
    private func restore() {
        guard let node = honest(), world.checks.setBack.isEmpty else { return }
        let backup = node.disk
        let community = world.cast.facilities[node.number].community
        guard let before = node.state.mark(of: community), !world.checks.setBack.contains(node.number) else { return }
        world.later(1_500_000) {
            world.update(node.number)
            world.later(3_000_000) {
                guard node.isUp, !node.isPaused, !node.hasLeft, !node.isRevoked,
                    let last = node.state.mark(of: community), before < last, last.epoch == before.epoch,
                    world.honest.allSatisfy({ $0.state.mark(of: community) == last }), world.side.allSatisfy({ $0 == 0 })
                else { return }
                world.say("\(node.number) is set back to an old backup")
                world.kill(node.number)
                node.disk = backup
                node.unsynced = [:]
                // Who left after that backup was made, it cannot know until it is told.
                node.retired = [:]
                world.checks.setBack.insert(node.number)
                world.checks.mustWait.insert(node.number)
                world.start(node.number)
                world.checks.unadopted.insert(node.number)
                world.later(6_000_000) { adopt(node) }
            }
        }
    }

    /// The operator lets a node that was set back go on: as soon as it runs and has noticed.
    private func adopt(_ node: SimulatedDirectory) {
        guard node.isUp, !node.isPaused, node.state.isClone else { return world.later(1_000_000) { adopt(node) } }
        world.say("\(node.number) is adopted")
        world.checks.unadopted.remove(node.number)
        world.handle(.adopted, at: node.number)
    }

    private func skew() {
        for node in world.nodes.dropFirst() where Int.random(in: 0..<4, using: &world.chance) == 0 {
            node.clockOffset = .milliseconds(Int64.random(in: -60_000...60_000, using: &world.chance))
        }
        // In every third seed one clock goes wrong by an hour: it must notice, and nobody else may be the worse for it.
        guard plan.nodes >= 8, Int.random(in: 0..<3, using: &world.chance) == 0 else { return }
        let number = Int.random(in: 1..<plan.nodes, using: &world.chance)
        let offset = Duration.seconds(Bool.random(using: &world.chance) ? 3600 : -3600)
        world.later(Int64.random(in: 0..<(plan.storm / 2), using: &world.chance)) {
            let node = world.nodes[number]
            guard !node.isHostile, world.checks.setBack.isEmpty else { return }
            world.say("\(number)'s clock is an hour \(offset > .zero ? "ahead" : "behind")")
            node.clockOffset = offset
            world.checks.hourOff[number] = world.now
        }
    }

    private func hire() {
        let count = min(plan.hostile, 4, plan.nodes / 4)
        for number in Array(1..<plan.nodes).shuffled(using: &world.chance).prefix(count) {
            let node = world.nodes[number]
            node.isHostile = true
            world.checks.hostile.insert(number)
            node.vices = Array(Vice.allCases.shuffled(using: &world.chance).prefix(3))
            world.say("\(number) is hostile: \(node.vices.map(\.rawValue).joined(separator: ", "))")
            for vice in node.vices {
                for _ in 0..<3 {
                    world.later(Int64.random(in: 0..<plan.storm, using: &world.chance)) {
                        guard node.isUp else { return }
                        try? Attacker(world: world, node: node).move(vice)
                    }
                }
            }
        }
    }
}
