import ExchangeCore
import JSON
import Testing

@testable import PatientIndex

/// Models: learnt from an index, compared, kept as text.
struct LearningTests {
    private static let givens = ["Alice", "Ben", "Carla", "Dora", "Emil", "Frieda", "Gustav", "Heidi", "Ida", "Jonas"]

    /// Registrations of made-up people, two each; every tenth is written with another middle initial.
    private static func registrations(_ random: inout Seeded, misspelt: UInt64) -> [PackedRecord] {
        func draw(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        return (0..<1200).flatMap { number -> [PackedRecord] in
            let first = givens[draw(10)]
            let family = "Family" + ["an", "bel", "cor", "dun", "esk"][draw(5)] + ["field", "ham", "ley", "son"][draw(4)]
            let born = "19\(10 + draw(89))-0\(1 + draw(9))-1\(draw(10))"
            return (0..<2).map { _ in
                let middle = random.next() % 10 < misspelt ? "X" : "M"
                return PackedRecord(
                    Demographics(
                        names: [PersonName(family: family, given: [first, middle])], birthDate: PartialDate(born),
                        sex: number % 2 == 0 ? .female : .male, phones: ["614231\(1000 + number)"]))
            }
        }
    }

    private static func learn(_ records: [PackedRecord], _ random: inout Seeded) throws -> MatchModel {
        var learning = ModelLearning(base: .initial, names: NameFrequencies())
        for _ in 0..<4000 {
            let (a, b) = (Int(random.next() % UInt64(records.count)), Int(random.next() % UInt64(records.count)))
            if a != b { learning.addStrangers(records[a], records[b]) }
        }
        for person in 0..<records.count / 2 { learning.addNeighbours(records[2 * person], records[2 * person + 1]) }
        // Some who share a key are strangers.
        for person in 0..<records.count / 4 { learning.addNeighbours(records[2 * person], records[2 * person + 3]) }
        return try #require(learning.learned())
    }

    @Test(arguments: UInt64(1)...3) func `what is often written wrongly is learnt to count less`(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let clean = try Self.learn(Self.registrations(&random, misspelt: 0), &random)
        random = Seeded(seed: seed)
        let sloppy = try Self.learn(Self.registrations(&random, misspelt: 5), &random)
        #expect(clean.middle.different < sloppy.middle.different)
        #expect(clean.id != sloppy.id)
        #expect(clean.id == clean.fingerprint)
        for change in MatchModel.initial.changes(to: sloppy) {
            #expect(abs(change.after - change.before) <= ModelLearning.stepMax)
        }
    }

    @Test func `the same pairs teach the same, in whatever order`() throws {
        var random = Seeded(seed: 9)
        let records = Self.registrations(&random, misspelt: 2)
        func model(_ order: [Int]) throws -> MatchModel {
            var learning = ModelLearning(base: .initial, names: NameFrequencies())
            for index in order {
                learning.addStrangers(records[index], records[(index + 7) % records.count])
                learning.addNeighbours(records[index], records[index ^ 1])
            }
            return try #require(learning.learned())
        }
        let order = Array(records.indices)
        #expect(try model(order) == model(order.reversed()))
    }

    @Test func `too few pairs teach nothing`() {
        var learning = ModelLearning(base: .initial, names: NameFrequencies())
        let record = PackedRecord(Demographics(birthDate: PartialDate("1970-01-02")))
        for _ in 0..<10 { learning.addStrangers(record, record) }
        #expect(learning.learned() == nil)
    }

    @Test func `a model survives its text, and a text that is none is refused by name`() throws {
        var model = MatchModel.initial
        model.middle.same = 1_234
        #expect(try MatchModel(json: JSONReader.read(JSONWriter.bytes(model.json))) == model)
        #expect(MatchModel.initial.changes(to: model).map(\.level) == ["same"])
        for text in [#"{}"#, #"{"id":"x","first":{"excellent":1}}"#, #"{"id":"x","sex":{"same":99999999}}"#, #"{"id":"x","first":3}"#] {
            let json = try JSONReader.read(Array(text.utf8))
            #expect(throws: ExchangeError.self, "\(text)") { try MatchModel(json: json) }
        }
    }

    @Test func `another model is judged against what was decided, and moves nobody`() throws {
        var random = Seeded(seed: 4)
        var ledger = PersonLedger(secret: IndexSecret([3]))
        for (number, packed) in Self.registrations(&random, misspelt: 1).prefix(200).enumerated() {
            var effort = PersonSearch<SnapshotIndex>.Effort()
            let before = ledger
            let link = try packed.read {
                try RecordLinking(SnapshotIndex(before), policy: .strict).decide($0, effort: &effort)
            }
            let person = try link.person.map { try before.id(of: $0) } ?? PersonID.random(using: &random)
            ledger.register(
                .random(using: &random), packed, isActive: true,
                decision: IdentityDecision(person: person, kind: .automatic), at: UInt64(number))
        }
        let membership = ledger.membership
        let same = try ModelShadow(ledger, against: .initial, policy: .strict)
        #expect(same.judged == 200)
        #expect(same.differing == 0)
        var blind = MatchModel.initial
        blind.birthDate[.exact] = -20_000
        let other = try ModelShadow(ledger, against: blind, policy: .strict)
        #expect(other.lost > 150)
        #expect(other.examples.count == ModelShadow.examplesMax)
        ledger.apply(ModelAct(.activated, blind, actor: "t", reason: "t"))
        #expect(ledger.model == blind)
        #expect(ledger.membership == membership)
    }

    @Test func `a profile from a file changes what it names, and refuses what it does not know`() throws {
        let policy = try MatchPolicy(
            file: Array(#"{"base":"balanced","certain-bits":7.5,"namesakes":{"postal-code":10,"city":0,"alone":0.5}}"#.utf8))
        #expect(policy.certainMillibits == 7_500)
        #expect(policy.rarity?.alone == 500)
        #expect(policy.acceptsOtherNames)
        for text in ["", "[]", #"{"certain":6}"#, #"{"base":"cms-hte"}"#, #"{"lead-bits":"8"}"#, #"{"possible-bits":9}"#, #"{"evidence":"none"}"#] {
            #expect(throws: ExchangeError.self, "\(text)") { try MatchPolicy(file: Array(text.utf8)) }
        }
    }
}
