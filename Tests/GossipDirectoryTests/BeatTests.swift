import ExchangeCore
import Testing
import Trust

@testable import GossipDirectory

/// Beats are clocks' milliseconds: one from a clock far ahead would outrank all that is said while it is ahead.
@Suite struct BeatTests {
    let scene = GossipScene()

    private func beat(_ ahead: Duration) throws -> Heartbeat {
        try Heartbeat(
            of: try scene.community(1), beat: UInt64((scene.now + ahead).milliseconds), network: scene.network, key: scene.keys[1])
    }

    @Test func `T4 a beat from a clock an hour ahead is refused, and a true one counts afterwards`() throws {
        var state = try scene.state(0, knowing: [1])
        let community = try scene.community(1)
        #expect(state.hear(heartbeat: try beat(.seconds(3600)).token.compact, scene.moment) == .farFuture)
        #expect(state.reports[community]?.heartbeat == nil)
        let word = try beat(.seconds(2))
        #expect(state.hear(heartbeat: word.token.compact, scene.moment) == nil)
        #expect(state.reports[community]?.heartbeat?.beat == word.beat)
    }

    @Test func `an older beat changes nothing`() throws {
        var state = try scene.state(0, knowing: [1])
        let word = try beat(.seconds(2))
        #expect(state.hear(heartbeat: word.token.compact, scene.moment) == nil)
        #expect(state.hear(heartbeat: try beat(.seconds(1)).token.compact, scene.moment) == nil)
        #expect(state.reports[try scene.community(1)]?.heartbeat?.beat == word.beat)
    }
}
