import ExchangeCore
import Testing
import Trust

@testable import GossipDirectory

/// What a restart must not undo, though the admission that vouched for it was replaced meanwhile.
@Suite struct RememberingTests {
    let scene = GossipScene()

    private func left(_ number: Int) throws -> DirectoryRecord {
        var statement = try scene.statement(number)
        statement.status = .retired
        return try DirectoryRecord(stating: statement, key: scene.keys[number])
    }

    private func restarted(_ state: DirectoryState, _ number: Int = 0) throws -> DirectoryState {
        var again = try scene.state(number)
        #expect(again.restore(state.facts.reversed(), now: scene.now + .seconds(5)) == [])
        return again
    }

    @Test func `T2 what has left stays away after its key was rotated and this node restarted`() throws {
        let new = SigningKey()
        var state = try scene.state(0, knowing: [1])
        #expect(state.accept(record: try left(1).token.compact, now: scene.now) == .stored)
        let rotated = try scene.admission(1, key: new, at: scene.now)
        #expect(state.accept(admission: rotated.token.compact) == .stored)
        var again = try restarted(state)
        let community = try scene.community(1)
        #expect(again.mark(of: community) == state.mark(of: community))
        #expect(again.facts == state.facts)
        #expect(again.root(now: scene.now) == state.root(now: scene.now))
        #expect(again.community(community, now: scene.now)?.standing == .retired)
        var statement = try scene.statement(1, at: scene.now + .seconds(10))
        statement.keys = [new.publicKey.thumbprint]
        let back = try DirectoryRecord(stating: statement, key: new)
        #expect(again.accept(record: back.token.compact, now: scene.now + .seconds(10)) == .stale)
    }

    @Test func `what was remembered has no force and is not passed on`() throws {
        var random = SeededRandom(7)
        var state = try scene.state(0, knowing: [1, 2])
        #expect(state.accept(record: try scene.record(1).token.compact, now: scene.now) == .stored)
        let other = try scene.admission(1, key: SigningKey(), at: scene.now)
        #expect(state.accept(admission: other.token.compact) == .stored)
        var again = try restarted(state)
        #expect(again.community(try scene.community(1), now: scene.now)?.standing == .stale)
        var question = DirectoryMessage(network: scene.network, at: scene.now)
        question.wants = true
        let effects = again.handle(.asked(question, from: try scene.community(2)), now: scene.now, using: &random)
        let answers = effects.compactMap { effect -> DirectoryMessage? in
            if case .reply(.message(let message)) = effect { message } else { nil }
        }
        #expect(answers.first?.records == [])
        #expect(answers.first?.admissions.contains(other.token.compact) == true)
    }

    @Test func `only this node's own disk is remembered, and nothing above its admission`() throws {
        let old = try scene.record(1)
        var state = try scene.state(0)
        #expect(state.accept(admission: try scene.admission(1, key: SigningKey()).token.compact) == .stored)
        #expect(state.accept(record: old.token.compact, now: scene.now) == .refused(.token(.unknownKey)))
        let later = try scene.record(1, epoch: 2)
        let notices = state.restore(
            [DirectoryFact(kind: .record, community: later.community, compact: later.token.compact)], now: scene.now)
        #expect(notices == [.refused(from: nil, about: later.community, .wrongEpoch)])
        #expect(state.mark(of: later.community) == nil)
        // A text that its key would have to verify is not remembered in its place.
        #expect(state.accept(admission: try scene.admission(1, at: scene.now).token.compact) == .stored)
        let forged = String(old.token.compact.dropLast(8)) + "AAAAAAAA"
        #expect(state.restore([DirectoryFact(kind: .record, community: old.community, compact: forged)], now: scene.now).count == 1)
        #expect(state.mark(of: old.community) == nil)
    }

    @Test func `T5 two stories stay known after a rotation and a restart, until the epoch rises`() throws {
        var state = try scene.state(0, knowing: [1])
        let sequence = UInt64(scene.now.milliseconds)
        for name in ["one", "another"] {
            _ = state.accept(record: try scene.record(1, sequence: sequence, name: name).token.compact, now: scene.now)
        }
        let community = try scene.community(1)
        let rotated = try scene.admission(1, key: SigningKey(), at: scene.now)
        #expect(state.accept(admission: rotated.token.compact) == .stored)
        #expect(try restarted(state).community(community, now: scene.now)?.standing == .quarantined)
        var facts = state.facts
        facts.append(
            DirectoryFact(kind: .admission, community: community, compact: try scene.admission(1, epoch: 2).token.compact))
        var again = try scene.state(0)
        _ = again.restore(facts, now: scene.now)
        #expect(again.community(community, now: scene.now)?.standing == .stale)
    }

    @Test func `who has left says it anew under its new key, and nothing else`() throws {
        var random = SeededRandom(3)
        let new = SigningKey()
        let rotated = try Admission(
            granting: Admission.Grant(
                network: scene.network, community: try scene.community(1), organization: "Facility 1",
                keys: [new.publicKey], epoch: 1, issued: scene.now), key: scene.authority)
        var node = DirectoryState(
            identity: DirectoryIdentity(
                authorities: [scene.authority.publicKey], community: try scene.community(1), key: new, seeds: []),
            store: 9)
        let record = try left(1)
        _ = node.restore(
            [
                DirectoryFact(kind: .admission, community: record.community, compact: rotated.token.compact),
                DirectoryFact(kind: .record, community: record.community, compact: record.token.compact),
            ], now: scene.now)
        _ = node.handle(.profiled(try scene.profile(1)), now: scene.now, using: &random)
        _ = node.handle(.started, now: scene.now + .seconds(1), using: &random)
        let said = try #require(node.community(record.community, now: scene.now)?.record)
        #expect(said.statement.status == .retired)
        #expect(said.token.keyID == new.publicKey.thumbprint)
        #expect(record.mark < said.mark)
        // Whoever heard the old word takes the new one, and whoever joins now can verify it.
        var older = try scene.state(0, knowing: [1])
        #expect(older.accept(record: record.token.compact, now: scene.now) == .stored)
        for state in [older, try scene.state(2)] {
            var state = state
            #expect(state.accept(admission: rotated.token.compact) == .stored)
            #expect(state.accept(record: said.token.compact, now: scene.now + .seconds(1)) == .stored)
            #expect(state.community(record.community, now: scene.now)?.standing == .retired)
        }
        // It stays at that.
        let effects = node.handle(.timer, now: scene.now + .seconds(90), using: &random)
        #expect(!effects.contains { if case .persist = $0 { true } else { false } })
    }
}
