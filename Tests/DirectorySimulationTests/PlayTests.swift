import Testing

import DirectorySimulation

@Suite struct PlayTests {
    @Test func `a seed plays the same twice, and all holds`() throws {
        let cast = try Cast(nodes: 12)
        let plan = DirectoryPlan(nodes: 12)
        for seed in 1...5 as ClosedRange<UInt64> {
            let first = DirectoryPlay(cast, plan).run(seed: seed)
            let second = DirectoryPlay(cast, plan).run(seed: seed)
            #expect(first.violations == [])
            #expect(first.trace == second.trace)
            #expect(first.events == second.events)
        }
    }
}
