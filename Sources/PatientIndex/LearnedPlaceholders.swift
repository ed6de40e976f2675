/// Values that stand on the registrations of so many different people that they name nobody: a clinic's own telephone, a
/// number that is typed in for want of one.
///
/// Rules know many of them beforehand (`NormalizedIdentifiers`, `NormalizedPerson`); the rest is learnt as registrations are
/// filed, by how many different birth dates a value stands beside. From then on it counts as missing in every comparison and
/// finds nobody; what was decided before stays decided. Kept as keyed hashes: it tells nothing of what the values are.
package struct LearnedPlaceholders: Sendable {
    /// Values that are kept at the most.
    package static let countMax = 100_000

    private let secret: IndexSecret
    private var keys: Set<UInt64> = []

    /// None learnt yet.
    ///
    /// - Parameter secret: the index's own.
    package init(secret: IndexSecret) { self.secret = secret }

    /// None, of no index.
    package static let none = LearnedPlaceholders(secret: IndexSecret([]))

    /// Whether none was learnt.
    package var isEmpty: Bool { keys.isEmpty }

    /// How many were learnt.
    package var count: Int { keys.count }

    /// Their keys in order.
    var sorted: [UInt64] { keys.sorted() }

    /// Takes a key for a placeholder's from now on; false when it was one already, or too many are known.
    @discardableResult
    package mutating func learn(_ key: UInt64) -> Bool {
        guard keys.count < Self.countMax else { return false }
        return keys.insert(key).inserted
    }

    /// Whether a blocking key is a placeholder's.
    package func contains(_ key: UInt64) -> Bool { !keys.isEmpty && keys.contains(key) }

    /// Whether a value is a placeholder.
    func holds(_ kind: BlockingKey.ValueKind, _ value: UInt64) -> Bool {
        !keys.isEmpty && keys.contains(BlockingKey.key(kind, value, secret))
    }

    /// The keys of the values of a record that can be learnt, each with how many different birth dates it may stand beside.
    package static func values(of record: RecordView, secret: IndexSecret) -> [(key: UInt64, limit: Int)] {
        var values: [(key: UInt64, limit: Int)] = []
        func add(_ kind: BlockingKey.ValueKind, _ value: UInt64) {
            values.append((BlockingKey.key(kind, value, secret), kind.birthDatesMax))
        }
        for index in 0..<record.phones.count { add(.phone, record.phones[index]) }
        for index in 0..<record.emails.count { add(.email, record.emails[index]) }
        for index in 0..<record.singles.count { add(.single, record.singles[index]) }
        for index in 0..<record.socialSecurity.count where record.socialSecurity[index] >> 31 == 0 {
            add(.socialSecurity, UInt64(record.socialSecurity[index]))
        }
        return values
    }

    /// Which of a person's values are no placeholders, as a bit each.
    func real(_ kind: BlockingKey.ValueKind, count: Int, _ value: (Int) -> UInt64) -> UInt32 {
        guard !keys.isEmpty else { return .max }
        var real: UInt32 = 0
        for index in 0..<count where !holds(kind, value(index)) { real |= 1 << UInt32(index) }
        return real
    }
}

/// Different birth dates met so far, up to more than a limit.
package struct BirthDateCount {
    private var met: [UInt32] = []
    private let limit: Int

    /// None met.
    package init(limit: Int) { self.limit = limit }

    /// Whether more than the limit were met.
    package var isOver: Bool { met.count > limit }

    /// Counts a record's birth date; one that is missing does not count.
    package mutating func add(_ record: RecordView) {
        let date = record.birthDate
        if date != 0, !isOver, !met.contains(date) { met.append(date) }
    }
}
