import ExchangeCore

/// Writes a release as the file that `CodeTable` reads.
package enum CodeTableWriter {
    /// Names of one code kept at most, and bytes of one name.
    static let displaysMax = 32
    static let displayBytesMax = 4000

    /// The file's bytes.
    ///
    /// Refuses an empty release, codes without a name, and two rows of one code.
    package static func bytes(_ concepts: [Concept], label: ReleaseLabel) throws(ExchangeError) -> [UInt8] {
        guard !concepts.isEmpty else { throw ExchangeError(.badRequest, "the file has no codes") }
        var rows = concepts.map { (key: Array(CodeSystem.key($0.code, system: label.system).utf8), concept: $0) }
        rows.sort { $0.key.lexicographicallyPrecedes($1.key) }
        for (one, next) in zip(rows, rows.dropFirst()) where one.key == next.key {
            throw ExchangeError(.badRequest, "the code \(next.concept.code) stands twice in the file")
        }
        var body: [UInt8] = []
        append(UInt32(rows.count), to: &body)
        let from = label.from?.description ?? ""
        let until = label.until?.description ?? ""
        for part in [label.system, label.version, from, until, label.source, label.digest] { append(part, to: &body) }
        var text: [UInt8] = []
        let start = magicAndSumBytes + body.count + rows.count * 4
        for row in rows {
            guard start + text.count <= Int(UInt32.max) else { throw ExchangeError(.tooLarge, "the release is too large") }
            append(UInt32(start + text.count), to: &body)
            try append(row.key, row.concept, to: &text)
        }
        body += text
        var sum = sum(body)
        var bytes = CodeTable.magic
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: sum))
            sum >>= 8
        }
        return bytes + body
    }

    private static let magicAndSumBytes = 16

    /// FNV-1a over 64 bits: finds damage, not malice; whoever may write the folder may write a sum.
    static func sum(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    private static func append(_ key: [UInt8], _ concept: Concept, to text: inout [UInt8]) throws(ExchangeError) {
        guard (1...64).contains(concept.code.utf8.count), !key.isEmpty else {
            throw ExchangeError(.badRequest, "a code is 1 to 64 bytes long")
        }
        let displays = concept.displays.filter { !$0.isEmpty }.prefix(displaysMax)
        guard !displays.isEmpty else { throw ExchangeError(.badRequest, "the code \(concept.code) has no name") }
        text.append(UInt8(key.count))
        text += key
        append(concept.code, to: &text)
        text.append((concept.isSelectable ? CodeTable.selectable : 0) | (concept.isActive ? CodeTable.active : 0))
        append(concept.from?.number ?? 0, to: &text)
        append(concept.until?.number ?? 0, to: &text)
        text.append(UInt8(displays.count))
        for display in displays {
            let bytes = Array(display.utf8.prefix(displayBytesMax))
            text.append(UInt8(truncatingIfNeeded: bytes.count))
            text.append(UInt8(truncatingIfNeeded: bytes.count >> 8))
            text += bytes
        }
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(text.utf8.count))
        bytes += text.utf8
    }
}
