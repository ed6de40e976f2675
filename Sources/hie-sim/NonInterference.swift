import ConsentEngine
import ExchangeCore
import FHIREndpoint
import HTTPTypes
import JSON
import Simulation
import Transactions
import XDSMetadata

/// Two regions that differ only in documents denied to a requester must answer the requester alike, byte for byte.
///
/// Fresh identifiers are the same in both anyway, because every step has its own randomness; where they are not, they are
/// mapped before the answers are compared.
struct NonInterference: Sendable {
    /// What one seed showed.
    struct Outcome: Sendable {
        /// One line for each answer that differed.
        var violations: [String] = []
        /// Answers compared.
        var answers = 0
        /// Documents that one region had and the other had not.
        var hidden = 0
    }

    let identity: ConnectionIdentity
    /// Hears what happens, for a replay.
    var trace: (@Sendable (String) -> Void)?

    /// Plays one seed.
    func run(seed: UInt64) throws -> Outcome {
        let plan = TwinPlan(seed: seed)
        let first = try Twin(plan, identity: identity)
        defer { first.region.end() }
        var chance = Chance(seed: seed, salt: 2)
        let scene = ConsentScene(&chance, plan: plan, twin: first)
        trace?(scene.story(plan))
        // What the first region refused to publish, the second does not try.
        let refused = Set(plan.documents.indices).subtracting(first.entries.keys)
        let second = try Twin(plan, without: scene.hidden.union(refused), identity: identity)
        defer { second.region.end() }
        var outcome = Outcome()
        outcome.hidden = scene.hidden.count
        for (number, entry) in second.entries where first.entries[number]?.id != entry.id {
            throw ExchangeError(.internal, "the two regions drifted apart at document \(number)")
        }
        for twin in [first, second] { try twin.record(scene.directives, revoked: scene.revoked) }
        try ask(plan, scene, first.region, second.region, into: &outcome)
        return outcome
    }

    private func ask(
        _ plan: TwinPlan, _ scene: ConsentScene, _ first: Region, _ second: Region, into outcome: inout Outcome,
    ) throws {
        var chance = Chance(seed: plan.seed, salt: 3)
        var next: [Asking] = []
        let count = 24
        for number in 0..<count {
            var asking: Asking
            if !next.isEmpty, chance.oneIn(2) {
                asking = next.removeFirst()
            } else {
                let requester = scene.requesters[chance.number(0...(scene.requesters.count - 1))]
                var random = RandomAsking(
                    ground: scene.ground, directives: scene.directives.map(\.directive.id), requester: requester,
                    chance: chance)
                asking = random.next()
                chance = random.chance
            }
            let condition = chance.oneIn(8) ? chance.one(of: [SimulatedNetwork.Condition.down, .silent], or: .up) : .up
            let away = chance.number(0...(plan.defaults.count - 1))
            // The journal's disk fails for good in the end: what is said then must not tell either.
            let breaks = number == count - 3 && chance.oneIn(3)
            let asked = asking
            // Somebody else may be shown more by the same question; that must leave nothing behind.
            let insider = chance.oneIn(3) ? Requester.drawn(&chance, communities: scene.ground.communities) : nil
            var answers: [Received] = []
            for region in [first, second] {
                if breaks { region.nodes[asked.node].facility.disk.failNextAppend(.beforeWrite) }
                if let insider {
                    var same = asked
                    same.requester = insider.with(community: asked.requester.community, purpose: insider.purpose)
                    let other = same
                    _ = try region.step(99 + 2 * number) { await region.send(other) }
                }
                region.network.set(SmallWorld.communities[away], condition)
                answers.append(try region.step(100 + 2 * number) { await region.send(asked) })
                region.network.set(SmallWorld.communities[away], .up)
            }
            outcome.answers += 1
            trace?("\(Self.line(asked)): \(answers[0].status), \(answers[0].body.count) bytes")
            if let difference = Self.difference(answers[0], answers[1], known: scene.known) {
                outcome.violations.append("\(Self.line(asked)): \(difference)")
            }
            next += Self.followers(of: asked, answers[0], base: first.nodes[asked.node].facility.base)
        }
        try askForLists(scene, first, second, step: 100 + 2 * count, into: &outcome)
    }

    /// Every requester asks for the lists of everybody at their own node (ITI-66), whole and page by page, whatever else was
    /// asked before.
    private func askForLists(
        _ scene: ConsentScene, _ first: Region, _ second: Region, step: Int, into outcome: inout Outcome,
    ) throws {
        var step = step
        for requester in scene.requesters {
            guard let node = scene.ground.communities.firstIndex(of: requester.community) else { continue }
            for patient in scene.ground.patients[node].compactMap({ $0 }) {
                for more in ["", "&code=folder&_include=List:item", "&date=ge2026-03-02", "&date=ne2026-03-02", "&_summary=count", "&_count=1"] {
                    step += 2
                    let asked = Asking(node: node, door: .client, requester: requester, path: "/fhir/List?patient=\(patient)" + more)
                    let walks = try [first, second].map { region in
                        try region.step(step) { await Self.walk(asked, through: region) }
                    }
                    outcome.answers += walks[0].count
                    trace?("\(Self.line(asked)): \(walks[0].count) pages")
                    if walks[0].count != walks[1].count {
                        outcome.violations.append("\(Self.line(asked)): \(walks[0].count) and \(walks[1].count) pages")
                    }
                    for (number, pair) in zip(walks[0], walks[1]).enumerated() {
                        if let difference = Self.difference(pair.0, pair.1, known: scene.known) {
                            outcome.violations.append("\(Self.line(asked)), page \(number + 1): \(difference)")
                        }
                    }
                }
            }
        }
    }

    /// An answer and the pages behind it, each by the link of the one before, as its region wrote it.
    private static func walk(_ asking: Asking, through region: Region) async -> [Received] {
        var pages: [Received] = []
        var next: Asking? = asking
        while let asked = next, pages.count < 40 {
            let answer = await region.send(asked)
            pages.append(answer)
            next = followers(of: asked, answer, base: region.nodes[asked.node].facility.base).first
        }
        return pages
    }

    /// The next page, as the answer links it, asked for in the same way.
    private static func followers(of asking: Asking, _ answer: Received, base: String) -> [Asking] {
        guard answer.status == 200, ["/fhir/DocumentReference", "/fhir/List"].contains(where: asking.path.hasPrefix),
            let links = try? JSONReader.read(answer.body)["link"]?.items,
            let url = links.first(where: { $0["relation"]?.string == "next" })?["url"]?.string,
            url.utf8.starts(with: base.utf8)
        else { return [] }
        var next = asking
        next.method = .get
        next.body = []
        next.headers[.contentType] = nil
        next.path = "/fhir" + String(decoding: url.utf8.dropFirst(base.utf8.count), as: UTF8.self)
        return [next]
    }

    /// What tells two answers apart; nil when nothing does.
    static func difference(_ first: Received, _ second: Received, known: Set<String>) -> String? {
        if first.status != second.status { return "status \(first.status) and \(second.status)" }
        if first.isWhole != second.isWhole { return "one answer was cut" }
        let headers = [first, second].map { answer in
            answer.headers.map { header in
                header.utf8.starts(with: "x-request-id:".utf8) ? "x-request-id" : header
            }
        }
        if let (one, other) = zip(headers[0], headers[1]).first(where: { $0 != $1 }) { return "\(one) and \(other)" }
        if headers[0].count != headers[1].count { return "\(headers[0].count) and \(headers[1].count) headers" }
        // Virtual time counts waiting: for tables, for the disk, for other nodes.
        if first.duration != second.duration { return "an answer after \(first.duration) and after \(second.duration)" }
        if first.body == second.body { return nil }
        let bodies = [first.body, second.body].map { Identifiers.mapped(OpenedBody.of($0), known: known) }
        guard bodies[0] != bodies[1] else { return nil }
        let at = zip(bodies[0], bodies[1]).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
        let parts = bodies.map { body in
            String(decoding: body[min(max(at - 60, 0), body.count)..<min(at + 60, body.count)], as: UTF8.self)
        }
        return "bodies differ at byte \(at): ...\(parts[0])... and ...\(parts[1])..."
    }

    private static func line(_ asking: Asking) -> String {
        let body = asking.body.isEmpty ? "" : " " + String(decoding: asking.body, as: UTF8.self)
        return "\(asking.requester.user) for \(asking.requester.purpose ?? "nothing") at \(asking.door.rawValue) door "
            + "\(asking.node): \(asking.method.rawValue) \(asking.path)\(body)"
    }
}
