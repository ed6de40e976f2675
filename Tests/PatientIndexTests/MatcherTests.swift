import ExchangeCore
import PatientIndex
import Testing

struct MatcherTests {
    private static func person(
        _ family: String, _ given: [String], born: String?, sex: AdministrativeSex? = nil, suffix: String? = nil,
        phone: String? = nil, line: String? = nil, zip: String? = nil,
    ) -> Demographics {
        Demographics(
            names: [PersonName(family: family, given: given, suffix: suffix)],
            birthDate: born.flatMap { PartialDate($0) }, sex: sex,
            addresses: line == nil && zip == nil
                ? [] : [PostalAddress(lines: [line].compactMap(\.self), city: "Ashford", state: "OH", postalCode: zip)],
            phones: [phone].compactMap(\.self))
    }

    private static func record(
        _ demographics: Demographics, _ identifiers: [PatientIdentifier] = [], number: UInt64 = 1
    )
        -> PatientRecord
    {
        var random = Seeded(seed: number)
        return PatientRecord(id: .random(using: &random), identifiers: identifiers, demographics: demographics)
    }

    private static func mrn(_ value: String) throws -> PatientIdentifier {
        try #require(PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.13.20.1000", value: value))
    }

    private static let alice = person(
        "Mohr", ["Alice", "J"], born: "1958-01-30", sex: .female, phone: "(614) 231-4433", line: "820 N Jordan Ave",
        zip: "43215")

    private static func grade(_ left: Demographics, _ right: Demographics) -> MatchGrade {
        PatientMatcher().match(left, candidates: [record(right)]).first?.grade ?? .none
    }

    @Test func `the small differences of real registrations do not hide a person`() {
        let others = [
            Self.person("MOHR", ["ALICE"], born: "1958-01-30", sex: .female, phone: "614.231.4433"),
            Self.person("Möhr", ["Alice"], born: "1958-01-30", phone: "+1 614 231 4433"),
            Self.person(
                "Mo\u{308}hr", ["Allie"], born: "1958-01-30", line: "820 Jordan Avenue Apt 3", zip: "43215-1200"),
            Self.person("Mohr", ["Alice"], born: "1958-01-31", sex: .female, phone: "6142314433"),
            Self.person("Alice", ["Mohr"], born: "1958-01-30", sex: .female, phone: "6142314433"),
        ]
        for other in others { #expect(Self.grade(Self.alice, other) == .certain) }
    }

    @Test func `name and birth date alone, even with a postal code, are never certain`() {
        let bare = Self.person("Mohr", ["Alice"], born: "1958-01-30", sex: .female)
        #expect(Self.grade(Self.alice, bare) == .probable)
        #expect(Self.grade(Self.alice, Self.person("Mohr", ["Alice"], born: "1958-01-30", zip: "43215")) == .probable)
    }

    @Test func `twins, father and son, and mother and daughter stay apart`() {
        let twins = [["Jessica"], ["Jessenia"]].map {
            Self.person(
                "Ruiz", $0, born: "2004-12-23", sex: .female, phone: "6142314433", line: "1 Elm St", zip: "43215")
        }
        #expect(Self.grade(twins[0], twins[1]) < .certain)
        let junior = Self.person("Smith", ["John"], born: "1958-01-30", suffix: "Jr", phone: "6142314433")
        let senior = Self.person("Smith Sr", ["John"], born: "1958-01-30", phone: "6142314433")
        #expect(Self.grade(junior, senior) < .certain)
        let daughter = Self.person(
            "Mohr", ["Anna"], born: "1985-05-02", sex: .female, phone: "6142314433", line: "820 N Jordan Ave",
            zip: "43215")
        #expect(Self.grade(Self.alice, daughter) == .none)
    }

    @Test func `placeholders are no evidence`() {
        let baby = Self.person("Ruiz", ["Baby", "Boy"], born: "2024-03-01", phone: "6142314433")
        #expect(Self.grade(baby, baby) < .certain)
        let left = Self.person("Mohr", ["Alice"], born: "1900-01-01", phone: "999-999-9999", line: "UNKNOWN")
        #expect(Self.grade(left, left) < .probable)
    }

    @Test func `the same record number is the same person, also when nothing else is asked`() throws {
        let known = Self.record(Self.alice, [try Self.mrn("IHERED-994")])
        let matcher = PatientMatcher()
        let byNumber = matcher.match(Demographics(), identifiers: [try Self.mrn("IHERED-994")], candidates: [known])
        #expect(byNumber.first?.grade == .certain)
        let other = Self.person("Okafor", ["Ben"], born: "1990-07-01", sex: .male)
        let mistaken = matcher.match(other, identifiers: [try Self.mrn("IHERED-994")], candidates: [known])
        #expect(mistaken.first?.grade ?? .none < .certain)
    }

    @Test func `two people who both fit are ambiguous, two records of one person are not`() throws {
        let matcher = PatientMatcher()
        let number = try Self.mrn("A1")
        let same = [Self.record(Self.alice, [number]), Self.record(Self.alice, [number], number: 2)]
        guard case .person(let results) = matcher.certainMatch(Self.alice, candidates: same) else {
            Issue.record("one person's two records must be one person")
            return
        }
        #expect(results.count == 2)
        let licence = "urn:oid:2.16.840.1.113883.4.3.39"
        let apart = try ["X1", "Y2"].enumerated().map { index, value in
            Self.record(
                Self.alice, [try #require(PatientIdentifier(system: licence, value: value))], number: UInt64(index))
        }
        guard case .ambiguous = matcher.certainMatch(Self.alice, candidates: apart) else {
            Issue.record("two licences are two people")
            return
        }
        #expect(matcher.match(Self.alice, candidates: apart).allSatisfy { $0.grade == .probable })
        guard case .none = matcher.certainMatch(Self.alice, candidates: []) else {
            Issue.record("nobody fits")
            return
        }
    }

    @Test func `the answer does not depend on the order of the candidates, and inactive records are left out`() {
        let people = (0..<8).map { number in
            Self.record(
                Self.person("Mohr", ["Alice"], born: "1958-01-3\(number % 2)", phone: "6142314433"), number: number)
        }
        let forward = PatientMatcher().match(Self.alice, candidates: people)
        #expect(
            forward.map(\.record.id)
                == PatientMatcher().match(Self.alice, candidates: people.reversed()).map(\.record.id))
        #expect(zip(forward, forward.dropFirst()).allSatisfy { $0.grade >= $1.grade })
        var gone = people
        for index in gone.indices { gone[index].isActive = false }
        #expect(PatientMatcher().match(Self.alice, candidates: gone).isEmpty)
    }

    @Test func `the fields sum to the score, and the score lies between 0 and 1`() {
        let results = PatientMatcher().match(Self.alice, candidates: [Self.record(Self.alice)])
        for result in results {
            #expect(result.explanation.fields.map(\.millibits).reduce(0, +) == result.explanation.millibits)
            #expect((0...1).contains(result.score))
        }
        #expect(results.first.map { $0.score > 0.99 } ?? false)
    }

    @Test func `comparing is symmetric and never fails, whatever is compared`() {
        for seed in UInt64(0)..<200 {
            var random = Seeded(seed: seed)
            let left = Self.anything(&random)
            let right = Self.anything(&random)
            let matcher = PatientMatcher()
            let forward = matcher.match(left, candidates: [Self.record(right)]).first
            let back = matcher.match(right, candidates: [Self.record(left)]).first
            #expect(forward?.explanation.millibits == back?.explanation.millibits, "seed \(seed)")
            #expect(forward?.grade == back?.grade, "seed \(seed)")
            #expect(Self.keys(left).count <= BlockingKey.keysMax)
        }
    }

    @Test(arguments: UInt64(0)..<20) func `a person's waterfall sums to the score that decided, to the thousandth`(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let index = MemoryPersonIndex(secret: IndexSecret([1]))
        for number in 0..<60 { index.add(PackedRecord(Self.anything(&random)), to: number % 3 == 1 ? UInt32(0) : nil) }
        for policy in [MatchPolicy.strict, .balanced, .cms] {
            let search = PersonSearch(index, policy: policy)
            var effort = PersonSearch<MemoryPersonIndex>.Effort()
            let query = PackedRecord(Self.anything(&random))
            for candidate in try query.read({ try search.candidates($0, effort: &effort) }) {
                let score = search.explain(candidate.evidence)
                #expect(score.millibits == candidate.millibits)
                #expect(score.fields.map(\.millibits).reduce(0, +) == score.millibits)
            }
        }
    }

    @Test func `keys are made of what is there: nothing is filed under what is missing`() {
        #expect(Self.keys(Demographics()).isEmpty)
        let placeholder = Self.person(
            "Unknown", ["Unknown"], born: "1900-01-01", phone: "000-000-0000", line: "HOMELESS")
        #expect(Self.keys(placeholder).isEmpty)
        let alice = Set(Self.keys(Self.alice))
        #expect(!alice.isDisjoint(with: Self.keys(Self.person("Moor", ["Alyce"], born: "1958-01-30"))))
        #expect(!alice.isDisjoint(with: Self.keys(Self.person("Alice", ["Mohr"], born: "1958-01-30"))))
    }

    private static func keys(_ demographics: Demographics) -> [UInt64] {
        PackedRecord(demographics).read { BlockingKey.keys(of: $0, secret: IndexSecret([7])) }
    }

    private static func anything(_ random: inout Seeded) -> Demographics {
        let words = [
            "", "-", "Mohr", "ALICE", "O'Brien", "de la Cruz", "Nguyễn", "李", "Jr", "X", "Ann-Marie", "\u{301}",
        ]
        func word() -> String { words[Int(random.next() % UInt64(words.count))] }
        let dates = ["1958", "1958-01", "1958-01-30", "1958-30-01", "1900-01-01", "2024-02-29"]
        return Demographics(
            names: (0..<Int(random.next() % 3)).map { _ in
                PersonName(family: word(), given: [word(), word()], suffix: word())
            },
            birthDate: PartialDate(dates[Int(random.next() % 6)]),
            sex: AdministrativeSex.allCases[Int(random.next() % 4)],
            addresses: [PostalAddress(lines: [word(), "1 " + word()], city: word(), postalCode: "43215")],
            phones: ["614231443\(random.next() % 3)"], emails: [word() + "@x.org"])
    }
}
