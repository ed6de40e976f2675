import ExchangeCore
import PatientIndex
import Testing

/// Records that belong to several persons, or come in another order.
struct LinkingTests {
    private static func record(
        _ given: String, middle: String? = nil, phone: String? = "6142314433", line: String? = "12 Elm St", ssn: String? = nil,
        member: String? = nil, sex: AdministrativeSex = .female,
    ) -> PackedRecord {
        let identifiers = [(RegistrationTable.socialSecuritySystem, ssn), (RegistrationTable.memberSystem, member)]
            .compactMap { system, value in value.flatMap { PatientIdentifier(system: system, value: $0) } }
        return PackedRecord(
            Demographics(
                names: [PersonName(family: "Mohrington", given: [given, middle].compactMap(\.self))],
                birthDate: PartialDate("1992-09-06"), sex: sex,
                addresses: [PostalAddress(lines: [line].compactMap(\.self), city: "Ashford", state: "OH", postalCode: "43215")],
                phones: [phone].compactMap(\.self)), identifiers: identifiers)
    }

    private static func link(_ records: [PackedRecord], _ policy: MatchPolicy = .strict) -> (persons: [PersonNumber], reviews: Int) {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: policy)
        var reviews = 0
        for record in records where !linking.register(record).review.isEmpty { reviews += 1 }
        return (records.indices.map { linking.index.person(of: UInt32($0)) }, reviews)
    }

    @Test func `a record between a short form and a slip joins both, in whatever order they come`() {
        let records = [Self.record("Catherine"), Self.record("Katie"), Self.record("Katue", member: "HUM61134945604")]
        for order in [[0, 1, 2], [0, 2, 1], [2, 1, 0], [2, 0, 1], [1, 0, 2], [1, 2, 0]] {
            let persons = Self.link(order.map { records[$0] }).persons
            #expect(Set(persons).count == 1, "\(order)")
        }
    }

    @Test func `a slip of two twins' names joins nobody`() {
        let twins = [Self.record("Aiden", sex: .male), Self.record("Jaden", sex: .male)]
        let (persons, reviews) = Self.link(twins + [Self.record("Aden", sex: .male)])
        #expect(persons[0] != persons[1])
        #expect(reviews > 0)
    }

    @Test func `what is a slip of either of two names joins neither, though nobody has heard of them`() {
        let (persons, reviews) = Self.link([Self.record("Zorvan"), Self.record("Torvin"), Self.record("Zorvin")])
        #expect(persons[0] != persons[1])
        #expect(reviews > 0)
    }

    @Test func `names that parents give twins are two names, though one is the other's short form`() {
        let (persons, reviews) = Self.link([Self.record("Jean"), Self.record("Jane")])
        #expect(persons[0] != persons[1])
        #expect(reviews == 1)
    }

    @Test func `who fits two that a number keeps apart is for somebody to look at`() {
        let records = [
            Self.record("Alice", ssn: "531534525"), Self.record("Alice", ssn: "293469583"), Self.record("Alice"),
        ]
        let (persons, reviews) = Self.link(records, .strict)
        #expect(persons[0] != persons[1])
        #expect(Set(persons).count == 3)
        #expect(reviews == 2)
        #expect(Set(Self.link(records, .balanced).persons).count == 1, "one organisation forgives a slip where all else agrees")
    }

    @Test func `one record's number keeps a person apart, whatever the others of that person say`() {
        // The second record of the first person has no number: it conflicts with nobody.
        let records = [
            Self.record("Alice", ssn: "531534525"), Self.record("Alice"), Self.record("Alice", middle: "Josephine", ssn: "293469583"),
            Self.record("Alice", middle: "Josephine"),
        ]
        let (persons, reviews) = Self.link(records, .strict)
        #expect(persons[0] == persons[1])
        #expect(persons[2] != persons[0], "the two whom a number keeps apart")
        #expect(reviews >= 1)
    }

    @Test func `both initials at home are enough, one initial is not`() {
        #expect(Set(Self.link([Self.record("Claudia", middle: "J"), Self.record("C", middle: "J")]).persons).count == 1)
        #expect(Set(Self.link([Self.record("Claudia"), Self.record("C")]).persons).count == 2)
    }

    @Test func `nobody is far who shares the street and the birth date, whatever the name says`() {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: .strict)
        _ = linking.register(Self.record("Alice"))
        let other = PackedRecord(
            Demographics(
                names: [PersonName(family: "Quux", given: ["Zoë"])], birthDate: PartialDate("1992-09-06"), sex: .female,
                addresses: [PostalAddress(lines: ["12 Elm St"], city: "Elsewhere", postalCode: "43215")]))
        let near = other.read { Set(BlockingKey.keys(of: $0, reach: .near, secret: IndexSecret([1]))) }
        let far = other.read { Set(BlockingKey.keys(of: $0, reach: .far, secret: IndexSecret([1]))) }
        #expect(near.isDisjoint(with: far))
        let mine = Self.record("Alice").read { Set(BlockingKey.keys(of: $0, secret: IndexSecret([1]))) }
        #expect(!mine.isDisjoint(with: far))
    }
}
