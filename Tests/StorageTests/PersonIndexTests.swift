import ExchangeCore
import Journal
import PatientIndex
import Simulation
import Testing
import Transactions

/// Persons and models in every implementer of the projection: loaded, learnt from, made anew.
struct PersonIndexTests {
    /// Made-up registrations: two or three of a person, some with a slip.
    private static func rows(_ persons: Int, seed: UInt64) -> [RegistrationTable.Row] {
        var random = SplitMix64(seed: seed)
        let givens = ["Alice", "Benjamin", "Carla", "Dorothea", "Emil", "Frieda", "Gustav", "Heidi", "Ida", "Jonas"]
        let families = ["Mohr", "Okafor", "Ruiz", "Nguyen", "Lindqvist", "Haddad", "Petrov", "Kim"]
        return (0..<persons).flatMap { number -> [RegistrationTable.Row] in
            let given = givens[Int.random(in: 0..<10, using: &random)]
            let family = families[Int.random(in: 0..<8, using: &random)]
            let born = "19\(Int.random(in: 30...99, using: &random))-0\(Int.random(in: 1...9, using: &random))-1\(Int.random(in: 0...9, using: &random))"
            return (0..<Int.random(in: 2...3, using: &random)).map { copy in
                var written = given
                if Int.random(in: 0..<8, using: &random) == 0 { written.removeLast() }
                let phone = Int.random(in: 0..<5, using: &random) == 0 ? "6145550000" : "614\(2_000_000 + number)"
                return RegistrationTable.Row(
                    id: "R\(number)-\(copy)", source: "F1", recordNumber: "\(number)-\(copy)",
                    demographics: Demographics(
                        names: [PersonName(family: family, given: [written, "M"])], birthDate: PartialDate(born), sex: .female,
                        addresses: [PostalAddress(lines: ["\(number) Elm St"], city: "Ashford", state: "OH", postalCode: "43215")],
                        phones: [phone]), identifiers: [])
            }
        }
    }

    private static func loaded(_ kind: ProjectionKind, persons: Int) async throws -> (ProjectionContract, IdentityDesk, PatientImport) {
        let contract = try await ProjectionContract(kind)
        let desk = IdentityDesk(projection: contract.projection, journal: contract.writer, world: contract.world, policy: .strict)
        var load = try await PatientImport(desk)
        for row in rows(persons, seed: 3) { try await load.take(row) }
        try await load.flush()
        return (contract, desk, load)
    }

    private static func membership(_ projection: any ExchangeProjection) async throws -> [String] {
        try await projection.persons { snapshot in
            var lines: [String] = []
            try snapshot.everyRecord { record, person, _ in lines.append("\(record) \(try snapshot.id(of: person))") }
            return lines.sorted()
        }
    }

    @Test func `every implementer files the same registrations under the same persons, and so does one made anew`() async throws {
        var found: [[String]] = []
        for kind in ProjectionKind.allCases {
            let (contract, _, load) = try await Self.loaded(kind, persons: 120)
            defer { contract.remove() }
            let persons = try await Self.membership(contract.projection)
            #expect(persons.count == load.count)
            #expect(Set(load.clusters.map(\.person)).count < load.count)
            _ = try await contract.reader.bringUpToDate(contract.projection, rebuild: true)
            #expect(try await Self.membership(contract.projection) == persons)
            found.append(persons)
        }
        #expect(found[0] == found[1])
    }

    @Test(arguments: ProjectionKind.allCases)
    func `what is loaded again is known, and moves nobody`(kind: ProjectionKind) async throws {
        let (contract, desk, _) = try await Self.loaded(kind, persons: 60)
        defer { contract.remove() }
        let before = try await Self.membership(contract.projection)
        var again = try await PatientImport(desk)
        for row in Self.rows(60, seed: 3) { try await again.take(row) }
        try await again.flush()
        #expect(again.knownCount == again.count)
        #expect(try await Self.membership(contract.projection) == before)
    }

    private static func row(_ id: String, number: String, family: String = "Mohr") -> RegistrationTable.Row {
        RegistrationTable.Row(
            id: id, source: "F1", recordNumber: number,
            demographics: Demographics(
                names: [PersonName(family: family, given: ["Alice", "M"])], birthDate: PartialDate("1958-01-30"), sex: .female,
                addresses: [PostalAddress(lines: ["1 Elm St"], city: "Ashford", state: "OH", postalCode: "43215")],
                phones: ["6142314433"]), identifiers: [])
    }

    @Test(arguments: ProjectionKind.allCases)
    func `a load never joins who a steward said are different`(kind: ProjectionKind) async throws {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        let desk = IdentityDesk(projection: contract.projection, journal: contract.writer, world: contract.world, policy: .strict)
        var load = try await PatientImport(desk)
        for row in [Self.row("R1", number: "1"), Self.row("R2", number: "2")] { try await load.take(row) }
        try await load.flush()
        #expect(Set(load.clusters.map(\.person)).count == 1)
        let one = try await desk.record(named: "R1")
        _ = try await desk.record(try await desk.unlinking(one, actor: "steward", reason: "sisters"))
        var more = try await PatientImport(desk)
        for number in 3...8 { try await more.take(Self.row("R\(number)", number: "\(number)")) }
        try await more.flush()
        let (left, right) = (try await desk.record(named: "R1"), try await desk.record(named: "R2"))
        let persons = try await contract.projection.persons { snapshot in
            [try snapshot.person(of: left), try snapshot.person(of: right)]
        }
        #expect(persons[0] != nil && persons[0] != persons[1])
    }

    @Test func `every implementer tells alike whose a record is, whose it is not, and what was done about it`() async throws {
        var told: [[String]] = []
        for kind in ProjectionKind.allCases {
            let contract = try await ProjectionContract(kind)
            defer { contract.remove() }
            let desk = IdentityDesk(
                projection: contract.projection, journal: contract.writer, world: contract.world, policy: .strict)
            var load = try await PatientImport(desk)
            for number in 1...3 { try await load.take(Self.row("R\(number)", number: "\(number)")) }
            try await load.flush()
            let one = try await desk.record(named: "R1")
            let person = try await desk.links(of: one)[0].person
            let parted = try await desk.record(try await desk.unlinking(one, actor: "s", reason: "sisters"))
            let other = try await desk.record(named: "R2")
            _ = try await desk.record(try await desk.linking(other, one, actor: "s", reason: "one after all"))
            let undone = try #require(try await desk.history(of: one).first).position
            _ = try await desk.record(try await desk.undoing(undone, actor: "s", reason: "no"))
            var lines = try await desk.links(of: one).map { "\($0.standing) \($0.isManual) \($0.person == person)" }
            lines += try await desk.links(of: person).map { "\($0.standing) \($0.record == one)" }
            for past in try await desk.history(of: one) {
                lines.append("\(past.act.kind) \(past.act.reason) \(past.undoneBy != nil) \(past.position > parted)")
            }
            told.append(lines)
        }
        #expect(told[0] == told[1])
        #expect(told[0].prefix(2) == ["match true false", "different true true"])
        #expect(told[0].suffix(3) == ["undo no false true", "link one after all true true", "unlink sisters false false"])
    }

    /// Strangers with one telephone, the clinic's own.
    private static func strangers(_ numbers: Range<Int>) -> [RegistrationTable.Row] {
        numbers.map { number in
            RegistrationTable.Row(
                id: "S\(number)", source: "F1", recordNumber: "S\(number)",
                demographics: Demographics(
                    names: [PersonName(family: "Family\(number)", given: ["Given\(number)"])],
                    birthDate: PartialDate("19\(30 + number)-05-1\(number % 10)"), sex: .female, phones: ["6145552211"]),
                identifiers: [])
        }
    }

    @Test func `a value that names nobody is learnt alike by every implementer, by a load, and by tables made anew`() async throws {
        for kind in ProjectionKind.allCases {
            let contract = try await ProjectionContract(kind)
            defer { contract.remove() }
            let desk = IdentityDesk(
                projection: contract.projection, journal: contract.writer, world: contract.world, policy: .strict)
            func learnt() async throws -> Int { try await contract.projection.persons { $0.placeholders.count } }
            var load = try await PatientImport(desk)
            for row in Self.strangers(0..<12) { try await load.take(row) }
            try await load.flush()
            #expect(try await learnt() == 0)
            var more = try await PatientImport(desk)
            for row in Self.strangers(12..<14) { try await more.take(row) }
            try await more.flush()
            #expect(try await learnt() == 1, "\(kind)")
            _ = try await contract.reader.bringUpToDate(contract.projection, rebuild: true)
            #expect(try await learnt() == 1, "\(kind)")
            // A later load begins with what was learnt: the number alone makes nobody one.
            var again = try await PatientImport(desk)
            for id in ["A1", "A2"] {
                try await again.take(
                    RegistrationTable.Row(
                        id: id, source: "F2", recordNumber: id,
                        demographics: Demographics(
                            names: [PersonName(family: "Mohr", given: ["Alice"])], birthDate: PartialDate("1958-01-30"),
                            sex: .female, phones: ["6145552211"]), identifiers: []))
            }
            try await again.flush()
            #expect(Set(again.clusters.map(\.person)).count == 2, "\(kind)")
        }
    }

    @Test(arguments: ProjectionKind.allCases)
    func `a row twice in one file is one record, and one that no door takes is refused with its field`(kind: ProjectionKind)
        async throws
    {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        let desk = IdentityDesk(projection: contract.projection, journal: contract.writer, world: contract.world, policy: .strict)
        var load = try await PatientImport(desk)
        try await load.take(Self.row("R1", number: "1"))
        try await load.take(Self.row("R1", number: "1"))
        let long = String(repeating: "x", count: 10_000)
        await #expect(throws: ExchangeError(.badRequest, "")) { try await load.take(Self.row("R2", number: "2", family: long)) }
        try await load.take(Self.row("R3", number: "3"))
        try await load.flush()
        #expect(load.count == 3)
        #expect(load.knownCount == 1)
        #expect(Set(load.clusters.map(\.person)).count == 1)
        let number = try #require(PatientIdentifier(system: RegistrationTable.sourceSystem("F1"), value: "1"))
        #expect(try await contract.projection.patients(identifier: number).count == 1)
        #expect(try await Self.membership(contract.projection).count == 2)
    }

    @Test(arguments: ProjectionKind.allCases)
    func `a learnt model decides only once a person puts it in force, and outlives a rebuild`(kind: ProjectionKind) async throws {
        let (contract, desk, _) = try await Self.loaded(kind, persons: 400)
        defer { contract.remove() }
        let before = try await Self.membership(contract.projection)
        let learned = try await desk.learnModel(actor: "admin")
        #expect(learned.model.id.hasPrefix("learned-"))
        #expect(learned.shadow.judged == before.count)
        #expect(try await desk.models().inForce == .initial)
        _ = try await desk.activateModel(learned.model.id, actor: "admin", reason: "tried")
        _ = try await contract.reader.bringUpToDate(contract.projection, rebuild: true)
        let models = try await desk.models()
        #expect(models.inForce == learned.model)
        #expect(models.acts.map(\.kind) == [.activated, .learned])
        #expect(models.acts.last?.shadow == learned.shadow)
        #expect(try await Self.membership(contract.projection) == before)
        await #expect(throws: ExchangeError.self) { try await desk.activateModel("learned-none", actor: "admin", reason: "x") }
        await #expect(throws: ExchangeError.self) {
            try await desk.activateModel(learned.model.id, actor: "admin", reason: "again")
        }
        _ = try await desk.activateModel(MatchModel.initial.id, actor: "admin", reason: "back")
        #expect(try await desk.models().inForce == .initial)
    }

    @Test func `too few to learn from is said, and recorded by nobody`() async throws {
        let (contract, desk, _) = try await Self.loaded(.memory, persons: 5)
        await #expect(throws: ExchangeError.self) { try await desk.learnModel(actor: "admin") }
        #expect(try await desk.models().acts.isEmpty)
        _ = contract
    }

    @Test(arguments: UInt64(0)..<3)
    func `the tables and the index in memory answer every question alike`(seed: UInt64) async throws {
        var answers: [[String]] = []
        for kind in ProjectionKind.allCases {
            let (contract, desk, _) = try await Self.loaded(kind, persons: 100)
            defer { contract.remove() }
            var lines: [String] = []
            for row in Self.rows(100, seed: seed + 3).prefix(120) {
                for policy in [MatchPolicy.strict, .balanced, .cms] {
                    let found = try await desk.lookUp(PackedRecord(row.demographics, identifiers: row.identifiers), policy: policy)
                    lines += found.persons.map { "\(row.id) \($0.id) \($0.grade) \($0.explanation.millibits)" }
                }
            }
            answers.append(lines)
        }
        #expect(answers[0] == answers[1])
        #expect(!answers[0].isEmpty)
    }
}
