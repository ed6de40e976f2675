import ExchangeCore
import GossipDirectory
import Testing
import Trust

@testable import PeerTransport

@Suite struct MailboxesTests {
    private let network = SigningKey().publicKey.thumbprint

    private func news(_ texts: String...) -> DirectoryMessage {
        var message = DirectoryMessage(network: network, at: Timestamp(seconds: 1_772_445_600))
        message.records = texts
        return message
    }

    private func key(_ port: Int = 1) throws -> Mailboxes.Key {
        Mailboxes.Key(DirectoryTarget(community: nil, url: try #require(EndpointURL("https://a.example.org:\(port)"))))
    }

    @Test func `while one message is on its way, news for the same node comes together, each text once`() throws {
        let boxes = Mailboxes()
        let (here, there) = try (key(), key(2))
        #expect(boxes.put(news("a"), for: here))
        #expect(boxes.next(for: here)?.records == ["a"])
        #expect(!boxes.put(news("b"), for: here))
        #expect(!boxes.put(news("b", "c"), for: here))
        #expect(boxes.put(news("z"), for: there), "another node waits for nobody")
        #expect(boxes.next(for: here)?.records == ["b", "c"])
        #expect(boxes.next(for: here) == nil)
        #expect(boxes.put(news("d"), for: here), "the way is free again")
    }

    @Test func `a question keeps its place and its own frame, and what waits has an end`() throws {
        let boxes = Mailboxes()
        let here = try key()
        #expect(boxes.put(news("a"), for: here))
        #expect(boxes.next(for: here) != nil)
        var question = news()
        question.wants = true
        for _ in 0..<100 { #expect(!boxes.put(question, for: here)) }
        #expect(!boxes.put(news("b"), for: here))
        var count = 0
        while let message = boxes.next(for: here) {
            count += 1
            #expect(message.wants)
        }
        #expect(count == Mailboxes.waitingMax)
    }

    @Test func `messages of two networks, or too long together, are not joined`() {
        var first = news("a")
        let foreign = first.absorb(DirectoryMessage(network: SigningKey().publicKey.thumbprint))
        var long = news()
        long.records = (0..<300).map { "text \($0)" }
        let tooLong = first.absorb(long)
        #expect(!foreign && !tooLong)
        #expect(first.records == ["a"])
        let joined = first.absorb(news("b"))
        #expect(joined)
        #expect(first.records == ["a", "b"])
    }
}
