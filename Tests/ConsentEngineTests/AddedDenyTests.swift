import ConsentEngine
import ExchangeCore
import Testing

/// `ConsentPrecedence` says why: ranks do not depend on other rules, and a blanket refusal only takes permits away.
struct AddedDenyTests {
    @Test(arguments: UInt64(0)..<300) func `adding a deny never permits more`(seed: UInt64) {
        var random = Seeded(seed: seed)
        let before = (0..<random.next(below: 5)).map { Self.directive(&random, number: UInt64($0)) }
        var after = before
        if !after.isEmpty, random.next(below: 2) == 0 {
            after[random.next(below: after.count)].exceptions.append(Self.rule(&random, .deny))
        } else {
            var added = Self.directive(&random, number: 99)
            added.base.effect = .deny
            for index in added.exceptions.indices { added.exceptions[index].effect = .deny }
            after.append(added)
        }
        let policy = ConsentPolicyDefault.allCases[random.next(below: 4)]
        for number in UInt64(0)..<24 {
            let request = Self.request(&random)
            let document = Self.document(&random, number: number % 4)
            let was = Cases.permits(before, policy: policy, request, document)
            let isNow = Cases.permits(after, policy: policy, request, document)
            #expect(was || !isNow, "seed \(seed), document \(number)")
        }
    }

    @Test(arguments: UInt64(0)..<100) func `what is compiled once decides like what is compiled anew, in any order`(
        seed: UInt64
    ) {
        var random = Seeded(seed: seed)
        let directives = (0..<4).map { Self.directive(&random, number: UInt64($0)) }
        let compiled = CompiledConsent(directives, policy: .optOut, now: Cases.now)
        let shuffled = CompiledConsent(directives.shuffled(using: &random), policy: .optOut, now: Cases.now)
        for number in UInt64(0)..<8 {
            let request = Self.request(&random)
            let document = Self.document(&random, number: number)
            let decision = compiled.decide(request, document: document)
            #expect(decision == shuffled.decide(request, document: document))
            #expect(compiled.decide(request, documents: [document, document]) == [decision, decision])
        }
    }

    static func directive(_ random: inout Seeded, number: UInt64) -> ConsentDirective {
        let effect: ConsentEffect = random.next(below: 2) == 0 ? .permit : .deny
        let exceptions = (0..<random.next(below: 3)).map { _ in
            rule(&random, random.next(below: 2) == 0 ? .permit : .deny)
        }
        return Cases.directive(
            rule(&random, effect), exceptions, day: Int64(random.next(below: 4)), number: number,
            policies: random.next(below: 4) == 0 ? [ConsentPolicyDefault.allNormal.rawValue] : [],
            doubts: random.next(below: 12) == 0 ? ["Consent.provision"] : [])
    }

    static func rule(_ random: inout Seeded, _ effect: ConsentEffect) -> ConsentRule {
        var rule = ConsentRule(effect)
        if random.next(below: 3) == 0 {
            let actors: [ConsentActor] = [
                .organization("urn:oid:1.2.3.4"), .organization("urn:oid:1.3.6.1.4.1.21367.2026.11"),
                .role("physician"),
                .practitioner("dr.brattain"), .practitioner("nurse"),
            ]
            rule.actors = [actors[random.next(below: actors.count)]]
        }
        if random.next(below: 3) == 0 { rule.purposes = Cases.purposes(["TREAT", "BTG"][random.next(below: 2)]) }
        if random.next(below: 4) == 0 { rule.typeCodes = [CodedValue(code: "18842-5", system: CodeSystems.loinc)] }
        if random.next(below: 4) == 0 { rule.securityLabels = Cases.labels(["N", "R", "PSY"][random.next(below: 3)]) }
        if random.next(below: 5) == 0 {
            let number = UInt64(random.next(below: 4))
            rule.data = [.document(Cases.document(number: number).id)]
        }
        if random.next(below: 5) == 0 {
            rule.dataPeriod = ConsentPeriod(start: PartialDate("2026-02"), end: PartialDate("2026-02"))
        }
        return rule
    }

    static func request(_ random: inout Seeded) -> AccessContext {
        Cases.request(
            purpose: ["TREAT", "BTG", "HRESCH"][random.next(below: 3)],
            user: ["dr.brattain", "nurse"][random.next(below: 2)],
            role: ["physician", nil][random.next(below: 2)],
            organization: ["urn:oid:1.2.3.4", "urn:oid:5.6"][random.next(below: 2)],
            community: [Cases.home, Cases.other][random.next(below: 2)])
    }

    static func document(_ random: inout Seeded, number: UInt64) -> DocumentFacts {
        Cases.document(
            [.normal, .restricted, .veryRestricted][random.next(below: 3)], random.next(below: 3) == 0 ? ["PSY"] : [],
            type: ["18842-5", "34133-9"][random.next(below: 2)], number: number,
            service: ["2026-02-10", "2026-03-01", nil][random.next(below: 3)])
    }
}

extension Seeded {
    /// A number from 0 up to a bound, exclusive.
    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
