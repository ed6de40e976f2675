import ConsentEngine
import ExchangeCore
import Testing

/// What a person has said at several records, judged together.
@Suite struct PersonConsentTests {
    private struct Draw {
        var random: Seeded
        let policy: ConsentPolicyDefault
        let records: [PatientID]
        var parts: [PersonConsent.Part] = []

        init(seed: UInt64) {
            random = Seeded(seed: seed)
            policy = ConsentPolicyDefault.allCases[random.next(below: 4)]
            records = (0..<(2 + random.next(below: 3))).map { number in
                PatientID(bytes: [UInt8](repeating: UInt8(number + 1), count: 16))!
            }
            for record in records {
                let directives = (0..<random.next(below: 3)).map { AddedDenyTests.directive(&random, number: UInt64($0)) }
                parts.append(.init(record, PatientConsent(directives)))
            }
        }
    }

    @Test(arguments: UInt64(0)..<300)
    func `a link shows nobody what a record hid alone, and hides nothing where the others are silent`(seed: UInt64) {
        var draw = Draw(seed: seed)
        let person = PersonConsent(draw.parts).compiled(policy: draw.policy, now: Cases.now)
        for number in UInt64(0)..<4 {
            let request = AddedDenyTests.request(&draw.random)
            let document = AddedDenyTests.document(&draw.random, number: number)
            for part in draw.parts {
                let alone = part.consent.compiled(policy: draw.policy, now: Cases.now)
                    .decide(request, document: document)
                let together = person.decide(request, document: document, of: part.record)
                #expect(!together.isPermitted || alone.isPermitted, "seed \(seed)")
                let others = draw.parts.filter { $0.record != part.record }
                if others.allSatisfy({ $0.consent.directives.isEmpty }) { #expect(together == alone, "seed \(seed)") }
            }
        }
    }

    @Test(arguments: UInt64(0)..<200)
    func `what one record's own directives deny is denied at every record of the person`(seed: UInt64) {
        var draw = Draw(seed: seed)
        let person = PersonConsent(draw.parts).compiled(policy: draw.policy, now: Cases.now)
        let refusal = ConsentDirective(
            id: DirectiveID(bytes: [UInt8](repeating: 9, count: 16))!, patient: draw.records[0], base: ConsentRule(.deny),
            recorded: Cases.now)
        let refused = PersonConsent(draw.parts).with(refusal).compiled(policy: draw.policy, now: Cases.now)
        for number in UInt64(0)..<4 {
            let request = AddedDenyTests.request(&draw.random)
            let document = AddedDenyTests.document(&draw.random, number: number)
            for record in draw.records {
                let before = person.decide(request, document: document, of: record)
                let after = refused.decide(request, document: document, of: record)
                #expect(!after.isPermitted || before.isPermitted, "seed \(seed)")
                let said = refused.explain(request, document: document, of: record)
                #expect(said.effect == after.effect, "seed \(seed)")
            }
        }
    }

    @Test func `the order of a person's records changes no decision`() {
        for seed in UInt64(0)..<100 {
            var draw = Draw(seed: seed)
            let one = PersonConsent(draw.parts).compiled(policy: draw.policy, now: Cases.now)
            let other = PersonConsent(draw.parts.reversed()).compiled(policy: draw.policy, now: Cases.now)
            let request = AddedDenyTests.request(&draw.random)
            let document = AddedDenyTests.document(&draw.random, number: 1)
            for record in draw.records {
                let (left, right) = (
                    one.decide(request, document: document, of: record),
                    other.decide(request, document: document, of: record)
                )
                #expect(left.effect == right.effect, "seed \(seed)")
            }
        }
    }

    @Test func `a document at a record that is not the person's is denied`() {
        let draw = Draw(seed: 1)
        var random = Seeded(seed: 2)
        let person = PersonConsent(draw.parts).compiled(policy: .allNormal, now: Cases.now)
        let stranger = PatientID(bytes: [UInt8](repeating: 77, count: 16))!
        let decision = person.decide(
            AddedDenyTests.request(&random), document: AddedDenyTests.document(&random, number: 1), of: stranger)
        #expect(!decision.isPermitted)
    }
}
