import ExchangeCore
import PatientIndex
import Testing

/// The life of links: acts by seed against a ledger.
struct LedgerTests {
    private struct Scene {
        var ledger = PersonLedger(secret: IndexSecret([3]))
        var random: Seeded
        var records: [PatientID] = []
        var log: [(UInt64, IdentityAct)] = []
        var position: UInt64 = 0

        init(seed: UInt64) { random = Seeded(seed: seed) }

        mutating func draw(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

        mutating func register() throws {
            let names = ["Mohr", "Ruiz", "Okafor"]
            let givens = ["Alice", "Ben", "Carla"]
            let demographics = Demographics(
                names: [PersonName(family: names[draw(3)], given: [givens[draw(3)]])],
                birthDate: PartialDate("19\(50 + draw(3))-01-30"), sex: .female,
                phones: ["614231443\(draw(3))"])
            let packed = PackedRecord(demographics)
            var effort = PersonSearch<SnapshotIndex>.Effort()
            let snapshot = ledger
            let linking = RecordLinking(SnapshotIndex(snapshot), policy: .strict)
            let link = try packed.read { try linking.decide($0, effort: &effort) }
            let record = PatientID.random(using: &random)
            let fresh = PersonID.random(using: &random)
            let decision = IdentityDecision(
                person: try link.person.map(snapshot.id) ?? fresh, kind: .automatic,
                merged: try link.merged.map(snapshot.id))
            ledger.register(record, packed, isActive: true, decision: decision, at: position)
            records.append(record)
            position += 1
        }

        mutating func apply(_ act: IdentityAct) {
            ledger.apply(act, at: position)
            log.append((position, act))
            position += 1
        }

        mutating func unlink(_ record: PatientID) throws {
            guard let person = ledger.person(of: record) else { return }
            let rest = ledger.members(of: person).filter { $0 != record }
            guard !rest.isEmpty else { return }
            let move = RecordMove(record: record, from: try ledger.id(of: person), to: .random(using: &random))
            apply(
                IdentityAct(
                    .unlink, moves: [move], apart: rest.map { IdentityAct.Pair(record, $0) }, actor: "t", reason: "t"))
        }

        mutating func merge(_ one: PatientID, _ other: PatientID) throws {
            guard let a = ledger.person(of: one), let b = ledger.person(of: other), a != b else { return }
            let moves = try ledger.members(of: b).map {
                RecordMove(record: $0, from: try ledger.id(of: b), to: try ledger.id(of: a))
            }
            apply(IdentityAct(.merge, moves: moves, actor: "t", reason: "t"))
        }
    }

    @Test(arguments: UInt64(0)..<40) func `undoing every act, the last first, restores every person`(seed: UInt64) throws {
        var scene = Scene(seed: seed)
        for _ in 0..<30 { try scene.register() }
        let before = scene.ledger.membership
        for _ in 0..<12 {
            let one = scene.records[scene.draw(scene.records.count)]
            let other = scene.records[scene.draw(scene.records.count)]
            if scene.draw(2) == 0 { try scene.unlink(one) } else { try scene.merge(one, other) }
        }
        for (position, act) in scene.log.reversed() {
            scene.ledger.apply(act.undone(at: position, actor: "t", reason: "t"), at: scene.position)
            scene.position += 1
        }
        #expect(scene.ledger.membership == before)
        for record in scene.records {
            guard let person = scene.ledger.person(of: record) else { continue }
            for other in scene.records {
                guard let otherPerson = scene.ledger.person(of: other) else { continue }
                #expect(!scene.ledger.areAsserted(different: person, otherPerson))
            }
        }
    }

    @Test(arguments: UInt64(0)..<20) func `what was said to be different is never linked again by itself`(seed: UInt64) throws {
        var scene = Scene(seed: seed)
        for _ in 0..<20 { try scene.register() }
        var apart: [(PatientID, PatientID)] = []
        for record in scene.records {
            guard let person = scene.ledger.person(of: record) else { continue }
            let rest = scene.ledger.members(of: person).filter { $0 != record }
            guard let other = rest.first else { continue }
            try scene.unlink(record)
            apart.append((record, other))
        }
        for _ in 0..<40 { try scene.register() }
        for (one, other) in apart { #expect(scene.ledger.person(of: one) != scene.ledger.person(of: other)) }
    }

    @Test(arguments: UInt64(0)..<20) func `filing a record never splits a person`(seed: UInt64) throws {
        var scene = Scene(seed: seed)
        for _ in 0..<60 {
            let before = scene.records.map { scene.ledger.person(of: $0) }
            let pairs = scene.records.indices.flatMap { a in
                scene.records.indices.filter { $0 > a && before[$0] == before[a] }.map { (a, $0) }
            }
            try scene.register()
            for (a, b) in pairs {
                #expect(scene.ledger.person(of: scene.records[a]) == scene.ledger.person(of: scene.records[b]))
            }
        }
    }
}
