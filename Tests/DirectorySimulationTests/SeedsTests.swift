import DirectorySimulation
import Dispatch
import Foundation
import Synchronization
import Testing

/// Rows of seeds, as many as the environment asks for: what continuous integration runs beside the tests (Deploy/simulate).
@Suite struct SeedsTests {
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    @Test(.enabled(if: number("HIE_SEEDS") != nil))
    func `what must hold holds in every network of a row`() throws {
        let seeds = try #require(Self.number("HIE_SEEDS"))
        let nodes = Self.number("HIE_NODES") ?? 50
        let first = Self.number("HIE_FIRST") ?? 1
        let endsAtFirst = Self.number("HIE_FAIL_FAST") != nil
        let workers = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let casts = try (0..<workers).map { _ in try Cast(nodes: nodes) }
        let tell: (@Sendable (String) -> Void)? = Self.number("HIE_TRACE") == nil ? nil : { @Sendable (line: String) -> Void in print(line) }
        let next = Mutex(first)
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            while true {
                let number = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard number < first + seeds, !(endsAtFirst && failures.withLock { !$0.isEmpty }) else { return }
                // A long storm and what is measured after it are more than half of a large network's time: every twentieth seed
                // is enough of that.
                let isShort = nodes >= 50 && !number.isMultiple(of: 20)
                let whole = DirectoryPlan(nodes: nodes)
                let plan = isShort ? whole.short : whole
                let outcome = DirectoryPlay(casts[worker], plan, tell: tell).run(seed: UInt64(number))
                guard !outcome.violations.isEmpty else { continue }
                let replay = "hie-sim directory --nodes \(nodes) --seed \(number)\(isShort ? " --short" : "") --trace"
                failures.withLock { $0.append("seed \(number) of \(nodes) nodes: \(outcome.violations[0]); \(replay)") }
            }
        }
        #expect(failures.withLock { $0.sorted() } == [])
    }
}
