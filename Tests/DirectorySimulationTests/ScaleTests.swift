import DirectorySimulation
import Foundation
import Testing

/// Large networks and long partitions, measured; the large ones as the environment asks (Deploy/simulate --long).
@Suite struct ScaleTests {
    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    @Test(arguments: [23, 63, 600])
    func `a network that was in two halves is whole within two seconds, however long it was so`(seconds: Int) throws {
        let healed = DirectoryScale(try Cast(nodes: 24), DirectoryPlan(nodes: 24)).healing(after: seconds, seed: 5)
        print("sim.directory.healed_after_\(seconds)_s_ms  \(Int(healed.records)) records, \(Int(healed.reach)) reach")
        #expect(healed.records <= 2000)
        #expect(healed.reach <= 3000)
    }

    @Test(.enabled(if: number("HIE_SCALE") != nil))
    func `a large complete network is measured`() throws {
        let nodes = try #require(Self.number("HIE_SCALE"))
        var plan = DirectoryPlan(nodes: nodes)
        plan.latency = 20_000
        DirectoryScale(try Cast(nodes: nodes), plan).measure(seed: 1) { measure in
            print("sim.directory.\(measure.name)  \(Int(measure.value.rounded()))")
            fflush(nil)
            #expect(measure.value >= 0, "not all were reached")
        }
    }
}
