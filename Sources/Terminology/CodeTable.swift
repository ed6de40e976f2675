import ExchangeCore

/// One release as a sorted table: a code is found by halving, and nothing of the file is copied but the answer.
///
/// The file: eight bytes `HIECODE1`; FNV-1a (64 bit, little-endian) of all that follows; u32 count; six labels (u8 length and
/// UTF-8: system, version, from, until, source, digest); count offsets (u32) of rows sorted by their keys' bytes; rows of
/// u8 length and key, u8 length and code, u8 flags, u32 from, u32 until, u8 count of names, each u16 length and UTF-8.
package struct CodeTable: Sendable {
    /// Which release it holds.
    package let label: ReleaseLabel
    /// How many codes it has.
    package let count: Int
    private let store: any CodeTableStore
    private let offsets: Int

    static let magic = Array("HIECODE1".utf8)
    static let selectable: UInt8 = 1
    static let active: UInt8 = 2

    /// Opens a table; one that is damaged, of another kind or cut is refused as `corrupted`.
    package init(_ store: some CodeTableStore) throws(ExchangeError) {
        let opened = try store.withBytes { bytes throws(ExchangeError) -> (ReleaseLabel, Int, Int) in
            guard bytes.count >= 20, bytes.prefix(8).elementsEqual(Self.magic) else {
                throw ExchangeError(.corrupted, "not a code table; import the release again")
            }
            var reader = TableReader(bytes: bytes, at: 8)
            let sum = try reader.u64()
            guard CodeTableWriter.sum(bytes.dropFirst(16)) == sum else {
                throw ExchangeError(.corrupted, "the code table is damaged; import the release again")
            }
            let count = Int(try reader.u32())
            var parts: [String] = []
            for _ in 0..<6 { parts.append(try reader.text(length: Int(try reader.u8()))) }
            guard
                let label = ReleaseLabel(
                    system: parts[0], version: parts[1], from: ReleaseDay(parts[2]), until: ReleaseDay(parts[3]),
                    source: parts[4], digest: parts[5]), count <= (bytes.count - reader.at) / 4
            else { throw TableReader.damage }
            return (label, count, reader.at)
        }
        self.store = store
        (label, count, offsets) = opened
    }

    /// What the release says of a code, however it is spelled; nil when it has no such code.
    package func find(_ code: String) throws(ExchangeError) -> Concept? {
        let key = Array(CodeSystem.key(code, system: label.system).utf8)
        return try store.withBytes { bytes throws(ExchangeError) -> Concept? in
            var low = 0
            var high = count
            while low < high {
                let middle = (low + high) / 2
                var reader = TableReader(bytes: bytes, at: try row(middle, bytes))
                let found = try reader.bytes(length: Int(try reader.u8()))
                if found.elementsEqual(key) { return try reader.concept() }
                if found.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
            }
            return nil
        }
    }

    /// The codes that begin as this one does, in order; at most `limit`.
    package func below(_ code: String, limit: Int) throws(ExchangeError) -> [Concept] {
        let key = Array(CodeSystem.key(code, system: label.system).utf8)
        return try store.withBytes { bytes throws(ExchangeError) -> [Concept] in
            var low = 0
            var high = count
            while low < high {
                let middle = (low + high) / 2
                var reader = TableReader(bytes: bytes, at: try row(middle, bytes))
                let found = try reader.bytes(length: Int(try reader.u8()))
                if found.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
            }
            var concepts: [Concept] = []
            while low < count, concepts.count < limit {
                var reader = TableReader(bytes: bytes, at: try row(low, bytes))
                let found = try reader.bytes(length: Int(try reader.u8()))
                guard found.starts(with: key) else { break }
                if found.count > key.count { concepts.append(try reader.concept()) }
                low += 1
            }
            return concepts
        }
    }

    /// The codes in order whose code begins with, or whose names hold, every word of a filter; all of them without one.
    ///
    /// - Returns: how many there are, and those from `offset` on, at most `limit`.
    package func search(_ filter: String, offset: Int, limit: Int, onlyActive: Bool = false)
        throws(ExchangeError) -> (total: Int, concepts: [Concept])
    {
        let words = filter.lowercased().split(whereSeparator: \.isWhitespace).prefix(16).map { Array($0.utf8) }
        let key = Array(CodeSystem.key(filter.uppercased(), system: label.system).utf8)
        return try store.withBytes { bytes throws(ExchangeError) -> (total: Int, concepts: [Concept]) in
            var total = 0
            var concepts: [Concept] = []
            for number in 0..<count {
                var reader = TableReader(bytes: bytes, at: try row(number, bytes))
                let found = try reader.bytes(length: Int(try reader.u8()))
                let isNamed = !key.isEmpty && found.starts(with: key)
                let concept = try reader.concept()
                guard !onlyActive || concept.isActive, isNamed || Self.holds(concept, words) else { continue }
                if total >= offset, concepts.count < limit { concepts.append(concept) }
                total += 1
            }
            return (total, concepts)
        }
    }

    private static func holds(_ concept: Concept, _ words: [[UInt8]]) -> Bool {
        guard !words.isEmpty else { return true }
        return concept.displays.contains { display in
            let name = Array(display.lowercased().utf8)
            return words.allSatisfy { word in
                name.count >= word.count && (0...name.count - word.count).contains { name[$0...].starts(with: word) }
            }
        }
    }

    private func row(_ number: Int, _ bytes: UnsafeRawBufferPointer) throws(ExchangeError) -> Int {
        var reader = TableReader(bytes: bytes, at: offsets + number * 4)
        return Int(try reader.u32())
    }
}

/// Reads a table's bytes without ever leaving them.
private struct TableReader {
    let bytes: UnsafeRawBufferPointer
    var at: Int

    static let damage = ExchangeError(.corrupted, "the code table is damaged; import the release again")

    mutating func bytes(length: Int) throws(ExchangeError) -> UnsafeRawBufferPointer {
        guard at >= 0, length >= 0, at <= bytes.count - length else { throw Self.damage }
        defer { at += length }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + length])
    }

    mutating func number(_ length: Int) throws(ExchangeError) -> UInt64 {
        try bytes(length: length).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func u8() throws(ExchangeError) -> UInt8 { UInt8(try number(1)) }
    mutating func u32() throws(ExchangeError) -> UInt32 { UInt32(try number(4)) }
    mutating func u64() throws(ExchangeError) -> UInt64 { try number(8) }

    mutating func text(length: Int) throws(ExchangeError) -> String {
        String(decoding: try bytes(length: length), as: UTF8.self)
    }

    /// The rest of a row, behind its key.
    mutating func concept() throws(ExchangeError) -> Concept {
        let code = try text(length: Int(try u8()))
        let flags = try u8()
        let from = ReleaseDay(number: try u32())
        let until = ReleaseDay(number: try u32())
        var displays: [String] = []
        for _ in 0..<(try u8()) { displays.append(try text(length: Int(try number(2)))) }
        return Concept(
            code: code, displays: displays, isSelectable: flags & CodeTable.selectable != 0,
            isActive: flags & CodeTable.active != 0, from: from, until: until)
    }
}
