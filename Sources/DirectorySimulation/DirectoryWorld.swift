import ExchangeCore
import GossipDirectory
import JSON
import Trust

/// A network of directories in virtual time: one thread, one queue, everything from one seed.
final class DirectoryWorld {
    enum Event {
        case wake(Int, Int)
        case request(Flight)
        case reply(Flight, DirectoryFrame)
        case failed(Flight, DirectoryFailure)
        case closed(Int, generation: Int, Int)
        case act(() -> Void)
    }

    /// One question under way.
    final class Flight {
        let from: Int
        let generation: Int
        let to: Int
        let target: DirectoryTarget
        let frame: DirectoryFrame
        /// When its connection stands and it is written; until then it is lost with its process.
        let leaves: Int64
        var isOver = false

        init(from: Int, generation: Int, to: Int, target: DirectoryTarget, frame: DirectoryFrame, leaves: Int64) {
            self.leaves = leaves
            self.from = from
            self.generation = generation
            self.to = to
            self.target = target
            self.frame = frame
        }
    }

    let cast: Cast
    let plan: DirectoryPlan
    var nodes: [SimulatedDirectory] = []
    var now: Int64 = 0
    var heap = EventHeap<Event>()
    var chance: SplitMix64
    /// The draws of each node's own generator.
    var draws: SplitMix64
    var checks: Checks
    /// Which side of a partition each node is on; links between sides are cut.
    var side: [Int]
    /// One way only: what the first sends does not arrive at the second.
    var oneWay: Set<[Int]> = []
    var loss = 0.0
    /// Records that were in force once: what is replayed.
    var history: [String] = []
    var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    var events = 0
    /// What was scheduled to happen and has not.
    var actsUnderWay = 0
    /// Called on each effect that tells of a change: node, effect.
    var watcher: ((Int, DirectoryEffect) -> Void)?
    let tell: (@Sendable (String) -> Void)?

    init(_ cast: Cast, _ plan: DirectoryPlan, seed: UInt64, tell: (@Sendable (String) -> Void)? = nil) {
        self.cast = cast
        self.plan = plan
        self.tell = tell
        chance = SplitMix64(seed: seed)
        draws = SplitMix64(seed: ~seed)
        checks = Checks(cast: cast)
        side = [Int](repeating: 0, count: plan.nodes)
    }

    func say(_ text: @autoclosure () -> String) {
        tell?("\(Double(now / 1000) / 1000) s  \(text())")
    }

    func fold(_ word: UInt64) { trace = (trace ^ word) &* 0x100_0000_01B3 }

    func moment(_ node: SimulatedDirectory) -> Moment {
        Moment(now: Cast.epoch + .microseconds(now) + node.clockOffset, uptime: .microseconds(now) + .seconds(100))
    }

    // What happens next, until a moment or until the caller has seen enough.
    func run(until end: Int64, stop: () -> Bool = { false }) {
        while let next = heap.next, next <= end {
            guard let (at, event) = heap.take() else { break }
            now = at
            events += 1
            perform(event)
            if stop() { return }
        }
        now = max(now, end)
    }

    private func perform(_ event: Event) {
        switch event {
        case .wake(let number, let generation):
            let node = nodes[number]
            guard node.isUp, node.generation == generation else { return }
            // An earlier wish has taken this one's place, or a pause has held it back.
            guard node.wakeAt.map({ $0 <= now }) ?? false else { return }
            if node.isPaused { return node.held.append(event) }
            node.wakeAt = nil
            if Int.random(in: 0..<4, using: &chance) == 0 { node.sync() }
            handle(.timer, at: number)
        case .request(let flight): arrive(flight)
        case .reply(let flight, let frame):
            let node = nodes[flight.from]
            guard !flight.isOver, node.isUp, node.generation == flight.generation else { return }
            if node.isPaused { return node.held.append(event) }
            guard isLinked(flight.to, flight.from) else { return }
            flight.isOver = true
            node.connections[flight.to] = now
            guard let received = recoded(frame) else {
                return handle(.failed(flight.target, .declined), at: flight.from)
            }
            handle(.answered(received, from: cast.facilities[flight.to].community, target: flight.target), at: flight.from)
        case .failed(let flight, let why):
            let node = nodes[flight.from]
            guard !flight.isOver, node.isUp, node.generation == flight.generation else { return }
            if node.isPaused { return node.held.append(event) }
            flight.isOver = true
            node.connections[flight.to] = nil
            handle(.failed(flight.target, why), at: flight.from)
        case .closed(let number, let generation, let other):
            let node = nodes[number]
            guard node.isUp, node.generation == generation, node.connections[other] != nil else { return }
            if node.isPaused { return node.held.append(event) }
            node.connections[other] = nil
            handle(.closed(cast.facilities[other].community), at: number)
        case .act(let body):
            actsUnderWay -= 1
            body()
        }
    }

    private func arrive(_ flight: Flight) {
        let node = nodes[flight.to]
        let asker = nodes[flight.from]
        guard isLinked(flight.from, flight.to) else { return }
        if asker.generation != flight.generation, asker.killedAt < flight.leaves { return }
        guard node.isUp else {
            return heap.add(.failed(flight, .refused), at: now + latency(flight.to, flight.from))
        }
        if node.isPaused { return node.held.append(.request(flight)) }
        if node.vices.contains(.stall) { return }
        nodes[flight.from].connections[flight.to] = now
        guard let frame = recoded(flight.frame) else {
            return heap.add(.failed(flight, .declined), at: now + latency(flight.to, flight.from))
        }
        handle(.asked(frame, from: cast.facilities[flight.from].community), at: flight.to, answering: flight)
    }

    /// Hands an event to a node's directory and does what follows.
    func handle(_ event: DirectoryEvent, at number: Int, answering flight: Flight? = nil) {
        let node = nodes[number]
        let effects = node.state.handle(event, at: moment(node), using: &draws)
        fold(UInt64(number) << 32 | UInt64(effects.count))
        fold(UInt64(now))
        for effect in effects {
            switch effect {
            case .persist(let fact):
                let isOwn = fact.community == cast.facilities[number].community || fact.kind == .proof
                if isOwn { node.disk[SimulatedDirectory.slot(fact)] = fact } else {
                    node.unsynced[SimulatedDirectory.slot(fact)] = fact
                }
                checks.kept(fact, by: node)
                if isOwn, fact.kind == .record, node.isCutShort {
                    node.isCutShort = false
                    later(0) { [self] in kill(number) }
                    later(Int64.random(in: 50_000...400_000, using: &chance)) { [self] in start(number) }
                }
                if isOwn, fact.kind == .record, history.count < 500 { history.append(fact.compact) }
            case .send(let frame, let target): send(frame, to: target, from: number)
            case .reply(let frame):
                if let flight { reply(node.vices.contains(.withhold) ? emptied(frame) : frame, to: flight) }
            case .refuse:
                if let flight { heap.add(.failed(flight, .declined), at: now + latency(number, flight.from)) }
            case .updated(let community): checks.updated(community, at: node, moment(node))
            case .reach(let community, let reach):
                checks.reached(community, reach, at: node, in: self)
                say("\(number) finds \(cast.number(community) ?? -1) \(reach.rawValue)")
            case .notice(let notice):
                checks.noticed(notice, at: node)
                say("\(number) notes: \(notice)")
            case .changed, .cut: break
            }
            watcher?(number, effect)
        }
        let wake = max(now, Self.micro(node.state.wakeBy) - 100_000_000)
        if node.wakeAt.map({ wake < $0 }) ?? true {
            node.wakeAt = wake
            heap.add(.wake(number, node.generation), at: wake)
        }
    }

    func send(_ frame: DirectoryFrame, to target: DirectoryTarget, from number: Int) {
        let node = nodes[number]
        let name = target.url.host.dropFirst().prefix { $0 != "." }
        guard let other = Int(name), other < nodes.count else { return }
        account(frame, node)
        say("\(number) to \(other): \(Self.words(frame))")
        let connecting = node.connections[other] == nil ? 2 * latency(number, other) : 0
        let flight = Flight(
            from: number, generation: node.generation, to: other, target: target, frame: frame, leaves: now + connecting + 1)
        heap.add(.request(flight), at: now + connecting + latency(number, other) + stall())
        // A connection that does not come about is given up after 2 s, an answer that does not come after 5 s.
        heap.add(.failed(flight, .silent), at: now + (node.connections[other] == nil ? 2_000_000 : 5_000_000))
    }

    private func reply(_ frame: DirectoryFrame, to flight: Flight) {
        account(frame, nodes[flight.to])
        say("\(flight.to) answers \(flight.from): \(Self.words(frame))")
        heap.add(.reply(flight, frame), at: now + latency(flight.to, flight.from) + stall())
    }

    private func account(_ frame: DirectoryFrame, _ node: SimulatedDirectory) {
        node.messagesSent += 1
        switch frame {
        case .probe: node.bytesSent += Probe.bytes
        case .message(let message): node.bytesSent += message.size
        }
    }

    /// What a frame says, in short, for a trace.
    private static func words(_ frame: DirectoryFrame) -> String {
        guard case .message(let message) = frame else { return "probe" }
        var parts = ["message of \(message.size) bytes"]
        if message.wants { parts.append("wants") }
        if message.more { parts.append("more") }
        if message.bridge { parts.append("bridge") }
        func count(_ number: Int, _ name: String) { if number > 0 { parts.append("\(number) \(name)") } }
        count(message.admissions.count, "admissions")
        count(message.revocations.count, "revocations")
        count(message.records.count, "records")
        count(message.proofs.count, "proofs")
        count(message.observations.count, "observations")
        count(message.heartbeats.count, "heartbeats")
        count(message.checks.count, "checks")
        count(message.digest?.count ?? 0, "digest lines")
        for compact in message.observations {
            guard let payload = try? UnverifiedToken(compact, type: .observation).payload else { continue }
            let names = ["community", "saw", "of"].map { payload[$0]?.string?.split(separator: ".").last ?? "" }
            parts.append(names.joined(separator: " "))
        }
        return parts.joined(separator: ", ")
    }

    func isLinked(_ one: Int, _ other: Int) -> Bool {
        side[one] == side[other] && !nodes[one].isSilent && !nodes[other].isSilent && !oneWay.contains([one, other])
    }

    func latency(_ one: Int, _ other: Int) -> Int64 {
        plan.latency / 2 + Int64.random(in: 0...plan.latency, using: &chance)
    }

    /// A lost packet is a stall: it is sent again after 200 ms, then 400, ...
    private func stall() -> Int64 {
        guard loss > 0 else { return 0 }
        var wait: Int64 = 0
        var again: Int64 = 200_000
        while Double.random(in: 0..<1, using: &chance) < loss, again < 4_000_000 {
            wait += again
            again *= 2
        }
        return wait
    }

    /// Now and then a frame takes the way over its wire form.
    private func recoded(_ frame: DirectoryFrame) -> DirectoryFrame? {
        guard Int.random(in: 0..<32, using: &chance) == 0 else { return frame }
        return try? DirectoryFrame(frame.bytes)
    }

    private func emptied(_ frame: DirectoryFrame) -> DirectoryFrame {
        guard case .message(var message) = frame else { return frame }
        message.records = []
        message.admissions = []
        message.proofs = []
        message.revocations = []
        return .message(message)
    }

    static func micro(_ duration: Duration) -> Int64 {
        let (seconds, rest) = duration.components
        return seconds > 1 << 35 ? .max / 4 : seconds * 1_000_000 + rest / 1_000_000_000_000
    }
}
