import Fixtures
import HL7v2
import Testing

/// Streams of frames with damage, however cut: the same frames come out, none that was not sent, and no more is held than the
/// limit (FuzzRun says how many).
struct MLLPFuzzTests {
    private static let bytesMax = 6000

    /// Frames, their marks and some of what is in them.
    private static func pieces(_ bytes: [UInt8]) -> [StructureMutator.Piece] {
        var pieces: [StructureMutator.Piece] = []
        var start = 0
        for end in bytes.indices where bytes[end] == MLLPFrame.end {
            let past = min(bytes.count, end + 2)
            let third = (end - start) / 3
            pieces += [
                .init(start..<past, kind: 0), .init(start..<start + 1, kind: 1), .init(end..<past, kind: 2), .init(end..<end + 1, kind: 2),
                .init(start + 1..<end, kind: 3), .init(start + 1..<start + 1 + third, kind: 3), .init(end - third..<end, kind: 3),
            ]
            start = past
        }
        return pieces
    }

    private static let streams: [[UInt8]] = {
        let messages = HL7FuzzTests.corpus.filter { $0.count < 500 && !$0.contains(MLLPFrame.start) && !$0.contains(MLLPFrame.end) }
        let pairs = zip(messages, messages.dropFirst()).map { MLLPFrame.encode($0) + MLLPFrame.encode($1) }
        let small = [[], [0x41], [0x0D]].map { (message: [UInt8]) in MLLPFrame.encode(message) + MLLPFrame.encode([0x42]) }
        return pairs + small + [MLLPFrame.encode(Samples.merge) + MLLPFrame.encode(Samples.admission) + MLLPFrame.encode(Samples.merge)]
    }()

    private static let words = [
        "\u{B}", "\u{1C}", "\u{1C}\r", "\r", "\n", "\u{B}\u{B}", "\u{1C}\u{1C}", "\u{1C}\r\u{B}", "\u{1C}\u{B}", "\r\r\n", "stray", "\u{B}\u{1C}\r", "\u{0}",
    ]

    @Test func `damaged streams give what was framed, however they are cut`() {
        let mutator = StructureMutator(Self.streams, words: Self.words, bytesMax: 20_000, pieces: Self.pieces)
        var limits = HL7Limits()
        limits.messageBytesMax = Self.bytesMax
        limits.strayBytesMax = 200
        let faults = FuzzRun("mllp").faults { random, meter in
            let bytes = mutator.text(&random)
            var decoder = MLLPDecoder(limits: limits)
            let whole = meter.decode(bytes) { decoder.feed($0) + decoder.finish() }
            if whole.filter(Self.isFrame) != Self.framed(bytes, limits) { return "other frames than were sent" }
            var pieces: [MLLPDecoder.Event] = []
            var piecewise = MLLPDecoder(limits: limits)
            var rest = bytes[...]
            while !rest.isEmpty {
                let length = min(rest.count, random.oneIn(3) ? 1 + random.below(4) : 1 + random.below(700))
                pieces += piecewise.feed(rest.prefix(length))
                if piecewise.heldBytes > Self.bytesMax { return "more is held than the limit" }
                rest = rest.dropFirst(length)
            }
            pieces += piecewise.finish()
            if pieces.filter(Self.isFrame) != whole.filter(Self.isFrame) { return "another message by other cuts" }
            return Self.strayed(pieces) == Self.strayed(whole) ? nil : "other bytes passed over by other cuts"
        }
        #expect(faults == [])
    }

    private static func isFrame(_ event: MLLPDecoder.Event) -> Bool { if case .message = event { true } else { false } }

    private static func strayed(_ events: [MLLPDecoder.Event]) -> Int {
        events.reduce(0) { if case .passedOver(let count) = $1 { $0 + count } else { $0 } }
    }

    /// The rules once more, from the text of the specification: a message lies between a start block and an end block with its CR (or
    /// with the next start block), holds neither, and what else there is between frames is passed over until it is too much.
    private static func framed(_ bytes: [UInt8], _ limits: HL7Limits) -> [MLLPDecoder.Event] {
        var messages: [MLLPDecoder.Event] = []
        var rest = bytes[...]
        while let start = rest.firstIndex(of: MLLPFrame.start) {
            let stray = rest[..<start].count { $0 != 0x0D && $0 != 0x0A }
            guard stray <= limits.strayBytesMax else { return messages }
            rest = rest[start...].drop { $0 == MLLPFrame.start }
            let message = rest.prefix { $0 != MLLPFrame.start && $0 != MLLPFrame.end }
            guard message.count <= limits.messageBytesMax else { return messages }
            rest = rest.dropFirst(message.count)
            let past = rest.dropFirst()
            if rest.first == MLLPFrame.end, past.first == 0x0D || past.first == MLLPFrame.start {
                messages.append(.message(Array(message)))
                rest = past.first == 0x0D ? past.dropFirst() : past
            } else if rest.isEmpty || past.isEmpty && rest.first == MLLPFrame.end {
                return messages
            } else {
                // Refused: passed over until an end block with its CR, or with the next start block.
                let begin = past.startIndex
                guard let end = past.indices.dropLast().first(where: {
                    past[$0] == MLLPFrame.end && (past[$0 + 1] == 0x0D || past[$0 + 1] == MLLPFrame.start)
                }), end + 2 - begin <= limits.messageBytesMax else { return messages }
                rest = past[(past[end + 1] == 0x0D ? end + 2 : end + 1)...]
            }
        }
        return messages
    }
}
