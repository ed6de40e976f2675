import ExchangeCore
import HL7v2
import Synchronization
import Testing
import Transactions

@testable import MLLPEndpoint

struct MLLPSessionTests {
    private static func steps(_ session: inout MLLPSession) -> [MLLPSession.Step] {
        var steps: [MLLPSession.Step] = []
        repeat { steps.append(session.step()) } while steps.last != .read && steps.last != .close
        return steps
    }

    private static func frame(_ text: String) -> [UInt8] { MLLPFrame.encode(Array(text.utf8)) }

    @Test func `messages are answered in their order, one at a time, and only then is more read`() {
        var session = MLLPSession(limits: HL7Limits())
        #expect(session.step() == .read && session.isIdle)
        session.feed(Self.frame("one") + Self.frame("two").prefix(3))
        #expect(!session.isIdle && session.isWithin)
        #expect(session.step() == .answer(Array("one".utf8)))
        #expect(session.step() == .read)
        session.feed(Self.frame("two").dropFirst(3))
        #expect(Self.steps(&session) == [.answer(Array("two".utf8)), .read])
        #expect(session.isIdle)
    }

    @Test(arguments: 0..<40) func `however the stream is cut, the same messages come out`(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let messages = (0..<12).map { "MSH|\($0)" + String(repeating: "x", count: Int.random(in: 0...200, using: &random)) }
        var rest = messages.flatMap(Self.frame)[...]
        var session = MLLPSession(limits: HL7Limits())
        var answered: [MLLPSession.Step] = []
        while !rest.isEmpty {
            let piece = Int.random(in: 1...90, using: &random)
            session.feed(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            answered += Self.steps(&session).dropLast()
        }
        #expect(answered == messages.map { .answer(Array($0.utf8)) })
    }

    @Test func `a frame that is too long is answered and ends the connection`() {
        var limits = HL7Limits()
        limits.messageBytesMax = 100
        var session = MLLPSession(limits: limits)
        session.feed([MLLPFrame.start] + Array("MSH|".utf8) + [UInt8](repeating: 0x41, count: 200))
        let steps = Self.steps(&session)
        #expect(steps.count == 2 && steps.last == .close)
        guard case .refuse(.tooLong, _) = steps[0] else {
            Issue.record("\(steps)")
            return
        }
        session.feed(Self.frame("more"))
        #expect(session.step() == .close)
    }

    @Test func `at the end what came whole is answered and what did not is let go`() {
        var session = MLLPSession(limits: HL7Limits())
        session.feed(Self.frame("one") + Self.frame("two").dropLast(2))
        session.end()
        session.feed(Self.frame("three"))
        #expect(Self.steps(&session) == [.answer(Array("one".utf8)), .close])
    }

    @Test func `a message has one effect, one that was refused may come again, and the memory is bounded`() {
        let seen = SeenMessages(atMost: 2)
        func key(_ id: String, _ sender: String = "A") -> [UInt8] { Array((sender + "/" + id).utf8) }
        #expect(seen.begin(key("1"), content: 7) == .new)
        #expect(seen.begin(key("1"), content: 7) == .underWay)
        seen.end(key("1"), content: 7, isDone: false)
        #expect(seen.begin(key("1"), content: 7) == .new, "refused before, so it may come again")
        seen.end(key("1"), content: 7, isDone: true)
        #expect(seen.begin(key("1"), content: 7) == .done)
        #expect(seen.begin(key("1"), content: 8) == .otherContent)
        #expect(seen.begin(key("1", "B"), content: 8) == .new, "another sender counts for itself")
        seen.end(key("1", "B"), content: 8, isDone: true)
        #expect(seen.begin(key("2"), content: 1) == .new)
        seen.end(key("2"), content: 1, isDone: true)
        #expect(seen.begin(key("1"), content: 7) == .new, "the oldest is forgotten")
        #expect(seen.begin(key("2"), content: 1) == .done)
        let again = SeenMessages(atMost: 2, remembering: [
            TakenMessage(.message, key: key("1"), content: 7), TakenMessage(.sequence, key: key("2"), content: 1),
        ])
        #expect(again.begin(key("1"), content: 7) == .done, "remembered from before")
        #expect(again.begin(key("2"), content: 1) == .new, "a number is no message")
    }

    @Test func `numbered messages come one after the other, the last may come again, and a sender can ask and begin anew`() {
        let sequences = MessageSequences(remembering: [TakenMessage(.sequence, key: [1], content: 8)])
        #expect(sequences.expected(of: [1]) == 8 && sequences.expected(of: [2]) == -1)
        #expect(sequences.judge(8, of: [1]) == .next)
        sequences.advance(past: 8, of: [1])
        #expect(sequences.judge(8, of: [1]) == .repeated)
        #expect(sequences.judge(10, of: [1]) == .outOfOrder)
        #expect(sequences.judge(7, of: [1]) == .outOfOrder)
        #expect(sequences.judge(0, of: [1]) == .asked)
        #expect(sequences.expected(of: [1]) == 9, "asking changes nothing")
        #expect(sequences.judge(-1, of: [1]) == .asked)
        #expect(sequences.judge(500, of: [1]) == .next, "begun anew, any number is the first")
        #expect(sequences.judge(500, of: [2]) == .next, "and so is a new sender's")
    }

    @Test func `what is about one patient is taken in turns, and two that name both never wait for each other`() async {
        let turns = FeedTurns()
        let log = TurnLog()
        await withTaskGroup { group in
            for number in 0..<200 {
                let names = number.isMultiple(of: 2) ? ["a", "b"] : ["b", "a", "a"]
                group.addTask {
                    await turns.begin(names)
                    log.enter()
                    await Task.yield()
                    log.leave()
                    turns.end(names)
                }
            }
        }
        #expect(log.most == 1)
        await turns.begin(["a", "b"])
        turns.end(["a", "b"])
    }
}

/// How many were inside at the same time.
private final class TurnLog: Sendable {
    private let counts = Mutex<(now: Int, most: Int)>((0, 0))

    var most: Int { counts.withLock { $0.most } }

    func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }

    func leave() { counts.withLock { $0.now -= 1 } }
}
