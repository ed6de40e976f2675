import ExchangeCore
import PatientIndex
import Testing

/// Whom a person is shown: not a plain relative, and also who is likely only because few are registered here.
struct ReviewTests {
    private static func record(
        _ given: String, family: String = "Mohrington", middle: String? = nil, born: String = "1992-09-06", phone: String? = nil, place: Int = 0,
        ssn: String? = nil, member: String? = nil, sex: AdministrativeSex = .female,
    ) -> PackedRecord {
        let identifiers = [(RegistrationTable.socialSecuritySystem, ssn), (RegistrationTable.memberSystem, member)]
            .compactMap { system, value in value.flatMap { PatientIdentifier(system: system, value: $0) } }
        let address = PostalAddress(lines: ["1\(place) Elm St"], city: "Ashford \(place)", state: "OH", postalCode: "4321\(place)")
        return PackedRecord(
            Demographics(
                names: [PersonName(family: family, given: [given, middle].compactMap(\.self))], birthDate: PartialDate(born), sex: sex,
                addresses: [address], phones: [phone].compactMap(\.self)), identifiers: identifiers)
    }

    /// Decisions about records in order of arrival.
    private static func decide(_ records: [PackedRecord], _ policy: MatchPolicy = .strict) -> [LinkDecision] {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: policy)
        return records.map { linking.register($0) }
    }

    /// Whether it became a person of its own, and nobody has to look.
    private static func isNew(_ decision: LinkDecision) -> Bool { decision.person == 1 && decision.review.isEmpty }

    @Test func `who married and moved is for somebody to look at, by first name, birth date and middle initial`() {
        let before = Self.record("Michelle", middle: "Elizabeth")
        let after = Self.record("Michelle", family: "Quuxfield", middle: "E", place: 1)
        #expect(Self.decide([before, after])[1].review.map(\.person) == [0])
        // What contradicts it, or is another name, is nobody who married.
        for other in [
            Self.record("Michelle", family: "Quuxfield", middle: "W", place: 1), Self.record("Rachel", family: "Quuxfield", middle: "E", place: 1),
            Self.record("Michelle", family: "Quuxfield", middle: "E", place: 1, sex: .male),
        ] { #expect(Self.isNew(Self.decide([before, other])[1])) }
    }

    @Test func `a question lists who married and moved, or whose birth date is a slip off, and is certain of nobody`() throws {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: .strict)
        _ = linking.register(Self.record("Michelle"))
        _ = linking.register(Self.record("Cynthia", family: "Smith", born: "1958-03-14"))
        let lookup = PersonLookup(linking.index, policy: .strict)
        let slip = Self.record("Cynthia", family: "Smith", born: "1958-03-24", place: 1)
        for asked in [Self.record("Michelle", family: "Quuxfield", place: 1), slip] {
            #expect(try asked.read { try lookup.lookUp($0) }.persons.map(\.grade) == [.possible])
        }
        #expect(linking.register(slip).review.isEmpty, "half of those are strangers")
        #expect(try Self.record("Rachel", family: "Quuxfield", place: 1).read { try lookup.lookUp($0) }.persons.isEmpty)
    }

    @Test(arguments: [(0, true), (30_000, false)]) func `the more are registered, the more it takes to be shown`(others: Int, isShown: Bool) {
        // One in 333 has the name, as everywhere: what counts is how many there are.
        let some = (0..<333).map {
            Self.record($0 == 0 ? "Cynthia" : "Anna", family: "Family\($0)", born: "19\(50 + $0 % 40)-0\(1 + $0 / 40)-17", phone: "614\(2_000_000 + $0)", place: 2)
        }
        let index = MemoryPersonIndex(secret: IndexSecret([1]))
        for number in 0..<others { index.add(some[number % some.count], to: nil) }
        var linking = ResidentLinking(index, policy: .strict)
        let before = linking.register(Self.record("Cynthia")).person
        let shown = linking.register(Self.record("Cynthia", family: "Quuxfield", place: 1)).review.map(\.person)
        #expect(shown == (isShown ? [before] : []))
    }

    @Test func `father and son, twins by their numbers and an insured relative are no review`() {
        let father = Self.record("Zacharias", middle: "Quentin", born: "1951-02-11", phone: "6142314433", sex: .male)
        let son = Self.record("Zacharias", middle: "Quentin", born: "1984-07-29", phone: "6142314433", sex: .male)
        let twins = [
            Self.record("Jessica", phone: "6142314433", ssn: "455501428"), Self.record("Bertha", phone: "6142314433", ssn: "455501429"),
            Self.record("Jessenia", phone: "6142314433", member: "HUM61134945604"), Self.record("Jessica", phone: "6142314433", member: "HUM61134945605"),
        ]
        for pair in [[father, son], Array(twins[..<2]), Array(twins[2...])] {
            #expect(Self.isNew(Self.decide(pair)[1]))
        }
        // A number of one's own outweighs a birth date; then somebody looks.
        let numbered = [Self.record("Zacharias", born: "1951-02-11", ssn: "531534525"), Self.record("Zacharias", born: "1984-07-29", ssn: "531534525")]
        #expect(!Self.decide(numbered)[1].review.isEmpty)
    }

    @Test func `a question that is one slip from each of two numbers is of the one person it joins`() throws {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: .strict)
        _ = linking.register(Self.record("Peter", phone: "6142314433", ssn: "552059594"))
        _ = linking.register(Self.record("Peter", phone: "6142314433", ssn: "552049599"))
        #expect(linking.index.personCount == 2, "their numbers keep them apart")
        let asked = Self.record("Peter", phone: "6142314433", ssn: "552059599")
        let answer = try asked.read { try PersonLookup(linking.index, policy: .strict).lookUp($0) }
        #expect(!answer.isAmbiguous && answer.persons.first?.grade == .certain)
        // A question without the number could be of either.
        let other = try Self.record("Peter", phone: "6142314433").read { try PersonLookup(linking.index, policy: .strict).lookUp($0) }
        #expect(other.isAmbiguous && other.persons.first?.grade == .probable)
    }
}
