import ExchangeCore
import HL7v2
import Testing

struct MLLPTests {
    private static func events(_ bytes: [UInt8], limits: HL7Limits = HL7Limits(), end: Bool = true) -> [MLLPDecoder.Event] {
        var decoder = MLLPDecoder(limits: limits)
        return decoder.feed(bytes) + (end ? decoder.finish() : [])
    }

    private static func bytes(_ text: String) -> [UInt8] {
        text.utf8.map { $0 == UInt8(ascii: "<") ? 0x0B : $0 == UInt8(ascii: ">") ? 0x1C : $0 == UInt8(ascii: "/") ? 0x0D : $0 }
    }

    /// `<` start block, `>` end block, `/` CR; `+` a message, `!` a refusal with its fault, `-` bytes passed over.
    static let streams: [(stream: String, events: String)] = [
        ("<a>/", "+a"), ("<a>/<b>/", "+a +b"), ("<a><b>/", "+a +b"), ("<a>//<b>/", "+a +b"), ("xx<a>/", "-2 +a"),
        ("<a>/yy/<b>/", "+a -2 +b"), ("<<a>/", "+a"), ("<a<b>/<c>/", "!startWithin:a +c"),
        ("<a>b>/<c>/", "!endWithin:a +c"), ("<a>bb<c>/<d>/", "!endWithin:a +d"), ("<>/", "+"), ("<a", "!cut:a"),
        ("<a>", "!cut:a"), ("", ""), ("//", ""), ("<a>>/<b>/", "!endWithin:a +b"),
    ]

    @Test(arguments: streams) func `frames are taken out of a stream`(_ row: (stream: String, events: String)) {
        let told = Self.events(Self.bytes(row.stream)).map { event in
            switch event {
            case .message(let bytes): "+" + String(decoding: bytes, as: UTF8.self)
            case .refused(let fault, let head): "!\(fault.rawValue):" + String(decoding: head, as: UTF8.self)
            case .passedOver(let count): "-\(count)"
            }
        }
        #expect(told.joined(separator: " ") == row.events)
    }

    @Test(arguments: streams) func `however a stream is cut, the same frames come out`(
        _ row: (stream: String, events: String),
    ) {
        let bytes = Self.bytes(row.stream)
        func messages(_ events: [MLLPDecoder.Event]) -> [MLLPDecoder.Event] {
            events.filter { if case .passedOver = $0 { false } else { true } }
        }
        let whole = messages(Self.events(bytes))
        for cut in 0...bytes.count {
            var decoder = MLLPDecoder()
            let events = decoder.feed(bytes[..<cut]) + decoder.feed(bytes[cut...]) + decoder.finish()
            #expect(messages(events) == whole)
        }
        var decoder = MLLPDecoder()
        #expect(messages(bytes.flatMap { decoder.feed([$0]) } + decoder.finish()) == whole)
    }

    @Test func `T114 a frame without end is given up at the limit, and nothing more is held`() {
        var limits = HL7Limits()
        limits.messageBytesMax = 1000
        var decoder = MLLPDecoder(limits: limits)
        _ = decoder.feed([MLLPFrame.start])
        var events: [MLLPDecoder.Event] = []
        for _ in 0..<100 {
            events += decoder.feed([UInt8](repeating: 0x41, count: 100))
            #expect(decoder.heldBytes <= 1000)
        }
        #expect(events == [.refused(.tooLong, head: [UInt8](repeating: 0x41, count: 1000))])
        #expect(decoder.isOver)
        #expect(decoder.feed(MLLPFrame.encode([0x42])) == [])
        #expect(decoder.finish() == [])
    }

    @Test func `a refused frame without end is given up, too`() {
        var limits = HL7Limits()
        limits.messageBytesMax = 100
        var decoder = MLLPDecoder(limits: limits)
        var events = decoder.feed([MLLPFrame.start, 0x41, MLLPFrame.start])
        for _ in 0..<50 { events += decoder.feed([UInt8](repeating: 0x41, count: 10)) }
        #expect(events == [.refused(.startWithin, head: [0x41]), .refused(.tooLong, head: [])])
        #expect(decoder.isOver)
    }

    @Test func `bytes outside frames are counted, and too many end the stream`() {
        var limits = HL7Limits()
        limits.strayBytesMax = 10
        var decoder = MLLPDecoder(limits: limits)
        #expect(decoder.feed([UInt8](repeating: 0x20, count: 6)) == [.passedOver(6)])
        #expect(decoder.feed(MLLPFrame.encode([0x41])) == [.message([0x41])])
        #expect(decoder.feed([UInt8](repeating: 0x20, count: 6)) == [.passedOver(6)])
        #expect(decoder.feed([UInt8](repeating: 0x20, count: 6)) == [.passedOver(5), .refused(.stray, head: [])])
        #expect(decoder.isOver)
    }

    @Test func `a batch gives each of its messages, and says when its counts are wrong`() throws {
        let one = "MSH|^~\\&|A|||||||ADT^A01|1|P|2.5\nPID|1\n"
        let text = "FHS|^~\\&|A\nBHS|^~\\&|A\n\(one)\(one)pid|x\n\(one)BTS|3\nFTS|1\n"
        let bytes = [UInt8](hl7: text)
        #expect(HL7Batch.isBatch(bytes))
        #expect(!HL7Batch.isBatch([UInt8](hl7: one)))
        #expect(HL7Batch.isBatch([UInt8](hl7: one + one)))
        let batch = try HL7Batch.read(bytes)
        #expect(batch.messages.count == 3)
        #expect(batch.messages.map { (try? $0.get()) != nil } == [true, false, true])
        #expect(batch.envelopes.count == 4)
        #expect(batch.problems.isEmpty)
        #expect(batch.texts[0] == [UInt8](hl7: one))
        let wrong = try HL7Batch.read([UInt8](hl7: "BHS|^~\\&|A\n\(one)BTS|2\nFTS|7\n"))
        #expect(wrong.problems.map(\.position?.segment) == ["BTS", "FTS"])
        var limits = HL7Limits()
        limits.messagesPerBatchMax = 2
        #expect(throws: HL7Error.self) { try HL7Batch.read(bytes, limits: limits) }
        limits.batchBytesMax = 10
        #expect(throws: HL7Error.self) { try HL7Batch.read(bytes, limits: limits) }
        for text in ["", "FHS|^~\\&|A\nFTS|0", "PID|1\n" + one, "BHS|^~\\&\nPID|1"] {
            #expect(throws: HL7Error.self, "\(text)") { try HL7Batch.read([UInt8](hl7: text)) }
        }
    }
}
