import ConsentEngine
import DocumentExchange
import ExchangeCore
import FHIREndpoint
import HTTPTypes
import NIOHTTPTypes
import Simulation
import Transactions
import XDSMetadata

/// Queries, fan-outs, retrievals and revocations at the same time: once a revocation is acknowledged, nothing that it
/// forbids leaves the node that acknowledged it, and no question that begins later finds it anywhere.
///
/// An answer leaves when a kernel takes its bytes: of a client's or a peer's connection, at its own pace, sometimes slower
/// than a revocation waits.
struct RevocationRace: Sendable {
    /// What one seed showed.
    struct Outcome: Sendable {
        /// One line for each piece that left too late.
        var violations: [String] = []
        /// Answers that came to their end.
        var answers = 0
        /// Answers that were cut.
        var overtaken = 0
    }

    let identity: ConnectionIdentity
    /// Hears what happens, for a replay.
    var trace: (@Sendable (String) -> Void)?

    /// Plays one seed.
    func run(seed: UInt64) throws -> Outcome {
        var chance = Chance(seed: seed, salt: 11)
        let count = chance.number(2...3)
        let defaults = (0..<count).map { _ in chance.one(of: [ConsentPolicyDefault.optOut, .allNormal, .optIn], or: .optOut) }
        let region = try Region(seed: seed, defaults: defaults, limits: ExchangeLimits(), identity: identity)
        defer { region.end() }
        let ledger = ConsentLedger(defaults: defaults, trace: trace)
        let patients = try (0..<count).map { node in
            try region.step(node) { try await region.register(0, at: node) }
        }
        var documents: [Int: DocumentEntry] = [:]
        for number in 0..<chance.number(2...6) {
            let node = number < count ? number : chance.number(0...(count - 1))
            let document = RandomDocument(&chance, number: number, node: node, person: 0, target: nil)
            if let entry = try region.step(10 + number, { try await region.publish(document, for: patients[node], published: [:]) }) {
                documents[number] = entry
            }
        }
        // Another record of the same person at the first node, by a steward's word: what is said at either binds both.
        var linked: PatientID?
        if chance.oneIn(2) {
            let second = try region.step(6) { try await region.registerLinked(2, with: patients[0], at: 0) }
            for number in 8...9 {
                let document = RandomDocument(&chance, number: number, node: 0, person: 2, target: nil)
                if let entry = try region.step(10 + number, { try await region.publish(document, for: second, published: [:]) }) {
                    documents[number] = entry
                }
            }
            linked = second
        }
        ledger.know(
            patients: patients.enumerated().map { ($1, $0) } + [linked].compactMap { $0 }.map { ($0, 0) },
            documents: Array(documents.values))
        region.network.observe { host, context, departure in
            guard let node = SmallWorld.communities.firstIndex(of: host) else { return }
            ledger.left(departure, node: node, for: context, now: region.world.now())
        }
        let ground = AskingGround(
            communities: Array(SmallWorld.communities.prefix(count)), patients: patients.enumerated().map { [$1, nil, $0 == 0 ? linked : nil] },
            documents: documents.sorted { $0.key < $1.key }.map(\.value))
        let race = Race(region: region, ledger: ledger, ground: ground, seed: seed, trace: trace)
        let outcomes = try region.step(20) { try await race.run() }
        return Outcome(
            violations: ledger.violations, answers: outcomes.filter(\.isWhole).count,
            overtaken: outcomes.filter { !$0.isWhole }.count)
    }
}

/// The part of one seed where everything happens at once.
private struct Race: Sendable {
    let region: Region
    let ledger: ConsentLedger
    let ground: AskingGround
    let seed: UInt64
    let trace: (@Sendable (String) -> Void)?

    func run() async throws -> [Received] {
        try await withThrowingTaskGroup(of: Void.self) { clock in
            // The event loop's own timers look at the time now and then.
            clock.addTask { while true { try await region.world.sleep(.milliseconds(10)) } }
            defer { clock.cancelAll() }
            return try await play()
        }
    }

    private func play() async throws -> [Received] {
        try await withThrowingTaskGroup(of: Received?.self) { group in
            var chance = Chance(seed: seed, salt: 12)
            for node in ground.communities.indices where node == 0 || chance.oneIn(2) {
                let salt = UInt64(20 + node)
                group.addTask {
                    try await write(node, Chance(seed: seed, salt: salt))
                    return nil
                }
            }
            for number in 0..<chance.number(5...12) {
                let salt = UInt64(40 + number)
                group.addTask { try await read(Chance(seed: seed, salt: salt)) }
            }
            var received: [Received] = []
            for try await one in group { if let one { received.append(one) } }
            return received
        }
    }

    /// One patient's pen at one node: directives and revocations, one after the other.
    private func write(_ node: Int, _ seeded: Chance) async throws {
        var chance = seeded
        let records = ground.patients[node].compactMap { $0 }
        let exchange = region.nodes[node].exchange
        let own = ground.documents.filter { $0.home == ground.communities[node] }
        var recorded: [ConsentDirective] = []
        for _ in 0..<chance.number(1...4) {
            try await region.world.sleep(.microseconds(chance.number(0...(chance.oneIn(3) ? 2_000_000 : 12_000))))
            var directive: ConsentDirective
            guard let patient = chance.one(of: records) else { return }
            if let last = recorded.last, chance.oneIn(3) {
                directive = last
                directive.status = .inactive
            } else if chance.oneIn(2) {
                directive = ConsentDirective(
                    id: .ordered(at: region.world.now(), using: &chance), patient: patient, base: ConsentRule(.deny),
                    recorded: region.world.now())
            } else {
                directive = RandomDirective.make(
                    &chance, patient: patient, documents: own, recorded: region.world.now())
            }
            if chance.oneIn(40) { region.nodes[node].facility.disk.failNextAppend(chance.oneIn(2) ? .beforeWrite : .beforeSync) }
            ledger.begin(directive, at: node)
            trace?("\(region.world.uptime()): node \(node) is told: \(directive.status.rawValue) \(directive.base)")
            do throws(ExchangeError) {
                if directive.status == .inactive, recorded.contains(where: { $0.id == directive.id }) {
                    _ = try await exchange.revokeConsent(directive.id, for: region.administrator(of: node))
                } else {
                    try await exchange.recordConsent(directive, for: region.administrator(of: node))
                }
            } catch {
                // Not acknowledged: it may hold or not from here on, and the node's journal takes no more.
                return
            }
            ledger.acknowledged(at: node)
            trace?("\(region.world.uptime()): node \(node) has acknowledged")
            recorded.append(directive)
        }
    }

    private func read(_ seeded: Chance) async throws -> Received? {
        var chance = seeded
        try await region.world.sleep(.microseconds(chance.number(0...(chance.oneIn(3) ? 2_500_000 : 15_000))))
        guard let requester = Requester.drawn(&chance, communities: ground.communities) else { return nil }
        let asked = asking(&chance, requester)
        let context = requester.context(asked.door, at: .zero)
        let subject = ConsentLedger.Subject(asked, ground)
        let since = ledger.mark
        let pace = chance.one(of: [Pace.stalled, .trickling, .brisk, .brisk], or: .brisk)
        let world = region.world
        let ledger = ledger
        trace?("\(world.uptime()): \(requester.user) of \(requester.community.urn) asks node \(asked.node): \(asked.path)")
        return await region.send(
            asked,
            pace: pace,
            leaving: { group in
                trace?("\(world.uptime()): a piece for \(requester.user) leaves node \(asked.node)")
                ledger.left(
                    subject.contents(of: group), node: asked.node, for: context, since: since, now: world.now(),
                    what: asked.path)
            })
    }

    private func asking(_ chance: inout Chance, _ requester: Requester) -> Asking {
        let home = ground.communities.firstIndex(of: requester.community) ?? 0
        let node = chance.oneIn(3) ? chance.number(0...(ground.communities.count - 1)) : home
        let door: AccessContext.Door = node == home ? .client : .peer
        var asking = Asking(node: node, door: door, requester: requester, path: "/fhir/metadata")
        let patient = chance.one(of: ground.patients[node].compactMap { $0 }).map { $0.description } ?? "7"
        switch chance.number(0...9) {
        case 0...4: asking.path = "/fhir/DocumentReference?patient=\(patient)" + (chance.oneIn(3) ? "&_count=2" : "")
        case 5...7:
            guard let document = chance.one(of: ground.documents) else { break }
            asking.path = "/fhir/Binary/\(document.id)"
            if document.home != ground.communities[node] {
                asking.path += "?home=\(document.home.urn)&patient=\(patient)"
            }
            if chance.oneIn(6) { asking.headers[.ifNoneMatch] = "*" }
        case 8: asking.path = "/fhir/Patient/\(patient)"
        default:
            asking.method = .post
            asking.path = "/fhir/Patient/$match"
            asking.headers[.contentType] = "application/fhir+json"
            asking.body = Array(
                (#"{"resourceType":"Patient","name":[{"family":"Quintero","given":["Marisol"]}],"birthDate":"1957-03-14""#
                    + RandomAsking.home(of: Region.demographics(0)) + "}").utf8)
        }
        return asking
    }
}
