import ExchangeCore
import ExchangeNode
import Foundation
import Testing

extension RealNodes {
    /// Promise 1 at every place where it could break: the process ends instead of each single change of its store.
    @Suite(
        .enabled(if: HieProcess.executable != nil, "the program hie was not built"),
        .enabled(if: StoreShim.library != nil, "there is no C compiler for Tests/shims"))
    struct KillMatrixTests {
        private static let environment = ProcessInfo.processInfo.environment
        private static let isLong = environment["HIE_LONG"] != nil

        /// Kills at moments of no meaning: 2,000 with HIE_LONG, or what HIE_KILL_MOMENTS says.
        static let moments = environment["HIE_KILL_MOMENTS"].flatMap { Int($0) } ?? (isLong ? 2000 : 6)
        /// Every k-th point, so that a short run sees so many of each kind.
        static let pointsInShort = 10

        private struct Tally {
            var rounds = 0
            var steps = 0
            var losses: [String] = []
        }

        /// Plays the scenario once with that environment, and holds the store against what was acknowledged.
        private static func round(
            _ scenario: KillScenario, _ process: HieProcess, _ environment: [String: String], into tally: inout Tally,
            named name: String, during: (() async throws -> Void)? = nil,
        ) async throws {
            try scenario.begin()
            try await process.launch(environment)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let signal = during == nil ? SIGTERM : SIGKILL
                group.addTask {
                    try await scenario.play()
                    await process.end(signal)
                }
                try await during?()
                try await group.waitForAll()
            }
            tally.rounds += 1
            tally.steps += scenario.steps
            let losses = try await scenario.losses()
            #expect(losses == [], "\(name)")
            tally.losses += losses.map { "\(name): \($0)" }
        }

        private static func scene(
            _ body: (KillScenario, HieProcess, StoreShim) async throws -> Void,
        ) async throws {
            try await Network.process(.init(limits: ["segment-bytes: 65536"])) { network, node, process in
                await process.end(SIGTERM)
                _ = try node.client()
                let scenario = try KillScenario(
                    node, process, template: network.folder.appendingPathComponent("template"))
                let shim = StoreShim(node)
                try await body(scenario, process, shim)
                try scenario.begin()
                try await process.start()
            }
        }

        @Test(arguments: [false, true])
        func `T62 ended at each change of its store, a node loses nothing it acknowledged`(_ tears: Bool) async throws {
            try await Self.scene { scenario, process, shim in
                var whole = Tally()
                shim.reset()
                try await Self.round(scenario, process, shim.environment, into: &whole, named: "not killed")
                let points = shim.count
                #expect(points > 60 && whole.steps == 11, "\(points) points, \(whole.steps) steps: \(scenario.fault)")
                var tally = Tally()
                let stride = Self.isLong ? 1 : max(1, points / Self.pointsInShort)
                for point in Swift.stride(from: 1, through: points, by: stride) {
                    shim.reset()
                    try await Self.round(
                        scenario, process, shim.killing(at: point, tears: tears), into: &tally,
                        named: "point \(point)\(tears ? ", torn" : "")")
                }
                print(
                    "kill matrix\(tears ? ", torn writes" : ""): \(points) points, \(tally.rounds) rounds, "
                        + "\(tally.steps) steps acknowledged, \(tally.losses.count) losses")
                #expect(tally.losses == [])
            }
        }

        @Test func `T62 ended at moments of no meaning, a node loses nothing it acknowledged`() async throws {
            var random = SeededMoments(state: 7)
            try await Self.scene { scenario, process, shim in
                var whole = Tally()
                let (_, took) = try await timing {
                    try await Self.round(scenario, process, shim.environment, into: &whole, named: "not killed")
                }
                let (launch, steps) = (max(50, took.milliseconds), max(20, scenario.lasted.milliseconds))
                var tally = Tally()
                for round in 1...Self.moments {
                    // Half of them while it starts or later, half of them among its steps: how long a start takes differs too much.
                    let isAmongSteps = round % 2 == 0
                    let delay = Int64.random(in: 0...(isAmongSteps ? steps : launch) * 1000, using: &random)
                    try await Self.round(
                        scenario, process, [:], into: &tally,
                        named: "round \(round), \(delay) us after the \(isAmongSteps ? "first step" : "start")"
                    ) {
                        while isAmongSteps, !scenario.hasBegun, process.isRunning { try await World.system.sleep(.milliseconds(1)) }
                        try await World.system.sleep(.microseconds(delay))
                        await process.end(SIGKILL)
                    }
                }
                print(
                    "kill moments: \(tally.rounds) rounds, \(tally.steps) steps acknowledged, "
                        + "\(tally.losses.count) losses")
                #expect(tally.losses == [])
            }
        }
    }
}
