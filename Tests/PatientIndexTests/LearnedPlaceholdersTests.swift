import ExchangeCore
import PatientIndex
import Testing

/// Values that are learnt to name nobody: telephones of clinics, numbers typed for want of one.
struct LearnedPlaceholdersTests {
    private static func record(
        _ family: String, _ given: String, born: String, phone: String? = nil, email: String? = nil, number: String? = nil,
        licence: String? = nil,
    ) -> PackedRecord {
        var demographics = Demographics(
            names: [PersonName(family: family, given: [given])], birthDate: PartialDate(born), sex: .female)
        demographics.phones = [phone].compactMap(\.self)
        demographics.emails = [email].compactMap(\.self)
        let identifiers = [
            number.flatMap { PatientIdentifier(system: RegistrationTable.socialSecuritySystem, value: $0) },
            licence.flatMap { PatientIdentifier(system: RegistrationTable.licenceSystem, value: $0) },
        ]
        return PackedRecord(demographics, identifiers: identifiers.compactMap(\.self))
    }

    /// A value's way into a registration.
    enum Value: String, CaseIterable {
        case phone, email, number, licence

        /// Different birth dates beside which it still says something.
        var limit: Int {
            switch self {
            case .phone: 12
            case .email: 8
            case .number, .licence: 4
            }
        }

        func record(_ family: String, _ given: String, born: String) -> PackedRecord {
            switch self {
            case .phone: LearnedPlaceholdersTests.record(family, given, born: born, phone: "6142314433")
            case .email: LearnedPlaceholdersTests.record(family, given, born: born, email: "front.desk@clinic.example")
            case .number: LearnedPlaceholdersTests.record(family, given, born: born, number: "404153311")
            case .licence: LearnedPlaceholdersTests.record(family, given, born: born, licence: "QX1234567")
            }
        }
    }

    private static let strangers = [
        "Okafor", "Ruiz", "Nguyen", "Lindqvist", "Haddad", "Petrov", "Kim", "Castellano", "Brzezinski", "Yamamoto", "Ferreira",
        "Oduya", "Thorvald", "Quist",
    ]

    /// An index of strangers who have a value in common, and who the same registration twice is then.
    private static func twice(_ value: Value, strangers count: Int) -> (isOne: Bool, index: MemoryPersonIndex) {
        var linking = ResidentLinking(secret: IndexSecret([5]), policy: .strict)
        for number in 0..<count {
            let born = "19\(30 + number)-0\(1 + number % 9)-1\(number % 10)"
            _ = linking.register(value.record(Self.strangers[number], "Person\(number)", born: born))
        }
        let first = linking.register(value.record("Mohr", "Alice", born: "1958-01-30"))
        let second = linking.register(value.record("Mohr", "Alice", born: "1958-01-30"))
        return (first.person == second.person, linking.index)
    }

    @Test(arguments: Value.allCases) func `a value few people share links, one that many have says nothing`(value: Value) {
        // One of the birth dates counted is Alice's own.
        let few = Self.twice(value, strangers: value.limit - 1)
        #expect(few.isOne)
        #expect(few.index.placeholders.isEmpty)
        let many = Self.twice(value, strangers: value.limit)
        #expect(!many.isOne)
        #expect(many.index.placeholders.count == 1)
    }

    @Test func `one person's many registrations teach nothing, however often the number stands there`() {
        var linking = ResidentLinking(secret: IndexSecret([5]), policy: .strict)
        for _ in 0..<40 { _ = linking.register(Value.number.record("Mohr", "Alice", born: "1958-01-30")) }
        #expect(linking.index.placeholders.isEmpty)
        #expect(linking.index.members(of: 0).count == 40)
    }

    @Test func `a placeholder is neither agreement nor conflict`() throws {
        let (_, index) = Self.twice(.number, strangers: 4)
        let matcher = PatientMatcher(names: index.names, placeholders: index.placeholders)
        func level(_ one: PackedRecord, _ other: PackedRecord) -> FieldComparison? {
            matcher.compare(one, other).score.fields.first { $0.field == "social-security" }
        }
        let learnt = Value.number.record("Mohr", "Alice", born: "1958-01-30")
        let real = Self.record("Mohr", "Alice", born: "1958-01-30", number: "219884410")
        for (one, other) in [(learnt, learnt), (learnt, real), (real, learnt)] {
            #expect(level(one, other)?.level == "missing")
            #expect(level(one, other)?.millibits == 0)
        }
        #expect(level(real, real)?.level == "same")
        // Without what was learnt it is a conflict, and a veto.
        #expect(PatientMatcher().compare(learnt, real).verdict.rule == .socialSecurityConflict)
        #expect(matcher.compare(learnt, real).verdict.rule != .socialSecurityConflict)
    }

    /// A ledger of strangers who have a telephone in common, of Alice twice and of Bea twice, who has more in common with herself.
    private struct Clinic {
        var ledger = PersonLedger(secret: IndexSecret([5]))
        var records: [PatientID] = []
        private var random = Seeded(seed: 4)
        private var position: UInt64 = 0

        mutating func register(_ packed: PackedRecord) throws {
            let snapshot = ledger
            var effort = PersonSearch<SnapshotIndex>.Effort()
            let link = try packed.read { try RecordLinking(SnapshotIndex(snapshot), policy: .strict).decide($0, effort: &effort) }
            let record = PatientID.random(using: &random)
            let decision = IdentityDecision(person: try link.person.map(snapshot.id) ?? .random(using: &random), kind: .automatic)
            ledger.register(record, packed, isActive: true, decision: decision, at: position)
            records.append(record)
            position += 1
        }

        init() throws {
            for _ in 0..<2 {
                try register(LearnedPlaceholdersTests.record("Mohr", "Alice", born: "1958-01-30", phone: "6142314433"))
                try register(
                    LearnedPlaceholdersTests.record("Oduya", "Bea", born: "1971-05-02", phone: "6142314433", email: "bea@example.org"))
            }
            for number in 0..<12 {
                try register(Value.phone.record(LearnedPlaceholdersTests.strangers[number], "Person\(number)", born: "19\(30 + number)-03-1\(number % 10)"))
            }
        }

        func doubts() throws -> PlaceholderDoubts { try PlaceholderDoubts(ledger, policy: .strict, at: 20, limit: 100) }
    }

    @Test func `links that rested on a value which names nobody are for somebody to look at, once, and nobody is moved`() throws {
        var clinic = try Clinic()
        #expect(clinic.ledger.placeholders.count == 1)
        let (first, second) = (clinic.records[0], clinic.records[2])
        #expect(clinic.ledger.person(of: first) == clinic.ledger.person(of: second))
        let before = clinic.ledger.membership
        let reviews = try clinic.doubts().reviews
        #expect(reviews.map(\.record) == [second], "of Bea's two an address of hers says enough")
        #expect(try reviews.first?.candidates.map(\.person) == clinic.ledger.person(of: first).map { [try clinic.ledger.id(of: $0)] })
        var act = IdentityAct(.doubt, actor: "the node", reason: "r")
        act.reopens = reviews
        clinic.ledger.apply(act, at: 20)
        #expect(clinic.ledger.membership == before)
        #expect(clinic.ledger.review(of: second) != nil)
        #expect(try clinic.doubts().reviews.isEmpty, "it is open")
        clinic.ledger.apply(IdentityAct(.skip, closes: [second], actor: "s", reason: "r"), at: 21)
        #expect(clinic.ledger.review(of: second) == nil)
        #expect(try clinic.doubts().reviews.isEmpty, "it was asked before")
    }

    @Test func `what a steward said is not doubted`() throws {
        var clinic = try Clinic()
        let second = clinic.records[2]
        let number = try #require(clinic.ledger.person(of: second))
        let person = try clinic.ledger.id(of: number)
        clinic.ledger.apply(
            IdentityAct(.link, moves: [RecordMove(record: second, from: person, to: person)], actor: "s", reason: "seen"), at: 20)
        #expect(try clinic.doubts().reviews.isEmpty)
    }

    @Test func `a placeholder finds nobody`() throws {
        let (_, index) = Self.twice(.phone, strangers: 12)
        let stranger = Self.record("Unheard", "Of", born: "2001-12-24", phone: "6142314433")
        var effort = PersonSearch<MemoryPersonIndex>.Effort()
        let search = PersonSearch(index, policy: .strict)
        let found = try stranger.read { try search.candidates($0, effort: &effort) }
        #expect(found.isEmpty)
        #expect(effort.compared == 0)
        #expect(effort.skippedKeys == 1)
    }
}
