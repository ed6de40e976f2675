import ExchangeCore
import Testing
import Trust

@testable import GossipDirectory

/// Nodes whose messages arrive at once, or not at all; everything they keep is remembered, for restarts.
struct GossipNetwork {
    let scene: GossipScene
    var now: Timestamp
    var nodes: [DirectoryState] = []
    var uptime = Duration.seconds(100)
    var kept: [[DirectoryFact]] = []
    var notices: [DirectoryNotice] = []
    var isCut: (Int, Int) -> Bool = { _, _ in false }
    var sent = 0
    var random: SeededRandom

    init(_ count: Int, seed: UInt64, seeds: (Int) -> [Int]) throws {
        scene = GossipScene(communities: count)
        now = scene.now
        random = SeededRandom(seed)
        for number in 0..<count {
            nodes.append(try scene.state(number, seeds: seeds(number)))
            kept.append([])
        }
    }

    /// Starts a node with what it kept, its own admission and its profile.
    mutating func start(_ number: Int) throws {
        try run([.admitted(scene.admission(number).token.compact), .profiled(scene.profile(number)), .started], at: number)
    }

    mutating func restart(_ number: Int, seeds: [Int] = []) throws {
        nodes[number] = try scene.state(number, seeds: seeds)
        #expect(nodes[number].restore(kept[number].shuffled(using: &random), now: now) == [])
        try start(number)
    }

    mutating func tick() throws {
        // In small steps: a directory that sleeps for seconds distrusts what it then sees.
        for _ in 0..<20 {
            now = now + .milliseconds(500)
            uptime += .milliseconds(500)
            for number in nodes.indices { try run([.timer], at: number) }
        }
    }

    mutating func run(_ events: [DirectoryEvent], at number: Int) throws {
        for event in events { _ = try handle(event, at: number) }
    }

    private mutating func handle(_ event: DirectoryEvent, at number: Int) throws -> DirectoryFrame? {
        var reply: DirectoryFrame?
        for effect in nodes[number].handle(event, at: Moment(now: now, uptime: uptime), using: &random) {
            switch effect {
            case .persist(let fact): kept[number].append(fact)
            case .reply(let frame): reply = try DirectoryFrame(frame.bytes)
            case .notice(let notice): notices.append(notice)
            case .refuse, .changed, .cut, .updated, .reach: break
            case .send(let frame, let target):
                sent += 1
                let other = try #require(nodes.indices.first { (try? scene.url($0)) == target.url })
                let me = try scene.community(number)
                if !isCut(number, other),
                    let answer = try handle(.asked(try DirectoryFrame(frame.bytes), from: me), at: other)
                {
                    _ = try handle(
                        .answered(answer, from: try scene.community(other), target: target), at: number)
                } else {
                    _ = try handle(.failed(target, .silent), at: number)
                }
            }
        }
        return reply
    }

    func expectEverybodyKnowsEverybody(_ comment: Comment? = nil) {
        for node in nodes {
            #expect(node.communities(at: Moment(now: now, uptime: uptime)).filter { $0.standing == .active }.count == nodes.count, comment)
            #expect(node.computedRoot(now: now) == nodes[0].computedRoot(now: now), comment)
        }
    }
}

@Suite struct GossipTests {
    @Test func `a node whose seeds never answer says what it is as soon as somebody asks it`() throws {
        // 0 asks 2, which is never there; 1 asks 0.
        var network = try GossipNetwork(3, seed: 3) { $0 == 0 ? [2] : [0] }
        network.isCut = { $0 == 2 || $1 == 2 }
        try network.start(0)
        try network.tick()
        let alone = network.nodes[0].doctor(try network.scene.community(0), at: Moment(now: network.now, uptime: network.uptime))
        let record = try #require(alone.first { $0.name == "record" })
        #expect(!record.isWell)
        #expect(!record.isGrave, "it serves its own users")
        #expect(record.seen.contains("no seed has answered"))
        try network.start(1)
        try network.tick()
        for number in 0...1 {
            let known = network.nodes[number].communities(at: Moment(now: network.now, uptime: network.uptime))
            #expect(known.filter { $0.standing == .active }.count == 2, "as \(number) sees it")
        }
    }

    @Test func `three nodes told one seed know each other as soon as they have started`() throws {
        var network = try GossipNetwork(3, seed: 1) { $0 == 0 ? [] : [0] }
        for number in 0..<3 { try network.start(number) }
        network.expectEverybodyKnowsEverybody()
        #expect(network.notices == [])
        let sent = network.sent
        try network.tick()
        #expect(network.sent <= sent + 60, "nothing but probes when all is known")
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `nodes that start in any order, some before their seed, find each other`(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let count = Int.random(in: 2...9, using: &random)
        var network = try GossipNetwork(count, seed: seed) { $0 == 0 ? [] : [($0 - 1) / 2] }
        for number in Array(0..<count).shuffled(using: &random) { try network.start(number) }
        for _ in 0..<(4 * count) { try network.tick() }
        network.expectEverybodyKnowsEverybody("seed \(seed), \(count) nodes")
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a healed partition converges, and a restart needs no seed`(seed: UInt64) throws {
        var network = try GossipNetwork(6, seed: seed) { $0 == 0 ? [] : [0] }
        for number in 0..<6 { try network.start(number) }
        network.expectEverybodyKnowsEverybody()
        network.isCut = { ($0 < 3) != ($1 < 3) }
        for number in [1, 4] {
            try network.run([.profiled(network.scene.profile(number, name: "new \(number)"))], at: number)
        }
        for _ in 0..<6 { try network.tick() }
        #expect(network.nodes[0].computedRoot(now: network.now) != network.nodes[5].computedRoot(now: network.now))
        network.isCut = { _, _ in false }
        try network.restart(5)
        for _ in 0..<12 { try network.tick() }
        network.expectEverybodyKnowsEverybody("seed \(seed)")
        for node in network.nodes {
            #expect(node.community(try network.scene.community(4), now: network.now)?.name == "new 4")
        }
        #expect(network.notices == [])
    }

    @Test func `a change is known everywhere at once`() throws {
        var network = try GossipNetwork(5, seed: 2) { $0 == 0 ? [] : [0] }
        for number in 0..<5 { try network.start(number) }
        try network.run([.profiled(network.scene.profile(3, name: "Renamed"))], at: 3)
        for node in network.nodes {
            #expect(node.community(try network.scene.community(3), now: network.now)?.name == "Renamed")
        }
    }

    @Test func `a node refreshes its record before it expires`() throws {
        var network = try GossipNetwork(2, seed: 3) { $0 == 0 ? [] : [0] }
        for number in 0..<2 { try network.start(number) }
        for _ in 0..<10 {
            network.now = network.now + .seconds(12 * 3600)
            for _ in 0..<4 { try network.tick() }
            network.expectEverybodyKnowsEverybody()
        }
    }

    @Test func `T3 a silent community goes stale after 72 hours, and is shown`() throws {
        var network = try GossipNetwork(2, seed: 3) { $0 == 0 ? [] : [0] }
        for number in 0..<2 { try network.start(number) }
        network.isCut = { _, _ in true }
        network.now = network.now + .seconds(72 * 3600 + 1)
        let found = network.nodes[0].community(try network.scene.community(1), now: network.now)
        #expect(found?.standing == .stale)
        #expect(network.nodes[0].communities(now: network.now).count == 2)
    }

    @Test func `a stranger without an admission is refused and learns nothing`() throws {
        var random = SeededRandom(1)
        let scene = GossipScene()
        var state = try scene.state(0, knowing: [0, 1])
        var message = DirectoryMessage(network: scene.network)
        message.wants = true
        message.records = [try scene.record(2).token.compact]
        let refused = state.handle(.asked(message, from: try scene.community(2)), now: scene.now, using: &random)
        #expect(refused.contains(.refuse))
        #expect(!refused.contains { if case .reply = $0 { true } else { false } })
        message.admissions = [try scene.admission(2).token.compact]
        let heard = state.handle(.asked(message, from: try scene.community(2)), now: scene.now, using: &random)
        let reply = heard.compactMap { if case .reply(.message(let reply)) = $0 { reply } else { nil } }.first
        #expect(reply?.admissions.count == 3)
        #expect(state.community(try scene.community(2), now: scene.now)?.standing == .active)
        message.network = scene.keys[0].publicKey.thumbprint
        let foreign = state.handle(.asked(message, from: try scene.community(2)), now: scene.now, using: &random)
        #expect(foreign.contains(.refuse))
    }

    @Test func `a clone with this node's key stops it from publishing until the operator decides`() throws {
        var random = SeededRandom(1)
        let scene = GossipScene()
        var state = try scene.state(0, knowing: [0, 1])
        _ = state.handle(.profiled(try scene.profile(0)), now: scene.now, using: &random)
        let own = try #require(state.community(scene.community(0), now: scene.now)?.record)
        var message = DirectoryMessage(network: scene.network)
        let clone = try scene.record(0, sequence: own.statement.sequence + 1000)
        message.records = [clone.token.compact]
        let effects = state.handle(.asked(message, from: try scene.community(1)), now: scene.now, using: &random)
        #expect(effects.contains(.notice(.cloneOrRestore)))
        let quiet = state.handle(.profiled(try scene.profile(0, name: "New")), now: scene.now, using: &random)
        #expect(quiet == [])
        let adopted = state.handle(.adopted, now: scene.now, using: &random)
        #expect(adopted.contains(.changed))
        #expect(state.community(own.community, now: scene.now)?.record?.statement.sequence ?? 0 > clone.statement.sequence)
    }

    @Test func `more than a frame is read in several turns`() throws {
        var random = SeededRandom(1)
        let scene = GossipScene(communities: 200)
        var full = try scene.state(0, knowing: Array(0..<200))
        for number in 1..<200 {
            #expect(try full.accept(record: scene.record(number).token.compact, now: scene.now) == .stored)
        }
        var empty = try scene.state(1, knowing: [1])
        let target = DirectoryTarget(community: nil, url: try scene.url(0))
        var turns = 0
        var question: DirectoryMessage? = empty.question(target, scene.moment)
        while let asked = question, turns < 100 {
            turns += 1
            let replies = full.handle(.asked(asked, from: try scene.community(1)), now: scene.now, using: &random)
            let reply = try #require(replies.compactMap { if case .reply(.message(let reply)) = $0 { reply } else { nil } }.first)
            #expect(reply.bytes.count <= DirectoryMessage.bytesMax)
            let effects = empty.handle(
                .answered(try DirectoryMessage(reply.bytes), from: try scene.community(0), target: target), now: scene.now,
                using: &random)
            question = effects.compactMap { effect -> DirectoryMessage? in
                if case .send(.message(let message), let to) = effect, to.url == target.url, message.wants { message } else { nil }
            }.first
        }
        #expect(turns >= 2)
        // The reader's own record is left to its owner; everything else is the same.
        #expect(empty.communities(now: scene.now).filter { $0.standing == .active }.count == 198)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `merging is commutative, associative and idempotent`(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let scene = GossipScene(communities: 4)
        var texts: [(isAdmission: Bool, compact: String)] = []
        for number in 1..<4 {
            texts.append((true, try scene.admission(number).token.compact))
            texts.append((true, try scene.admission(number, at: scene.now - .seconds(30)).token.compact))
            for _ in 0..<5 {
                let sequence = UInt64(scene.now.milliseconds) - UInt64.random(in: 0..<4, using: &random)
                let name = "name \(Int.random(in: 0..<2, using: &random))"
                texts.append((false, try scene.record(number, sequence: sequence, name: name).token.compact))
            }
        }
        func merged() throws -> DirectoryState {
            var state = try scene.state(0)
            // Records need their admission first, as everything that arrives before its ground comes again.
            for _ in 0..<2 {
                for text in (texts + texts).shuffled(using: &random) {
                    _ = text.isAdmission
                        ? state.accept(admission: text.compact) : state.accept(record: text.compact, now: scene.now)
                }
            }
            return state
        }
        let first = try merged()
        let second = try merged()
        // Two stories under a number already passed are no proof to who comes late: proofs travel on their own.
        var (one, other) = (first, second)
        for fact in second.facts where fact.kind == .proof { _ = one.accept(proof: fact.compact, now: scene.now) }
        for fact in first.facts where fact.kind == .proof { _ = other.accept(proof: fact.compact, now: scene.now) }
        #expect(one.computedRoot(now: scene.now) == other.computedRoot(now: scene.now))
        for number in 1..<4 {
            let community = try scene.community(number)
            #expect(first.rows[community]?.mark == second.rows[community]?.mark)
            #expect(first.rows[community]?.admission?.token.hash == second.rows[community]?.admission?.token.hash)
        }
        var again = first
        for fact in first.facts where fact.kind == .record {
            #expect(again.accept(record: fact.compact, now: scene.now) == .duplicate)
        }
        #expect(again.computedRoot(now: scene.now) == first.computedRoot(now: scene.now))
    }

    @Test func `a message that breaks its limits is refused`() throws {
        let scene = GossipScene()
        var message = DirectoryMessage(network: scene.network)
        message.records = [String](repeating: "x", count: 513)
        #expect(throws: ExchangeError(.tooLarge, "")) { try DirectoryMessage(message.bytes) }
        #expect(throws: ExchangeError(.tooLarge, "")) {
            try DirectoryMessage([UInt8](repeating: 0x20, count: DirectoryMessage.bytesMax + 1))
        }
        for text in ["", "{}", "[]", #"{"net":"x"}"#, "null"] {
            #expect(throws: ExchangeError(.badRequest, "")) { try DirectoryMessage(Array(text.utf8)) }
        }
        message.records = ["a"]
        message.since = DirectoryCursor(store: .max, arrival: 7)
        message.cursor = DirectoryCursor(store: 0, arrival: 0)
        #expect(try DirectoryMessage(message.bytes) == message)
    }
}
