import ExchangeCore

/// Keys under which a record is filed so that registrations of the same person meet: keyed hashes of 64 bits.
///
/// No key is made with a part that is missing or a placeholder: it would file strangers together.
package enum BlockingKey {
    /// Keys of one registration at most.
    package static let keysMax = 64

    /// The postings of one key that are read; a key with more is skipped and counted.
    package static let postingsMax = 400

    /// Values that are a key by themselves, so that who shares them can be counted.
    enum ValueKind: UInt64 {
        case phone = 2
        case email = 3
        case single = 4
        case socialSecurity = 5

        /// How many different birth dates the value may stand beside and still say something: a household has some members,
        /// and dates are mistyped; of a number of one's own nearly all of them are slips.
        var birthDatesMax: Int {
            switch self {
            case .phone: 12
            case .email: 8
            case .single, .socialSecurity: 4
            }
        }
    }

    /// The key of an authority's record number.
    static func key(assigned: UInt64, _ secret: IndexSecret) -> UInt64 { secret.hash(1 << 56 ^ assigned, 0) }

    /// The key of a value.
    static func key(_ kind: ValueKind, _ value: UInt64, _ secret: IndexSecret) -> UInt64 {
        secret.hash(kind.rawValue << 56 ^ value, 0)
    }

    /// Which keys are read when.
    package enum Reach: CaseIterable {
        /// What a registration of the same person nearly always shares.
        case near
        /// What is left when several things were written wrongly; read only when nobody near is certain.
        case far
    }

    /// All keys of a packed record, each once, sorted: what it is filed under.
    package static func keys(of record: RecordView, secret: IndexSecret) -> [UInt64] {
        distinct(near(record, secret) + far(record, secret), keysMax)
    }

    /// The keys of a packed record that reach so far, each once, sorted.
    package static func keys(of record: RecordView, reach: Reach, secret: IndexSecret) -> [UInt64] {
        switch reach {
        case .near: distinct(near(record, secret), keysMax)
        case .far: distinct(far(record, secret), keysMax)
        }
    }

    private static func distinct(_ keys: [UInt64], _ count: Int) -> [UInt64] {
        let sorted = keys.sorted()
        var distinct: [UInt64] = []
        distinct.reserveCapacity(sorted.count)
        for key in sorted where key != distinct.last && distinct.count < count { distinct.append(key) }
        return distinct
    }

    private static func far(_ record: RecordView, _ secret: IndexSecret) -> [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(8)
        func add(_ kind: UInt64, _ first: UInt64, _ second: UInt64) { keys.append(secret.hash(kind << 56 ^ first, second)) }
        if let day = day(record) {
            for index in 0..<record.streets.count { add(17, record.streets[index], day) }
            for index in 0..<record.cities.count { add(18, UInt64(record.cities[index]), day) }
        }
        guard let name = record.firstName else { return keys }
        // The same for swapped names.
        for sound in [sound(name.first), sound(name.family)] where sound != 0 {
            for index in 0..<record.postalCodes.count { add(19, sound, UInt64(record.postalCodes[index])) }
            for index in 0..<record.streets.count { add(20, sound, record.streets[index]) }
            for index in 0..<record.socialSecurity.count {
                let number = record.socialSecurity[index]
                add(21, sound, UInt64(number & 0x7FFF_FFFF) % 10000)
                if number >> 31 == 0 { add(22, sound, UInt64(number) / 10000) }
            }
        }
        return keys
    }

    private static func day(_ record: RecordView) -> UInt64? {
        record.birthDate % 100 == 0 ? nil : UInt64(record.birthDate)
    }

    private static func near(_ record: RecordView, _ secret: IndexSecret) -> [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(32)
        func add(_ kind: UInt64, _ first: UInt64, _ second: UInt64 = 0) {
            keys.append(secret.hash(kind << 56 ^ first, second))
        }
        for index in 0..<record.assigned.count { keys.append(key(assigned: record.assigned[index], secret)) }
        for index in 0..<record.phones.count { keys.append(key(.phone, record.phones[index], secret)) }
        for index in 0..<record.emails.count { keys.append(key(.email, record.emails[index], secret)) }
        for index in 0..<record.singles.count { keys.append(key(.single, record.singles[index], secret)) }
        let day = day(record)
        let numbers = record.socialSecurity
        for index in 0..<numbers.count {
            let digits = UInt64(numbers[index] & 0x7FFF_FFFF)
            if numbers[index] >> 31 == 0 { keys.append(key(.socialSecurity, digits, secret)) }
            if let day { add(6, digits % 10000, day) }
        }
        let codes = record.postalCodes
        if let day { for index in 0..<codes.count { add(7, UInt64(codes[index]), day) } }
        var next = record.firstName
        while let name = next {
            addName(name, record, day, add)
            next = record.name(after: name)
        }
        return keys
    }

    private static func addName(
        _ name: NameView, _ record: RecordView, _ day: UInt64?, _ add: (UInt64, UInt64, UInt64) -> Void,
    ) {
        let family = sound(name.family)
        let first = sound(name.first)
        if let day {
            var sounds: [UInt64] = [family, first]
            _ = name.familyTokens.contains {
                sounds.append(sound($0))
                return false
            }
            _ = name.givenTokens.contains {
                sounds.append(sound($0))
                return false
            }
            for sound in Set(sounds) where sound != 0 { add(8, sound, day) }
            for index in 0..<name.nicknames.count { add(9, UInt64(name.nicknames[index]), day) }
        }
        for index in 0..<record.insurance.count where first != 0 { add(10, record.insurance[index] | 0xFF, first) }
        for index in 0..<record.streets.count where first != 0 {
            for place in 0..<record.postalCodes.count {
                add(11, record.streets[index] ^ UInt64(record.postalCodes[place]), first)
            }
        }
        guard first != 0, family != 0 else { return }
        // The same for swapped names.
        let pair = first &+ family
        for index in 0..<record.postalCodes.count { add(12, pair, UInt64(record.postalCodes[index])) }
        for index in 0..<record.cities.count { add(13, pair, UInt64(record.cities[index])) }
        let four = record.socialSecurity
        for index in 0..<four.count { add(14, pair, UInt64(four[index] & 0x7FFF_FFFF) % 10000) }
        if let day {
            add(15, pair, day / 10000)
            add(16, pair, day % 10000)
        }
    }

    /// A name's sound packed into a word; 0 for an initial and for nothing.
    private static func sound(_ name: ByteRun) -> UInt64 {
        guard name.count > 1 else { return 0 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.count)
        for index in 0..<name.count { bytes.append(name[index]) }
        return StableHash.word(Phonetic.code(bytes))
    }
}
