import ExchangeCore

/// The persons of a node as a value: decisions and acts are applied in the journal's order, and nothing is matched.
///
/// The pure form of the projection's tables: for simulation, for checking the tables, and for tests.
package struct PersonLedger: Sendable {
    private struct Filed: Sendable, Hashable {
        let record: PatientID
        var packed: PackedRecord
        var person: PersonNumber
        var isActive: Bool
    }

    package private(set) var names = NameFrequencies()
    package private(set) var placeholders: LearnedPlaceholders
    package let secret: IndexSecret
    package private(set) var model = MatchModel.initial
    private var models: [ModelAct] = []
    private var filed: [Filed] = []
    private var numberOfRecord: [PatientID: Int] = [:]
    private var membersOf: [PersonNumber: [Int]] = [:]
    private var persons: [PersonID] = []
    private var numberOfPerson: [PersonID: PersonNumber] = [:]
    private var mergedInto: [PersonNumber: PersonNumber] = [:]
    private var keys: [UInt64: [Int]] = [:]
    private var apart: [PatientID: Set<PatientID>] = [:]
    private var open: [PatientID: OpenReview] = [:]
    private var acts: [UInt64: IdentityAct] = [:]

    /// Nobody.
    package init(secret: IndexSecret) {
        self.secret = secret
        placeholders = LearnedPlaceholders(secret: secret)
    }

    /// Files a registration under the person that was decided; a record that is known keeps its person.
    package mutating func register(
        _ record: PatientID, _ packed: PackedRecord, isActive: Bool, decision: IdentityDecision, at position: UInt64,
    ) {
        if let number = numberOfRecord[record] {
            unfile(number)
            filed[number].packed = packed
            filed[number].isActive = isActive
            file(number)
        } else {
            let person = number(for: decision.person)
            let number = filed.count
            filed.append(Filed(record: record, packed: packed, person: person, isActive: isActive))
            numberOfRecord[record] = number
            insert(number, person)
            file(number)
            packed.read { names.count($0) }
        }
        guard let number = numberOfRecord[record] else { return }
        for other in decision.merged { merge(other, into: filed[number].person) }
        if !decision.review.isEmpty {
            open(OpenReview(record: record, position: position, candidates: decision.review))
        }
    }

    /// Applies what a steward or a feed did.
    package mutating func apply(_ act: IdentityAct, at position: UInt64) {
        acts[position] = act
        for move in act.moves {
            guard let record = numberOfRecord[move.record] else { continue }
            let target = number(for: move.to, isReal: true)
            membersOf[filed[record].person]?.removeAll { $0 == record }
            if membersOf[filed[record].person]?.isEmpty ?? false { membersOf[filed[record].person] = nil }
            filed[record].person = target
            insert(record, target)
        }
        for pair in act.apart { keepApart(pair.one, pair.other) }
        for pair in act.rejoined { rejoin(pair.one, pair.other) }
        for record in act.closes { open[record] = nil }
        for review in act.reopens { open(review) }
        for retired in act.retires { use(retired.record, false) }
        for revived in act.revives { use(revived.record, true) }
    }

    /// Opens a review; whether it is about a link that stands is judged as of now.
    private mutating func open(_ review: OpenReview) {
        let own = numberOfRecord[review.record].map { persons[Int(filed[$0].person)] }
        open[review.record] = OpenReview(
            record: review.record, position: review.position, candidates: review.candidates,
            isStanding: review.candidates.contains { $0.person == own })
    }

    /// A record that is in use no more keeps its person, and is found no more.
    private mutating func use(_ record: PatientID, _ isActive: Bool) {
        guard let number = numberOfRecord[record], filed[number].isActive != isActive else { return }
        unfile(number)
        filed[number].isActive = isActive
        file(number)
    }

    /// Applies what was done about the model.
    package mutating func apply(_ act: ModelAct) {
        models.append(act)
        if act.kind == .activated { model = act.model }
    }

    /// Forgets a record that was erased: nothing finds it any more, and what it held is gone.
    package mutating func forget(_ record: PatientID) {
        guard let number = numberOfRecord.removeValue(forKey: record) else { return }
        unfile(number)
        let person = filed[number].person
        membersOf[person]?.removeAll { $0 == number }
        if membersOf[person]?.isEmpty ?? false { membersOf[person] = nil }
        filed[number].packed = PackedRecord(Demographics(), identifiers: [])
        filed[number].isActive = false
        open[record] = nil
        for other in apart[record] ?? [] { rejoin(record, other) }
    }

    private mutating func keepApart(_ one: PatientID, _ other: PatientID) {
        apart[one, default: []].insert(other)
        apart[other, default: []].insert(one)
    }

    private mutating func rejoin(_ one: PatientID, _ other: PatientID) {
        for (a, b) in [(one, other), (other, one)] {
            apart[a]?.remove(b)
            if apart[a]?.isEmpty ?? false { apart[a] = nil }
        }
    }

    /// Members stay in order of arrival, so that what is moved away and back leaves no trace.
    private mutating func insert(_ record: Int, _ person: PersonNumber) {
        var members = membersOf[person] ?? []
        members.insert(record, at: members.firstIndex { $0 > record } ?? members.count)
        membersOf[person] = members
    }

    /// - Parameter isReal: the person itself, also when it was merged into another: it comes back to life.
    private mutating func number(for person: PersonID, isReal: Bool = false) -> PersonNumber {
        if let known = numberOfPerson[person] {
            if isReal { mergedInto[known] = nil }
            return isReal ? known : resolved(known)
        }
        let number = PersonNumber(persons.count)
        persons.append(person)
        numberOfPerson[person] = number
        return number
    }

    private func resolved(_ person: PersonNumber) -> PersonNumber {
        var person = person
        while let next = mergedInto[person] { person = next }
        return person
    }

    private mutating func merge(_ other: PersonID, into winner: PersonNumber) {
        let loser = number(for: other)
        guard loser != winner else { return }
        for record in membersOf.removeValue(forKey: loser) ?? [] {
            filed[record].person = winner
            insert(record, winner)
        }
        mergedInto[loser] = winner
    }

    private mutating func file(_ number: Int) {
        guard filed[number].isActive else { return }
        for key in filed[number].packed.read({ BlockingKey.keys(of: $0, secret: secret) }) {
            keys[key, default: []].append(number)
        }
        for value in filed[number].packed.read({ LearnedPlaceholders.values(of: $0, secret: secret) }) {
            learn(value.key, limit: value.limit)
        }
    }

    private mutating func learn(_ key: UInt64, limit: Int) {
        guard let numbers = keys[key], numbers.count > limit, !placeholders.contains(key) else { return }
        var dates = BirthDateCount(limit: limit)
        for number in numbers { filed[number].packed.read { dates.add($0) } }
        if dates.isOver { placeholders.learn(key) }
    }

    private mutating func unfile(_ number: Int) {
        for key in filed[number].packed.read({ BlockingKey.keys(of: $0, secret: secret) }) {
            keys[key]?.removeAll { $0 == number }
            if keys[key]?.isEmpty ?? false { keys[key] = nil }
        }
    }

    /// Every person with its records, as text: two ledgers of the same persons print the same.
    package var membership: [String] {
        membersOf.compactMap { person, members in
            members.isEmpty
                ? nil
                : "\(persons[Int(person)]): "
                    + members.map { filed[$0].record.description }.sorted().joined(separator: " ")
        }.sorted()
    }
}

extension PersonLedger: PersonSnapshot {
    package func persons(under key: UInt64, _ body: (PersonNumber) -> Void) -> Bool {
        let filedUnder = keys[key] ?? []
        guard filedUnder.count <= BlockingKey.postingsMax else { return false }
        for number in filedUnder { body(filed[number].person) }
        return true
    }

    package func records(of person: PersonNumber, _ body: (RecordView) -> Bool) {
        for number in membersOf[person] ?? [] where filed[number].isActive {
            if !filed[number].packed.read(body) { return }
        }
    }

    package func areAsserted(different one: PersonNumber, _ other: PersonNumber) -> Bool {
        guard !apart.isEmpty else { return false }
        let others = Set((membersOf[other] ?? []).map { filed[$0].record })
        return (membersOf[one] ?? []).contains { !(apart[filed[$0].record] ?? []).isDisjoint(with: others) }
    }

    package func id(of person: PersonNumber) throws -> PersonID {
        guard Int(person) < persons.count else { throw ExchangeError(.internal, "a person without a name") }
        return persons[Int(person)]
    }

    package func number(of person: PersonID) -> PersonNumber? { numberOfPerson[person].map(resolved) }

    package func person(of record: PatientID) -> PersonNumber? { numberOfRecord[record].map { filed[$0].person } }

    package func members(of person: PersonNumber) -> [PatientID] {
        (membersOf[person] ?? []).map { filed[$0].record }
    }

    package func packed(_ record: PatientID) -> PackedRecord? { numberOfRecord[record].map { filed[$0].packed } }

    package func everyRecord(_ body: (PatientID, PersonNumber, PackedRecord) throws -> Void) rethrows {
        for record in filed where record.isActive { try body(record.record, record.person, record.packed) }
    }

    package func reviews(limit: Int) -> [OpenReview] {
        let sorted = open.values.sorted { ($1.risk, $0.record) < ($0.risk, $1.record) }
        return Array(sorted.prefix(limit))
    }

    package func openReviews() -> Int { open.count }

    package func review(of record: PatientID) -> OpenReview? { open[record] }

    package func areApart(_ one: PatientID, _ other: PatientID) -> Bool { apart[one]?.contains(other) ?? false }

    package func apart(from record: PatientID) -> [PatientID] { (apart[record] ?? []).sorted() }

    package func everyApart(_ body: (PatientID, PatientID) throws -> Void) rethrows {
        for (one, others) in apart { for other in others { try body(one, other) } }
    }

    package func act(at position: UInt64) -> IdentityAct? { acts[position] }

    package func modelActs(limit: Int) -> [ModelAct] { Array(models.reversed().prefix(limit)) }

    package func acts(about record: PatientID) -> [UInt64] {
        acts.filter { entry in
            entry.value.records.contains(record)
        }.keys.sorted(by: >)
    }
}
