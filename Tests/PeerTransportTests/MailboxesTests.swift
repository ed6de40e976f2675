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
        #expect(boxes.put(news("a"), for: try key()))
        #expect(boxes.next(for: try key())?.records == ["a"])
        #expect(!boxes.put(news("b"), for: try key()))
        #expect(!boxes.put(news("b", "c"), for: try key()))
        #expect(boxes.put(news("z"), for: try key(2)), "another node waits for nobody")
        #expect(boxes.next(for: try key())?.records == ["b", "c"])
        #expect(boxes.next(for: try key()) == nil)
        #expect(boxes.put(news("d"), for: try key()), "the way is free again")
    }

    @Test func `a question keeps its place and its own frame, and what waits has an end`() throws {
        let boxes = Mailboxes()
        #expect(boxes.put(news("a"), for: try key()))
        #expect(boxes.next(for: try key()) != nil)
        var question = news()
        question.wants = true
        for _ in 0..<100 { #expect(!boxes.put(question, for: try key())) }
        #expect(!boxes.put(news("b"), for: try key()))
        var count = 0
        while let message = boxes.next(for: try key()) {
            count += 1
            #expect(message.wants)
        }
        #expect(count == Mailboxes.waitingMax)
    }

    @Test func `messages of two networks, or too long together, are not joined`() {
        var first = news("a")
        #expect(!first.absorb(DirectoryMessage(network: SigningKey().publicKey.thumbprint)))
        var long = news()
        long.records = (0..<300).map { "text \($0)" }
        #expect(!first.absorb(long))
        #expect(first.records == ["a"])
        #expect(first.absorb(news("b")))
        #expect(first.records == ["a", "b"])
    }
}
