/// An index in memory: for loading many records at once, for simulation, and for tests.
///
/// Records lie one after another in one array of bytes; postings and members are chains of numbers. About 420 bytes a
/// record, the keys included.
package final class MemoryPersonIndex: PersonIndex {
    package private(set) var names = NameFrequencies()
    package let secret: IndexSecret
    /// What is worth how much.
    package let model: MatchModel
    private var arena: [UInt8] = []
    private var starts: [UInt64] = [0]
    private var personOfRecord: [PersonNumber] = []
    private var nextInPerson: [UInt32] = []
    private var firstOfPerson: [UInt32] = []
    private var lastOfPerson: [UInt32] = []
    private var postings = KeyPostings()
    private var different: [PersonNumber: Set<PersonNumber>] = [:]
    private static let none = UInt32.max

    /// An empty index.
    package init(secret: IndexSecret, model: MatchModel = .initial) {
        self.secret = secret
        self.model = model
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
        arena += record.bytes
        starts.append(UInt64(arena.count))
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
        }
        return (number, owner)
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

    /// Reads one record in place.
    package func read<Value>(_ record: UInt32, _ body: (RecordView) throws -> Value) rethrows -> Value {
        try arena.withUnsafeBytes { all in
            let range = Int(starts[Int(record)])..<Int(starts[Int(record) + 1])
            return try body(RecordView(UnsafeRawBufferPointer(rebasing: all[range])))
        }
    }

    package func persons(under key: UInt64, _ body: (PersonNumber) -> Void) -> Bool {
        postings.records(under: key, limit: BlockingKey.postingsMax) { body(personOfRecord[Int($0)]) }
    }

    package func records(of person: PersonNumber, _ body: (RecordView) -> Bool) {
        arena.withUnsafeBytes { all in
            var record = firstOfPerson[Int(person)]
            while record != Self.none {
                let range = Int(starts[Int(record)])..<Int(starts[Int(record) + 1])
                if !body(RecordView(UnsafeRawBufferPointer(rebasing: all[range]))) { return }
                record = nextInPerson[Int(record)]
            }
        }
    }

    package func areAsserted(different one: PersonNumber, _ other: PersonNumber) -> Bool {
        different[one]?.contains(other) ?? false
    }
}

/// Keys to records: open addressing on the key's own bits, postings in chains.
struct KeyPostings {
    private var keys: [UInt64] = Array(repeating: 0, count: 1024)
    private var heads: [UInt32] = Array(repeating: UInt32.max, count: 1024)
    private var counts: [UInt16] = Array(repeating: 0, count: 1024)
    private var used = 0
    private var records: [UInt32] = []
    private var next: [UInt32] = []

    private func slot(_ key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: key) & (keys.count - 1)
        while heads[slot] != UInt32.max, keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }

    mutating func add(_ key: UInt64, _ record: UInt32) {
        if used * 10 > keys.count * 7 { grow() }
        let slot = slot(key)
        if heads[slot] == UInt32.max {
            keys[slot] = key
            used += 1
        }
        // What is skipped anyway is not kept.
        guard counts[slot] <= BlockingKey.postingsMax else { return }
        counts[slot] += 1
        records.append(record)
        next.append(heads[slot])
        heads[slot] = UInt32(records.count - 1)
    }

    func records(under key: UInt64, limit: Int, _ body: (UInt32) -> Void) -> Bool {
        let slot = slot(key)
        guard heads[slot] != UInt32.max else { return true }
        guard Int(counts[slot]) <= limit else { return false }
        var posting = heads[slot]
        while posting != UInt32.max {
            body(records[Int(posting)])
            posting = next[Int(posting)]
        }
        return true
    }

    private mutating func grow() {
        let old = (keys, heads, counts)
        let size = old.0.count * 2
        keys = Array(repeating: 0, count: size)
        heads = Array(repeating: UInt32.max, count: size)
        counts = Array(repeating: 0, count: size)
        for index in old.0.indices where old.1[index] != UInt32.max {
            let slot = slot(old.0[index])
            keys[slot] = old.0[index]
            heads[slot] = old.1[index]
            counts[slot] = old.2[index]
        }
    }
}
