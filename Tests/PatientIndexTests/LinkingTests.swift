import ExchangeCore
import PatientIndex
import Testing

/// Records that belong to several persons, or come in another order.
struct LinkingTests {
    private static func record(
        _ given: String, family: String = "Mohrington", middle: String? = nil, phone: String? = "6142314433", line: String? = "12 Elm St", ssn: String? = nil,
        member: String? = nil, sex: AdministrativeSex = .female,
    ) -> PackedRecord {
        let identifiers = [(RegistrationTable.socialSecuritySystem, ssn), (RegistrationTable.memberSystem, member)]
            .compactMap { system, value in value.flatMap { PatientIdentifier(system: system, value: $0) } }
        return PackedRecord(
            Demographics(
                names: [PersonName(family: family, given: [given, middle].compactMap(\.self))],
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
        for order in Self.orders {
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

    @Test(arguments: ["Neonate", "No Name", "NN", "FNU", "Triplet", "Hija de Maria", "123"])
    func `two who are called by a word for want of a name are two, until somebody looks`(_ word: String) {
        let (persons, reviews) = Self.link([Self.record(word), Self.record(word)])
        #expect(persons[0] != persons[1])
        #expect(reviews == 1)
    }

    @Test(arguments: [
        ("Jane", "Joan"), ("Maria", "Mariana"), ("Isabella", "Elizabeth"), ("Nancy", "Ann"), ("Liam", "William"), ("Lisa", "Elizabeth"),
        ("Daisy", "Margaret"), ("Sasha", "Alexander"),
    ])
    func `two names of one set that parents give beside each other are two persons' until a number says otherwise`(_ pair: (String, String)) {
        let (persons, reviews) = Self.link([Self.record(pair.0), Self.record(pair.1)])
        #expect(persons[0] != persons[1])
        #expect(reviews == 1)
        #expect(Self.link([Self.record(pair.0, ssn: "531534525"), Self.record(pair.1, ssn: "531534525")]).persons == [0, 0])
    }

    @Test(arguments: [("James", "Jim"), ("Elizabeth", "Liz"), ("Sarah", "Sara"), ("Katherine", "Catherine"), ("William", "Bill")])
    func `a short form and a spelling are the same name`(_ pair: (String, String)) {
        #expect(Self.link([Self.record(pair.0), Self.record(pair.1)]).persons == [0, 0])
    }

    @Test(arguments: [String(repeating: "A", count: 999), "Иван王", "12345"])
    func `a family name that can be nobody's links nobody and is certain of nobody`(_ family: String) throws {
        let known = Self.record("Ilona", family: "Varga")
        let hostile = Self.record("Ilona", family: family)
        #expect(Self.link([known, hostile]).persons == [0, 1])
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: .strict)
        _ = linking.register(known)
        let lookup = PersonLookup(linking.index, policy: .strict)
        for asked in [hostile, Self.record("Ilona", family: "Zork"), Self.record("Ilona", family: "")] {
            #expect(try asked.read { try lookup.lookUp($0) }.persons.allSatisfy { $0.grade < .certain })
        }
        #expect(try known.read { try lookup.lookUp($0) }.persons.map(\.grade) == [.certain])
    }

    @Test func `who fits two that nothing but a number keeps apart goes to the one it fits best`() {
        let two = [Self.record("Alice", ssn: "531534525"), Self.record("Alice", middle: "Josephine", ssn: "293469583")]
        let (persons, reviews) = Self.link(two + [Self.record("Alice"), Self.record("Alice", middle: "Josephine")], .strict)
        #expect(persons == [0, 1, 0, 1])
        #expect(reviews == 1, "the two")
        #expect(Set(Self.link(two, .balanced).persons).count == 1, "one organisation forgives a slip where all else agrees")
    }

    @Test func `who fits two that share neither household nor number is for somebody to look at`() {
        let (persons, reviews) = Self.link([
            Self.record("Alice", ssn: "531534525"), Self.record("Alice", phone: "6142319988", line: "77 Oak Rd", ssn: "293469583"),
            Self.record("Alice", line: "77 Oak Rd"),
        ])
        #expect(Set(persons).count == 3)
        #expect(reviews == 2)
    }

    @Test func `who fits two of whom a person said that they are different is for somebody to look at`() {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: .strict)
        _ = linking.register(Self.record("Alice", ssn: "531534525"))
        _ = linking.register(Self.record("Alice", ssn: "293469583"))
        linking.index.keepApart(0, 1)
        let decision = linking.register(Self.record("Alice"))
        #expect(decision.review.count == 2)
        #expect(decision.person == 2)
    }

    private static let orders = [[0, 1, 2], [0, 2, 1], [2, 1, 0], [2, 0, 1], [1, 0, 2], [1, 2, 0]]

    @Test func `a number of one's own joins two names, whichever record comes last`() {
        let records = [Self.record("Li"), Self.record("Ly", ssn: "531534525"), Self.record("Li", ssn: "531534525")]
        for order in Self.orders { #expect(Set(Self.link(order.map { records[$0] }).persons).count == 1, "\(order)") }
        let strangers = [records[0], Self.record("Ly"), Self.record("Li", ssn: "531534525")]
        for order in Self.orders { #expect(Set(Self.link(order.map { strangers[$0] }).persons).count == 2, "\(order)") }
    }

    @Test func `what fits one record of a person and contradicts none is linked, whichever comes last`() {
        let records = [
            Self.record("Jason", sex: .male), Self.record("Jason", middle: "A", sex: .male), Self.record("Jsaon", middle: "E", sex: .male),
        ]
        for order in Self.orders { #expect(Set(Self.link(order.map { records[$0] }).persons).count == 1, "\(order)") }
        let sister = Self.record("Jasom", middle: "E")
        #expect(Set(Self.link(records.prefix(2) + [sister]).persons).count == 2)
        let namesake = Self.record("Jason", middle: "E", phone: nil, line: nil, sex: .male)
        #expect(Set(Self.link([records[0], namesake]).persons).count == 1, "a rare name of one place")
        #expect(Set(Self.link(records.prefix(2) + [namesake]).persons).count == 2, "and another middle name")
    }

    @Test func `numbers one apart are two twins', though one name is short for the other`() {
        for (one, other) in [("455501428", "455501429"), ("1428", "1429")] {
            let twins = [Self.record("Catherine", ssn: one), Self.record("Katie", ssn: other)]
            let (persons, reviews) = Self.link(twins)
            #expect(persons[0] != persons[1])
            #expect(reviews == 1)
            // A record that is either's brings them no nearer.
            #expect(Self.link(twins + [Self.record("Kate")]).persons.prefix(2) == [0, 1])
        }
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

    @Test(arguments: [MatchPolicy.strict, .balanced])
    func `a name written the wrong way round makes no twin of a twin`(policy: MatchPolicy) {
        let records = [
            Self.record("Richard", sex: .male), Self.record("Mohrington", family: "Daniel", sex: .male), Self.record("Daniel", sex: .male),
        ]
        for order in Self.orders {
            let found = Dictionary(uniqueKeysWithValues: zip(order, Self.link(order.map { records[$0] }, policy).persons))
            #expect(found[0] != found[2] && found[1] == found[2], "\(order)")
        }
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
