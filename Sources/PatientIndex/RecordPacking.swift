import ExchangeCore

extension PackedRecord {
    /// Normalises and packs a registration; what is not usable is left out, nothing is refused.
    package init(_ demographics: Demographics, identifiers: [PatientIdentifier] = []) {
        self.init(NormalizedPerson(demographics, identifiers: identifiers))
    }

    init(_ person: NormalizedPerson) {
        var head = [UInt8](repeating: 0, count: RecordView.headBytes)
        var body: [UInt8] = []
        body.reserveCapacity(192)
        func words(_ values: [UInt64], _ at: Int) {
            head[at] = UInt8(values.count)
            for value in values { Self.append(value, 8, to: &body) }
        }
        func halves(_ values: [UInt32], _ at: Int) {
            head[at] = UInt8(values.count)
            for value in values { Self.append(UInt64(value), 4, to: &body) }
        }
        let date = Self.number(person.birthDate ?? [])
        for index in 0..<4 { head[index] = UInt8(truncatingIfNeeded: date >> UInt32(8 * index)) }
        head[4] = person.sex == .male ? 1 : person.sex == .female ? 2 : 0
        head[5] = person.hasPlaceholderName ? 1 : 0
        let identifiers = person.identifiers
        words(person.phones.map { StableHash.word($0.utf8) }.sorted(), 7)
        words(person.emails.map { StableHash.word($0.utf8) }.sorted(), 8)
        words(
            Self.distinct(
                person.addresses.flatMap { [$0.street, $0.estate].compactMap(\.self) }.map { StableHash.word($0.utf8) }), 9)
        words(Self.distinct(identifiers.insurance), 10)
        words(Self.distinct(identifiers.singleWords), 11)
        words(
            Self.distinct(
                identifiers.assigned.map { StableHash.word($0.value.utf8, seed: StableHash.word($0.system.utf8)) }), 12)
        halves(Self.distinct(person.addresses.compactMap(\.postalCode).map { Self.short($0.utf8) }), 13)
        halves(Self.distinct(person.addresses.compactMap(\.city).map { Self.short($0.utf8) }), 14)
        halves(identifiers.socialSecurityWords, 15)
        head[16] = Self.version
        var names = 0
        for name in person.names.prefix(6) {
            let packed = Self.pack(name)
            guard head.count + body.count + packed.count <= Self.bytesMax else { break }
            body += packed
            names += 1
        }
        head[6] = UInt8(names)
        let total = head.count + body.count
        head[18] = UInt8(total & 0xFF)
        head[19] = UInt8(total >> 8)
        self.init(checked: head + body)
    }

    private static func pack(_ name: NormalizedName) -> [UInt8] {
        let first = name.first.prefix(64)
        let family = name.family.prefix(64)
        let familyTokens = name.familyTokens.prefix(6)
        let givenTokens = name.givenTokens.prefix(6)
        let classes = Nicknames.classes(name.first).prefix(16)
        var packed: [UInt8] = [
            0, 0, name.suffixCode, name.middleInitial ?? 0, UInt8(first.count), UInt8(family.count),
            UInt8(familyTokens.count << 4 | givenTokens.count), UInt8(classes.count),
        ]
        append(UInt64(short(first)), 4, to: &packed)
        append(UInt64(short(family)), 4, to: &packed)
        packed += first
        packed += family
        for token in familyTokens + givenTokens {
            let bytes = token.prefix(64)
            packed.append(UInt8(bytes.count))
            packed += bytes
        }
        for number in classes { append(UInt64(number), 4, to: &packed) }
        packed[0] = UInt8(packed.count & 0xFF)
        packed[1] = UInt8(packed.count >> 8)
        return packed
    }

    /// The hash under which a name's frequency is counted.
    static func short(_ bytes: some Sequence<UInt8>) -> UInt32 {
        UInt32(truncatingIfNeeded: StableHash.word(bytes) >> 32)
    }

    /// Digits as a number, `yyyymmdd`; what is unknown is 0.
    private static func number(_ digits: [UInt8]) -> UInt32 {
        guard digits.count == 8 || digits.count == 6 || digits.count == 4,
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return 0 }
        let known = digits.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 0x30) }
        return digits.count == 8 ? known : digits.count == 6 ? known * 100 : known * 10000
    }

    private static func append(_ value: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    private static func distinct<Value: Hashable & Comparable>(_ values: [Value]) -> [Value] {
        Array(Set(values)).sorted().prefix(12).map(\.self)
    }
}
