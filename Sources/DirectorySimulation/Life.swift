import ExchangeCore
import GossipDirectory
import Trust

/// What happens to nodes and links.
extension DirectoryWorld {
    /// Installs a node, not running yet.
    func install(_ number: Int) {
        let state = cast.directory(
            number, seeds: plan.seeds(of: number), store: draws.next(), limits: plan.limits)
        let admission = cast.admissions[number].token.compact
        nodes.append(
            SimulatedDirectory(number: number, state: state, key: cast.facilities[number].key, admission: admission))
    }

    /// Starts a node: with what is on its disk, its admission file and its profile.
    func start(_ number: Int) {
        let node = nodes[number]
        guard !node.isUp else { return }
        node.generation += 1
        node.state = cast.directory(
            number, key: node.key, seeds: plan.seeds(of: number), store: draws.next(), limits: plan.limits)
        let notices = node.state.restore(node.facts.shuffled(using: &chance), now: moment(node).now)
        for notice in notices { say("\(number) restores: \(notice)") }
        node.marks = [:]
        for facility in cast.facilities { node.marks[facility.community] = node.state.mark(of: facility.community) }
        node.isUp = true
        node.isPaused = false
        node.held = []
        node.wakeAt = nil
        node.wellSince = now
        node.connections = [:]
        handle(.admitted(node.admission), at: number)
        handle(.profiled(cast.profile(number, version: node.version)), at: number)
        handle(.started, at: number)
    }

    /// Ends a node's process; its connections are closed by the kernel. With `losing`, what was not synced is gone.
    func kill(_ number: Int, losing: Bool = false) {
        let node = nodes[number]
        guard node.isUp else { return }
        say("\(number) is killed\(losing ? ", unsynced writes lost" : "")")
        node.isUp = false
        node.generation += 1
        node.killedAt = now
        node.wellSince = nil
        node.held = []
        if losing { node.unsynced = [:] }
        for other in nodes where other.isUp && other.connections[number] != nil && isLinked(number, other.number) {
            heap.add(.closed(other.number, generation: other.generation, number), at: now + latency(number, other.number))
        }
    }

    /// Stops a process for a while, as SIGSTOP does; its kernel still takes what comes.
    func pause(_ number: Int, _ length: Int64) {
        let node = nodes[number]
        guard node.isUp, !node.isPaused else { return }
        say("\(number) stands still for \(length / 1000) ms")
        node.isPaused = true
        let generation = node.generation
        later(length) { [self] in
            guard node.generation == generation else { return }
            node.isPaused = false
            let held = node.held
            node.held = []
            for event in held { heap.add(event, at: now) }
        }
    }

    /// The operator changes what a node says of itself.
    func update(_ number: Int) {
        let node = nodes[number]
        guard node.isUp, !node.isPaused, !node.hasLeft else { return }
        node.version += 1
        handle(.profiled(cast.profile(number, version: node.version)), at: number)
    }

    /// The authority admits a facility anew, with other keys or a higher epoch; its file is brought to its node.
    func admit(_ number: Int, keys: [SigningKey], epoch: UInt32) {
        let node = nodes[number]
        guard
            let admission = try? Cast.admit(
                cast.facilities[number], keys: keys, epoch: epoch, at: Cast.epoch + .microseconds(now),
                by: cast.authority)
        else { return }
        node.admission = admission.token.compact
        checks.admitted(admission)
        if node.isUp, !node.isPaused { handle(.admitted(node.admission), at: number) }
    }

    /// The authority takes a facility's admission back; the word is brought to one node.
    func revoke(_ number: Int, epoch: UInt32, at other: Int) {
        guard
            let revocation = try? Revocation(
                of: cast.facilities[number].community, epoch: epoch, network: cast.network, reason: "key lost",
                issued: Cast.epoch + .microseconds(now), key: cast.authority)
        else { return }
        nodes[number].isRevoked = true
        say("\(number) is revoked, told to \(other)")
        handle(.revoked(revocation.token.compact), at: other)
    }

    func later(_ wait: Int64, _ body: @escaping () -> Void) {
        actsUnderWay += 1
        heap.add(.act(body), at: now + wait)
    }

    /// Everybody's links whole again.
    func mend() {
        say("every link is mended")
        side = [Int](repeating: 0, count: plan.nodes)
        oneWay = []
        loss = 0
        for node in nodes {
            node.isSilent = false
            if node.wellSince == nil, node.isUp { node.wellSince = now }
        }
    }

    /// Nodes that are honest and run, in force as members.
    var honest: [SimulatedDirectory] { nodes.filter { !$0.isHostile && $0.isUp && !$0.isRevoked && !$0.hasLeft } }
}
