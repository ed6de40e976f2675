/// A registration as matching compares it, normalised once and packed into bytes that the hot loop reads in place.
///
/// Layout, little-endian: a head of 20 bytes, then lists of 8-byte values (telephones, e-mails, streets, insurance,
/// single identifiers, assigned identifiers), of 4-byte values (postal codes, cities, social security numbers), then
/// names. Values that are only ever compared for equality are hashes; it never leaves the node.
package struct PackedRecord: Hashable, Sendable {
    /// The packed form; at most `bytesMax`.
    package let bytes: [UInt8]

    /// The largest packed form.
    package static let bytesMax = 4096

    /// The version of the layout and of the rules of normalisation: another one is packed again.
    package static let version: UInt8 = 3

    /// Takes packed bytes back; nil when they are not of this version or cut.
    package init?(bytes: [UInt8]) {
        guard bytes.count >= RecordView.headBytes, bytes[16] == Self.version,
            Int(bytes[18]) | Int(bytes[19]) << 8 == bytes.count
        else { return nil }
        self.bytes = bytes
    }

    init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the record in place.
    package func read<Value>(_ body: (RecordView) throws -> Value) rethrows -> Value {
        try bytes.withUnsafeBytes { try body(RecordView($0)) }
    }
}

/// A packed record read in place; valid only while the bytes are.
package struct RecordView {
    static let headBytes = 20

    let base: UnsafeRawBufferPointer

    init(_ base: UnsafeRawBufferPointer) { self.base = base }

    @inline(__always) func byte(_ at: Int) -> Int { Int(base[at]) }

    @inline(__always) func word(_ at: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    @inline(__always) func half(_ at: Int) -> UInt32 {
        UInt32(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    }

    /// `yyyymmdd` as a number; 0 when missing, month or day 0 when unknown.
    package var birthDate: UInt32 { half(0) }
    /// 0 missing, 1 male, 2 female.
    var sex: Int { byte(4) }
    /// The name given names a situation, not a person.
    var hasPlaceholderName: Bool { byte(5) & 1 != 0 }
    var nameCount: Int { byte(6) }
    var phones: WordList { WordList(self, at: Self.headBytes, count: byte(7)) }
    var emails: WordList { WordList(self, at: phones.end, count: byte(8)) }
    var streets: WordList { WordList(self, at: emails.end, count: byte(9)) }
    /// The subscriber's hash, its last byte replaced by the dependent's number or 255.
    var insurance: WordList { WordList(self, at: streets.end, count: byte(10)) }
    /// The system's hash in the upper 16 bits, the value's below.
    var singles: WordList { WordList(self, at: insurance.end, count: byte(11)) }
    var assigned: WordList { WordList(self, at: singles.end, count: byte(12)) }
    var postalCodes: HalfList { HalfList(self, at: assigned.end, count: byte(13)) }
    var cities: HalfList { HalfList(self, at: postalCodes.end, count: byte(14)) }
    /// Nine digits, or four of which bit 31 tells.
    var socialSecurity: HalfList { HalfList(self, at: cities.end, count: byte(15)) }
    var firstName: NameView? { nameCount == 0 ? nil : NameView(self, at: socialSecurity.end) }

    /// Whether another name follows one.
    func name(after name: NameView) -> NameView? {
        let next = name.at + name.length
        return next < base.count ? NameView(self, at: next) : nil
    }
}

/// A list of 8-byte values in a packed record.
struct WordList: Sequence {
    let view: RecordView
    let at: Int
    let count: Int

    init(_ view: RecordView, at: Int, count: Int) {
        self.view = view
        self.at = at
        self.count = count
    }

    var end: Int { at + 8 * count }
    var isEmpty: Bool { count == 0 }
    @inline(__always) subscript(index: Int) -> UInt64 { view.word(at + 8 * index) }

    func makeIterator() -> AnyIterator<UInt64> {
        var index = 0
        return AnyIterator {
            guard index < count else { return nil }
            defer { index += 1 }
            return self[index]
        }
    }

    /// Whether the lists have a value in common.
    @inline(__always) func meets(_ other: WordList) -> Bool {
        for i in 0..<count {
            for j in 0..<other.count where self[i] == other[j] { return true }
        }
        return false
    }
}

/// A list of 4-byte values in a packed record.
struct HalfList {
    let view: RecordView
    let at: Int
    let count: Int

    init(_ view: RecordView, at: Int, count: Int) {
        self.view = view
        self.at = at
        self.count = count
    }

    var end: Int { at + 4 * count }
    var isEmpty: Bool { count == 0 }
    @inline(__always) subscript(index: Int) -> UInt32 { view.half(at + 4 * index) }

    @inline(__always) func meets(_ other: HalfList) -> Bool {
        for i in 0..<count {
            for j in 0..<other.count where self[i] == other[j] { return true }
        }
        return false
    }
}

/// One name in a packed record: 16 bytes of head, then first name, family name, tokens and nickname classes.
struct NameView {
    static let headBytes = 16

    let view: RecordView
    let at: Int

    init(_ view: RecordView, at: Int) {
        self.view = view
        self.at = at
    }

    var length: Int { view.byte(at) | view.byte(at + 1) << 8 }
    /// `SuffixCode`; 0 missing.
    var suffix: Int { view.byte(at + 2) }
    /// The letter; 0 missing.
    var middle: Int { view.byte(at + 3) }
    var firstCount: Int { view.byte(at + 4) }
    var familyCount: Int { view.byte(at + 5) }
    /// Hash of the first name, for its frequency.
    var firstHash: UInt32 { view.half(at + 8) }
    var familyHash: UInt32 { view.half(at + 12) }
    var first: ByteRun { ByteRun(view, at: at + Self.headBytes, count: firstCount) }
    var family: ByteRun { ByteRun(view, at: at + Self.headBytes + firstCount, count: familyCount) }
    var familyTokens: TokenList {
        TokenList(view, at: at + Self.headBytes + firstCount + familyCount, count: view.byte(at + 6) >> 4)
    }
    var givenTokens: TokenList { TokenList(view, at: familyTokens.end, count: view.byte(at + 6) & 15) }
    var nicknames: HalfList { HalfList(view, at: givenTokens.end, count: view.byte(at + 7)) }
}

/// Bytes in a packed record.
struct ByteRun {
    let view: RecordView
    let at: Int
    let count: Int

    init(_ view: RecordView, at: Int, count: Int) {
        self.view = view
        self.at = at
        self.count = count
    }

    @inline(__always) subscript(index: Int) -> UInt8 { view.base[at + index] }

    @inline(__always) static func == (left: Self, right: Self) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left[index] != right[index] { return false }
        return true
    }
}

/// Tokens of a name in a packed record, each its length and its bytes.
struct TokenList {
    let view: RecordView
    let at: Int
    let count: Int
    let end: Int

    init(_ view: RecordView, at: Int, count: Int) {
        self.view = view
        self.at = at
        self.count = count
        var end = at
        for _ in 0..<count { end += 1 + view.byte(end) }
        self.end = end
    }

    /// Calls with each token until one call is true; whether one was.
    @inline(__always) func contains(where body: (ByteRun) -> Bool) -> Bool {
        var place = at
        for _ in 0..<count {
            let run = ByteRun(view, at: place + 1, count: view.byte(place))
            if body(run) { return true }
            place = run.at + run.count
        }
        return false
    }

    /// Whether the token is among them.
    @inline(__always) func contains(_ token: ByteRun) -> Bool { contains { $0 == token } }

    /// The second of them.
    var second: ByteRun? {
        guard count > 1, let first else { return nil }
        let place = first.at + first.count
        return ByteRun(view, at: place + 1, count: view.byte(place))
    }

    /// The first of them.
    var first: ByteRun? { count == 0 ? nil : ByteRun(view, at: at + 1, count: view.byte(at)) }
}
