import ExchangeCore
import RecordLocation
import Simulation
import Transactions
import XDSMetadata

/// Questions across communities that fail in every way, and what must hold of each answer (promise 3).
struct LocatorGame {
    /// Questions of one seed.
    static let questions = 20

    /// What one seed showed.
    struct Outcome: Sendable {
        var violations: [String] = []
        /// Answers that were looked at.
        var answers = 0
        /// Lines that name a gap.
        var gaps = 0
    }

    let trace: (@Sendable (String) -> Void)?

    /// Plays one seed.
    func run(seed: UInt64) throws -> Outcome {
        let scheduler = SeededScheduler(seed: seed)
        let world = scheduler.world
        return try scheduler.run {
            let scene = try await LocatorScene(world)
            return try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask {
                    await scene.node.exchange.conductSearches()
                    return nil
                }
                group.addTask { try await play(scene) }
                defer { group.cancelAll() }
                while let ended = try await group.next() { if let ended { return ended } }
                return Outcome()
            }
        }
    }

    private func play(_ scene: LocatorScene) async throws -> Outcome {
        var outcome = Outcome()
        var random = scene.world.random
        for number in 0..<Self.questions {
            for other in scene.others {
                if Int.random(in: 0..<6, using: &random) == 0, let person = scene.people.randomElement(using: &random) {
                    scene.change(person, at: other, using: &random)
                }
                for base in other.bases where Int.random(in: 0..<3, using: &random) == 0 {
                    let faults = ScriptedPeers.Fault.allCases
                    // Half of the time a fault goes away again.
                    scene.peers.set(
                        Bool.random(using: &random) ? .none : faults.randomElement(using: &random) ?? .none, at: base)
                }
            }
            try await ask(number, scene, &outcome, using: &random)
            try await scene.world.sleep(.milliseconds(Int64.random(in: 0...3000, using: &random)))
        }
        for base in scene.peers.lateRequests { outcome.violations.append("\(base) was asked after the deadline") }
        return outcome
    }

    private func ask(
        _ number: Int, _ scene: LocatorScene, _ outcome: inout Outcome, using random: inout some RandomNumberGenerator,
    ) async throws {
        let world = scene.world
        let exchange = scene.node.exchange
        guard var person = scene.people.randomElement(using: &random) else { return }
        var locating = Locating()
        locating.scope = AskingScope.allCases.randomElement(using: &random) ?? .region
        if Int.random(in: 0..<5, using: &random) == 0 {
            locating.only = Set(scene.others.map(\.community).filter { _ in Bool.random(using: &random) })
            if Bool.random(using: &random) { locating.only?.insert(exchange.settings.community) }
        }
        let patience = Duration.milliseconds([50, 200, 1500, 10_000, 20_000].randomElement(using: &random) ?? 1500)
        var seen: FoundDocuments?
        // Asked, and gone on with a few times.
        for round in 0..<Int.random(in: 1...3, using: &random) {
            if let search = seen?.search {
                locating.resuming = .init(
                    token: search.token, seen: search.seen, isPaging: Bool.random(using: &random))
            } else if round > 0 {
                return
            }
            // Sometimes with the name of a search about somebody else.
            if round > 0, Int.random(in: 0..<5, using: &random) == 0 {
                person = scene.people.randomElement(using: &random) ?? person
            }
            let began = world.uptime()
            let context = LocatorScene.context(scene.node, within: patience, world)
            let found = try await exchange.locateDocuments(of: person, matching: DocumentQuery(), locating, for: context)
            found.ticket?.end()
            let took = world.uptime() - began
            let check = LocatorCheck(scene: scene, person: person, locating: locating, found: found, before: seen)
            var wrong = check.violations
            if took > min(patience, .seconds(exchange.settings.limits.locateSecondsMax)) + .milliseconds(50) {
                wrong.append("it took \(took) of \(patience)")
            }
            outcome.answers += 1
            outcome.gaps += found.receipt.communities.count(where: \.isGap)
            outcome.violations += wrong.map { "question \(number).\(round): \($0)" }
            trace?(
                "\(number).\(round) \(locating.scope) \(took): "
                    + found.receipt.communities.map { "\($0.name.suffix(2)) \($0.word)" }.joined(separator: ", ")
                    + ", \(found.rows.count) rows")
            seen = found
        }
    }
}
