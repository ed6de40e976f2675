import ExchangeCore
import Testing
import Trust

@testable import GossipDirectory

/// When an observer speaks of whom it watches, and when it must hold its tongue.
@Suite struct WatchTests {
    let scene = GossipScene()

    /// Node 0, which has begun to watch node 1.
    private func watcher(_ random: inout SeededRandom) throws -> DirectoryState {
        var state = try scene.state(0, knowing: [0, 1])
        #expect(state.accept(record: try scene.record(0).token.compact, now: scene.now) == .stored)
        #expect(state.accept(record: try scene.record(1).token.compact, now: scene.now) == .stored)
        _ = state.handle(.started, at: scene.moment, using: &random)
        #expect(state.watches.map(\.subject) == [try scene.community(1)])
        return state
    }

    private func after(_ wait: Duration) -> Moment { Moment(now: scene.now + wait, uptime: scene.moment.uptime + wait) }

    private func wakeUp(_ state: inout DirectoryState, at wait: Duration, _ random: inout SeededRandom) {
        _ = state.handle(.timer, at: after(wait), using: &random)
    }

    @Test func `an observer that was contradicted speaks at once when its subject has answered since and is then refused`() throws {
        var random = SeededRandom(11)
        var state = try watcher(&random)
        let target = try #require(state.target(try scene.community(1)))
        // Silent for a second and a half: said. Then it says that it lives.
        for wait in stride(from: 0, through: 3000, by: 100) { wakeUp(&state, at: .milliseconds(wait), &random) }
        #expect(state.watches[0].told?.verdict == .slow)
        let word = try Heartbeat(
            of: try scene.community(1), beat: UInt64((scene.now + .seconds(3)).milliseconds), network: scene.network, key: scene.keys[1])
        #expect(state.hear(heartbeat: word.token.compact, after(.milliseconds(3010))) == nil)
        #expect(state.watches[0].told == nil)
        // Its word is believed for a while ...
        var hushed = state
        _ = hushed.handle(.failed(target, .refused), at: after(.milliseconds(3020)), using: &random)
        #expect(hushed.watches[0].told == nil)
        // ... but once it has answered, what happens next is told.
        let answer = Probe(root: 0, hour: 0, at: scene.now + .milliseconds(3050))
        _ = state.handle(.answered(.probe(answer), from: try scene.community(1), target: target), at: after(.milliseconds(3050)), using: &random)
        _ = state.handle(.failed(target, .refused), at: after(.milliseconds(3100)), using: &random)
        #expect(state.watches[0].told?.verdict == .refused)
    }

    @Test func `a node that slept blames itself for the silence, and speaks when it lasts`() throws {
        var random = SeededRandom(12)
        var state = try watcher(&random)
        for wait in stride(from: 0, through: 1100, by: 100) { wakeUp(&state, at: .milliseconds(wait), &random) }
        #expect(state.watches[0].silentSince != nil)
        #expect(state.watches[0].told == nil)
        // Its process stood still for eight seconds, with a question under way.
        wakeUp(&state, at: .milliseconds(9100), &random)
        #expect(state.watches[0].told == nil)
        #expect(state.isMuted(after(.milliseconds(9200))))
        for wait in stride(from: 9200, through: 9100 + 4000, by: 100) { wakeUp(&state, at: .milliseconds(wait), &random) }
        #expect(state.watches[0].told?.verdict == .slow)
    }
}
