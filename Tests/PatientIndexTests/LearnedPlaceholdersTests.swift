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
