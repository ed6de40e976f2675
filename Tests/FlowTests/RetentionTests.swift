import ExchangeCore
import Journal
import PatientIndex
import Simulation
import Testing
import Transactions
import XDSMetadata

/// How long records are kept, what a legal hold does, and what is left of a patient who was erased.
@Suite struct RetentionTests {
    private func rules(_ years: Int, afterMajority: Int? = nil, code: String? = nil) -> RetentionRules {
        var rules = RetentionRules()
        rules.rules = [RetentionRule(code: code, jurisdiction: "US-VT", years: years, yearsAfterMajority: afterMajority)]
        return rules
    }

    private func document(_ scene: OneNode) async throws -> DocumentEntry {
        let patient = try await scene.register("M-0", family: "Nobody").id
        return try await scene.publish(40, for: patient)
    }

    @Test func `years count from the last care or from majority, whichever is later, and no rule means no end`() throws {
        try OneNode.run { scene in
            let entry = try await document(scene)
            func end(_ rules: RetentionRules, _ care: String, _ born: String?) -> String? {
                rules.end(
                    of: entry, lastCare: PartialDate(care)?.start ?? Timestamp(milliseconds: 0),
                    born: born.flatMap { PartialDate($0) }
                ).map { String($0.0.description.prefix(10)) }
            }
            #expect(end(rules(7), "2016-03-02", nil) == "2023-03-02")
            #expect(end(rules(1), "2016-02-29", nil) == "2017-03-01")
            #expect(end(rules(7, afterMajority: 3), "2016-03-02", "2010-06-15") == "2031-06-16")
            #expect(end(rules(7, afterMajority: 3), "2016-03-02", "1950-06-15") == "2023-03-02")
            #expect(end(rules(7, afterMajority: 3), "2016-03-02", nil) == nil, "an unknown age is never due")
            #expect(end(rules(7, code: "other"), "2016-03-02", nil) == nil)
            #expect(end(rules(7, code: "18842-5"), "2016-03-02", nil) == "2023-03-02")
            #expect(end(RetentionRules(), "1916-03-02", nil) == nil)
        }
    }

    @Test func `nothing under hold is erased by anybody, and released it goes`() throws {
        try OneNode.run { scene in
            let patient = try await scene.register("M-1").id
            try await scene.publish(1, for: patient)
            let admin = scene.administrator
            _ = try await scene.exchange.hold(patient, isHeld: true, reason: "case 2026-114, county court", for: admin)
            await #expect(throws: ExchangeError(.conflict, "")) {
                try await scene.exchange.erasePatient(patient, ground: .order, for: admin)
            }
            await #expect(throws: ExchangeError(.conflict, "")) {
                try await scene.exchange.hold(patient, isHeld: true, reason: "case 2026-114, again", for: admin)
            }
            await #expect(throws: ExchangeError(.forbidden, "")) {
                try await scene.exchange.hold(patient, isHeld: false, reason: "I would rather not", for: scene.context())
            }
            #expect(try await scene.exchange.applyRetention(for: admin).patients.isEmpty)
            #expect(try await scene.find(patient).count == 1)
            _ = try await scene.exchange.hold(patient, isHeld: false, reason: "case 2026-114 was settled", for: admin)
            _ = try await scene.exchange.erasePatient(patient, ground: .request, for: admin)
        }
    }

    @Test func `an erased patient is as one who never was, the tree stays whole, and the same number begins anew`() throws {
        try OneNode.run { scene in
            let other = try await scene.register("M-2", family: "Zweig", given: ["Bo"]).id
            let patient = try await scene.register("M-1").id
            let document = try await scene.publish(1, for: patient)
            try await scene.publish(2, for: other)
            _ = try await scene.find(patient)
            let before = try await scene.exchange.reader.entries(from: 0, limit: 100)
            let receipt = try await scene.exchange.erasePatient(patient, ground: .request, for: scene.administrator)
            #expect(try await scene.find(patient).isEmpty)
            await #expect(throws: ExchangeError(.notFound, "")) {
                try await scene.exchange.retrieveDocument(document.id, for: scene.context())
            }
            await #expect(throws: ExchangeError(.gone, "")) {
                try await scene.exchange.reader.document(
                    before.first { $0.kind == .submission }?.contents.first ?? before[0].contents[0], of: patient)
            }
            let after = try await scene.exchange.reader.entries(from: 0, limit: 100)
            #expect(after.filter { $0.subject == patient }.allSatisfy { $0.isErased && $0.payload.isEmpty })
            #expect(after.prefix(before.count).map(\.leaf) == before.map(\.leaf))
            #expect(try Erasure(after[Int(receipt.position)])?.patient == patient)
            let projection = scene.exchange.projection
            #expect(try await projection.patient(patient) == nil)
            #expect(try await projection.erasedPatients() == [patient])
            #expect(try await projection.facts(about: patient, matching: DocumentQuery()).documents.isEmpty)
            #expect(try await scene.find(other).count == 1)
            let again = try await scene.register("M-1")
            #expect(again.id != patient)
            let report = try await scene.exchange.replayJournal(for: scene.administrator)
            #expect(report.findings.isEmpty && report.erased >= 3)
            try await scene.exchange.finishErasures()
        }
    }

    @Test func `the plan says what is due, and applying it erases that and nothing else`() throws {
        let scheduler = SeededScheduler(seed: 5)
        let world = scheduler.world
        try scheduler.run {
            let scene = try await OneNode(world)
            var settings = scene.exchange.settings
            settings.retention = rules(0)
            let exchange = Exchange(
                settings: settings, world: world, journal: scene.exchange.journal, reader: scene.exchange.reader,
                projection: scene.exchange.projection, directory: scene.exchange.directory, peers: scene.exchange.peers,
                logger: scene.exchange.logger)
            let due = try await scene.register("M-1").id
            let held = try await scene.register("M-2", family: "Zweig", given: ["Bo"]).id
            let empty = try await scene.register("M-3", family: "Leer", given: ["Cy"]).id
            for (number, patient) in [due, held].enumerated() { try await scene.publish(number, for: patient) }
            _ = try await exchange.hold(held, isHeld: true, reason: "case 2026-114, county court", for: scene.administrator)
            try await world.sleep(.seconds(400 * 86_400))
            let plan = try await exchange.retentionPlan(limit: 100, for: scene.administrator)
            let now = world.now()
            #expect(Set(plan.filter { $0.isDue(at: now) }.map(\.patient)) == [due])
            #expect(plan.first { $0.patient == held }?.isHeld == true && plan.first { $0.patient == empty }?.end == nil)
            #expect(try await exchange.applyRetention(for: scene.administrator).patients == [due])
            #expect(try await exchange.retentionPlan(limit: 100, for: scene.administrator).map(\.patient).contains(due) == false)
        }
    }

    @Test func `a document whose class is due goes, the others of the record stay, and a hold keeps all`() throws {
        let scheduler = SeededScheduler(seed: 6)
        let world = scheduler.world
        try scheduler.run {
            let scene = try await OneNode(world)
            var settings = scene.exchange.settings
            settings.retention = rules(0, code: "34133-9")
            let exchange = Exchange(
                settings: settings, world: world, journal: scene.exchange.journal, reader: scene.exchange.reader,
                projection: scene.exchange.projection, directory: scene.exchange.directory, peers: scene.exchange.peers,
                logger: scene.exchange.logger)
            let kept = try await scene.register("M-1").id
            let held = try await scene.register("M-2", family: "Zweig", given: ["Bo"]).id
            for (number, patient) in [kept, held].enumerated() {
                try await scene.publish(number, for: patient)
                try await scene.publish(number + 10, for: patient, classCode: "34133-9")
            }
            _ = try await exchange.hold(held, isHeld: true, reason: "case 2026-115, county court", for: scene.administrator)
            try await world.sleep(.seconds(400 * 86_400))
            let plan = try await exchange.retentionPlan(limit: 100, for: scene.administrator)
            let due = plan.flatMap { $0.dueDocuments(at: world.now()) }
            #expect(due.count == 1 && plan.allSatisfy { !$0.isDue(at: world.now()) })
            let erased = try await exchange.applyRetention(for: scene.administrator)
            #expect(erased.documents == due && erased.patients.isEmpty)
            #expect(try await scene.find(kept).count == 1)
            #expect(try await scene.find(held).count == 2)
            #expect(try await exchange.applyRetention(for: scene.administrator).documents.isEmpty, "safe to run twice")
        }
    }
}
