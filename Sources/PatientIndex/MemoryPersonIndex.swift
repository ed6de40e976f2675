/// An index in memory: for loading many records at once, for simulation, and for tests.
///
/// Records lie one after another in blocks of bytes; postings and members are chains of numbers. About 420 bytes a
/// record, the keys included; nothing large is copied while it grows.
package final class MemoryPersonIndex: PersonIndex {
    package private(set) var names = NameFrequencies()
    package private(set) var placeholders: LearnedPlaceholders
    package let secret: IndexSecret
    /// What is worth how much.
    package let model: MatchModel
    private var arena = RecordArena()
    private var personOfRecord: [PersonNumber] = []
    private var nextInPerson: [UInt32] = []
    private var firstOfPerson: [UInt32] = []
    private var lastOfPerson: [UInt32] = []
    private var postings = KeyPostings()
    private var different: [PersonNumber: Set<PersonNumber>] = [:]
    private static let none = UInt32.max

    /// An empty index.
    ///
    /// - Parameter placeholders: what was learnt before, under the same secret.
    package init(secret: IndexSecret, model: MatchModel = .initial, placeholders: LearnedPlaceholders? = nil) {
        self.secret = secret
        self.model = model
        self.placeholders = placeholders ?? LearnedPlaceholders(secret: secret)
    }

    /// Records filed so far.
    package var recordCount: Int { personOfRecord.count }

    /// Numbers given to persons so far; those that were merged into others are among them, without records.
    package var personCount: Int { firstOfPerson.count }

    /// Files a record under a person; nil for a new one, which gets the next number.
    @discardableResult
    package func add(_ record: PackedRecord, to person: PersonNumber?) -> (record: UInt32, person: PersonNumber)
    {
        let number = UInt32(personOfRecord.count)
        arena.add(record.bytes)
        nextInPerson.append(Self.none)
        let owner: PersonNumber
        if let person {
            owner = person
            nextInPerson[Int(lastOfPerson[Int(person)])] = number
            lastOfPerson[Int(person)] = number
        } else {
            owner = PersonNumber(firstOfPerson.count)
            firstOfPerson.append(number)
            lastOfPerson.append(number)
        }
        personOfRecord.append(owner)
        record.read { view in
            names.count(view)
            for key in BlockingKey.keys(of: view, secret: secret) { postings.add(key, number) }
            for value in LearnedPlaceholders.values(of: view, secret: secret) { learn(value.key, limit: value.limit) }
        }
        return (number, owner)
    }

    private func learn(_ key: UInt64, limit: Int) {
        guard postings.count(under: key) > limit, !placeholders.contains(key) else { return }
        var dates = BirthDateCount(limit: limit)
        _ = postings.records(under: key, limit: .max) { number in read(number) { dates.add($0) } }
        if dates.isOver { placeholders.learn(key) }
    }

    /// Gives all records of one person to another.
    package func merge(_ loser: PersonNumber, into winner: PersonNumber) {
        guard loser != winner, firstOfPerson[Int(loser)] != Self.none else { return }
        nextInPerson[Int(lastOfPerson[Int(winner)])] = firstOfPerson[Int(loser)]
        lastOfPerson[Int(winner)] = lastOfPerson[Int(loser)]
        var record = firstOfPerson[Int(loser)]
        while record != Self.none {
            personOfRecord[Int(record)] = winner
            record = nextInPerson[Int(record)]
        }
        firstOfPerson[Int(loser)] = Self.none
        for other in different.removeValue(forKey: loser) ?? [] {
            different[other]?.remove(loser)
            keepApart(winner, other)
        }
    }

    /// Two persons are never to be linked.
    package func keepApart(_ one: PersonNumber, _ other: PersonNumber) {
        different[one, default: []].insert(other)
        different[other, default: []].insert(one)
    }

    /// Whose a record is.
    package func person(of record: UInt32) -> PersonNumber { personOfRecord[Int(record)] }

    /// A person's records, in order of arrival within what was merged.
    package func members(of person: PersonNumber) -> [UInt32] {
        var members: [UInt32] = []
        var record = firstOfPerson[Int(person)]
        while record != Self.none {
            members.append(record)
            record = nextInPerson[Int(record)]
        }
        return members
    }

    /// The first record that carries a record number of an authority, by the number's hash (`PackedRecord`).
    package func record(assigned: UInt64) -> UInt32? {
        var found: UInt32?
        _ = postings.records(under: BlockingKey.key(assigned: assigned, secret), limit: .max) { number in
            if read(number, { view in view.assigned.contains(assigned) }) { found = min(found ?? number, number) }
        }
        return found
    }

    /// Reads one record in place.
    package func read<Value>(_ record: UInt32, _ body: (RecordView) throws -> Value) rethrows -> Value {
        try arena.read(record, body)
    }

    package func persons(under key: UInt64, _ body: (PersonNumber) -> Void) -> Bool {
        postings.records(under: key, limit: BlockingKey.postingsMax) { body(personOfRecord[Int($0)]) }
    }

    package func records(of person: PersonNumber, _ body: (RecordView) -> Bool) {
        var record = firstOfPerson[Int(person)]
        while record != Self.none {
            if !arena.read(record, body) { return }
            record = nextInPerson[Int(record)]
        }
    }

    package func areAsserted(different one: PersonNumber, _ other: PersonNumber) -> Bool {
        different[one]?.contains(other) ?? false
    }
}
