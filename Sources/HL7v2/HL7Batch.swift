/// A file or batch of messages: FHS, BHS, messages, BTS, FTS, each of the four optional (HL7 v2.8, 2.10.3).
package struct HL7Batch: Sendable {
    /// The messages, each read or refused by itself: one bad message does not spoil the others.
    package let messages: [Result<HL7Message, HL7Error>]
    /// The bytes of each, in the same order.
    package let texts: [[UInt8]]
    /// FHS, BHS, BTS and FTS as they stand, in order.
    package let envelopes: [[UInt8]]
    /// What the trailers say that is not so.
    package let problems: [HL7Error]

    /// Whether bytes are a batch rather than one message: an envelope, or more than one MSH.
    package static func isBatch(_ bytes: [UInt8]) -> Bool {
        var headers = 0
        for line in Lines(bytes) {
            if line.starts(with: Array("FHS".utf8)) || line.starts(with: Array("BHS".utf8)) { return true }
            if line.starts(with: Array("MSH".utf8)) { headers += 1 }
            if headers > 1 { return true }
        }
        return false
    }

    /// Reads a batch; throws when it is none, or when a limit is crossed.
    package static func read(
        _ bytes: [UInt8], limits: HL7Limits = HL7Limits(), otherwise: HL7CharacterSet? = nil,
    ) throws(HL7Error) -> HL7Batch {
        guard bytes.count <= limits.batchBytesMax else {
            throw HL7Error(.segmentSequence, "the batch is longer than \(limits.batchBytesMax) bytes")
        }
        var texts: [[UInt8]] = []
        var envelopes: [[UInt8]] = []
        var problems: [HL7Error] = []
        var inBatch = 0
        var batches = 0
        var isOpen = false
        for line in Lines(bytes) {
            let name = line.prefix(3)
            if name.elementsEqual("MSH".utf8) {
                guard texts.count < limits.messagesPerBatchMax else {
                    throw HL7Error(.segmentSequence, "more than \(limits.messagesPerBatchMax) messages")
                }
                texts.append(line + [0x0D])
                inBatch += 1
                isOpen = true
            } else if ["FHS", "BHS", "BTS", "FTS"].contains(where: { name.elementsEqual($0.utf8) }) {
                envelopes.append(Array(line))
                isOpen = false
                if name.elementsEqual("BHS".utf8) {
                    inBatch = 0
                    batches += 1
                }
                if let stated = Self.count(line) {
                    let isFile = name.elementsEqual("FTS".utf8)
                    if stated != (isFile ? max(batches, 1) : inBatch) {
                        problems.append(
                            HL7Error(
                                .applicationError,
                                isFile ? "the file's count of batches is wrong" : "the batch's count of messages is wrong",
                                at: HL7Position(isFile ? "FTS" : "BTS", field: 1)))
                    }
                }
            } else if isOpen {
                texts[texts.count - 1] += line + [0x0D]
            } else {
                throw HL7Error(.segmentSequence, "a segment that belongs to no message", at: HL7Position("MSH"))
            }
        }
        guard !texts.isEmpty else { throw HL7Error(.segmentSequence, "the batch has no message", at: HL7Position("MSH")) }
        let messages = texts.map { text in
            Result { () throws(HL7Error) in try MessageReader.read(text, limits: limits, otherwise: otherwise) }
        }
        return HL7Batch(messages: messages, texts: texts, envelopes: envelopes, problems: problems)
    }

    /// BTS-1 or FTS-1; nil in other segments and where it is empty. Their separator is taken from the line itself.
    private static func count(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.count > 4, line.prefix(3).elementsEqual("BTS".utf8) || line.prefix(3).elementsEqual("FTS".utf8) else {
            return nil
        }
        let separator = line[line.startIndex + 3]
        return Int(String(decoding: line.dropFirst(4).prefix { $0 != separator }, as: UTF8.self))
    }
}

/// Lines that end with CR, LF or both; empty ones left out. An LF ends a line only where the first line ends with it.
private struct Lines: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private let lineFeedEnds: Bool
    private var at = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        at = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let first = bytes.firstIndex { $0 == 0x0D || $0 == 0x0A }
        lineFeedEnds = first.map { bytes[$0] == 0x0A || $0 + 1 < bytes.count && bytes[$0 + 1] == 0x0A } ?? false
    }

    mutating func next() -> ArraySlice<UInt8>? {
        while at < bytes.count, bytes[at] == 0x0D || bytes[at] == 0x0A { at += 1 }
        guard at < bytes.count else { return nil }
        let start = at
        while at < bytes.count, bytes[at] != 0x0D, !(lineFeedEnds && bytes[at] == 0x0A) { at += 1 }
        return bytes[start..<at]
    }
}
