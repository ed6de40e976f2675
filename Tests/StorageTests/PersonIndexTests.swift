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
