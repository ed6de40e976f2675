import ExchangeCore
import Testing

@testable import PatientIndex

/// The deterministic proposal: each combination against its table of shares.
struct DeterministicRulesTests {
    /// The proposal's shares; whole numbers of 1e-7, so that products are compared without logarithms.
    private enum Share {
        static let first = 0.02
        static let firstFuzzy = 0.03
        static let last = 0.005
        static let lastFuzzy = 0.01
        static let birthDate = 1e-4
        static let birthDateFuzzy = 3e-4
        static let street = 3e-5
        static let postalCode = 3e-4
        static let unique = 1e-6
        static let four = 1e-4
    }

    private struct Field: Sendable {
        let name: String
        let share: Double
        let isFuzzy: Bool
        let plant: @Sendable (inout Evidence) -> Void
    }

    private static let firsts = [
        Field(name: "F", share: Share.first, isFuzzy: false) { $0.first = .exact },
        Field(name: "F~", share: Share.firstFuzzy, isFuzzy: true) { $0.first = .similar },
        Field(name: "nickname", share: Share.first, isFuzzy: false) { $0.first = .nickname },
    ]
    private static let lasts = [
        Field(name: "L", share: Share.last, isFuzzy: false) { $0.family = .exact },
        Field(name: "L~", share: Share.lastFuzzy, isFuzzy: true) { $0.family = .similar },
    ]
    private static let dates = [
        Field(name: "DOB", share: Share.birthDate, isFuzzy: false) { $0.birthDate = .exact },
        Field(name: "DOB~", share: Share.birthDateFuzzy, isFuzzy: true) { $0.birthDate = .oneEdit },
    ]
    private static let households = [
        Field(name: "phone", share: Share.unique, isFuzzy: false) { $0.household.phone = true },
        Field(name: "email", share: Share.unique, isFuzzy: false) { $0.household.email = true },
        Field(name: "street", share: Share.street, isFuzzy: false) { $0.household.address = true },
        Field(name: "ZIP", share: Share.postalCode, isFuzzy: false) { $0.household.postalCode = true },
    ]
    private static let numbers = [
        Field(name: "MBI", share: Share.unique, isFuzzy: false) { $0.single = .same },
        Field(name: "member", share: Share.unique, isFuzzy: false) { $0.dependent = .same },
        Field(name: "SSN", share: Share.unique, isFuzzy: false) { $0.socialSecurity = .same },
        Field(name: "SSN4", share: Share.four, isFuzzy: false) { $0.socialSecurity = .lastFour },
    ]

    private static func combinations() -> [[Field]] {
        func choices(_ fields: [Field]) -> [[Field]] { [[]] + fields.map { [$0] } }
        var all: [[Field]] = [[]]
        for group in [firsts, lasts, dates, households, numbers] {
            all = all.flatMap { so in choices(group).map { so + $0 } }
        }
        return all
    }

    @Test func `a combination may match exactly when chance would seldom bring it about`() {
        var (certain, checked) = (0, 0)
        for combination in Self.combinations() {
            var evidence = Evidence()
            for field in combination { field.plant(&evidence) }
            let verdict = DeterministicRules.verdict(evidence)
            let product = combination.map(\.share).reduce(1, *)
            let hasFirst = evidence.first != .missing
            let hasDate = evidence.birthDate != .missing
            let isNamed =
                hasFirst && (evidence.family != .missing || hasDate) || evidence.single == .same
            let isTwin =
                evidence.first == .similar && evidence.birthDate == .exact && evidence.household.items > 0
                && evidence.individualIdentifiers == 0
            let isAllowed =
                product <= 2.2e-12 && isNamed && !isTwin && combination.count(where: \.isFuzzy) <= 1
            #expect(verdict.isCertain == isAllowed, "\(combination.map(\.name)) \(product)")
            checked += 1
            if verdict.isCertain { certain += 1 }
        }
        #expect(checked == 4 * 3 * 3 * 5 * 5)
        #expect(certain > 100)
    }

    @Test(arguments: [
        ["F", "L", "DOB", "street"], ["F", "L", "DOB", "phone"], ["F", "L", "DOB", "email"], ["F", "DOB", "phone"],
        ["F", "DOB", "email"], ["F", "DOB", "member"], ["F", "DOB", "MBI"], ["F", "L", "MBI", "ZIP"], ["F", "DOB", "SSN"],
        ["F", "L", "DOB", "ZIP", "SSN4"], ["F", "L", "DOB", "SSN4"], ["F~", "L", "DOB", "SSN"],
        ["F", "L~", "DOB", "phone"], ["phone", "MBI"], ["L", "DOB", "MBI"], ["F", "L", "DOB~", "phone"], ["nickname", "L", "DOB", "street"],
    ]) func `the proposal's combinations match`(names: [String]) {
        #expect(Self.verdict(names).isCertain, "\(names)")
    }

    @Test(arguments: [
        ["F", "L", "DOB"], ["F", "L", "DOB", "ZIP"], ["F", "L", "ZIP"], ["L", "DOB", "ZIP"], ["F~", "L~", "DOB", "phone"], ["F~", "L", "DOB", "phone"],
        ["phone"], ["F", "L", "phone"], ["DOB", "phone"],
    ]) func `what chance or a household brings about does not`(names: [String]) {
        #expect(!Self.verdict(names).isCertain, "\(names)")
    }

    private static func verdict(_ names: [String]) -> PolicyVerdict {
        var evidence = Evidence()
        for field in firsts + lasts + dates + households + numbers where names.contains(field.name) { field.plant(&evidence) }
        return DeterministicRules.verdict(evidence)
    }

    @Test func `a suffix, a dependent's number and a placeholder forbid every combination`() {
        var all = Evidence()
        for field in [Self.firsts[0], Self.lasts[0], Self.dates[0], Self.households[0], Self.numbers[0]] { field.plant(&all) }
        #expect(DeterministicRules.verdict(all).isCertain)
        let vetoes: [(PolicyRule, (inout Evidence) -> Void)] = [
            (.suffixConflict, { $0.suffix = .different }), (.dependentConflict, { $0.dependent = .different }),
            (.placeholderIdentity, { $0.hasPlaceholderName = true }), (.identifierConflict, { $0.single = .different }),
        ]
        for (rule, plant) in vetoes {
            var evidence = all
            plant(&evidence)
            #expect(DeterministicRules.verdict(evidence) == PolicyVerdict(rule: rule, isCertain: false))
        }
    }

    @Test func `two who fit are nobody`() throws {
        let index = MemoryPersonIndex(secret: IndexSecret([1]))
        let query = PackedRecord(
            Demographics(names: [PersonName(family: "Mohr", given: ["Alice"])], birthDate: PartialDate("1958-01-30"), phones: ["6142314433"]))
        index.add(query, to: nil)
        index.add(query, to: nil)
        index.keepApart(0, 1)
        let answer = try query.read { try PersonLookup(index, policy: .cms).lookUp($0) }
        #expect(answer.isAmbiguous)
        #expect(answer.persons.allSatisfy { $0.grade < .certain })
    }
}
