import ConsentEngine
import ExchangeCore
import Testing

/// What another community recorded can deny and never permit.
struct ForeignDirectiveTests {
    private static let communities = [11, 12].compactMap { CommunityID("1.3.6.1.4.1.21367.2026.\($0)") }

    private static func directives(_ random: inout Seeded, from: UInt64) -> [ConsentDirective] {
        (0..<random.next(below: 4)).map { AddedDenyTests.directive(&random, number: from + UInt64($0)) }
    }

    private static func foreign(_ random: inout Seeded) -> [ConsentDirective] {
        directives(&random, from: 50).map { directive in
            var directive = directive
            directive.origin = ConsentOrigin(
                community: communities[random.next(below: 2)], directive: directive.id, version: 1)
            return directive
        }
    }

    @Test(arguments: UInt64(0)..<300) func `the answer is yes only where every community's directives say yes`(seed: UInt64) {
        var random = Seeded(seed: seed)
        let own = Self.directives(&random, from: 0)
        let others = Self.foreign(&random)
        let policy = ConsentPolicyDefault.allCases[random.next(below: 4)]
        let alone = CompiledConsent(own, policy: policy, now: Cases.now)
        let together = CompiledConsent((own + others).shuffled(using: &random), policy: policy, now: Cases.now)
        for number in UInt64(0)..<8 {
            let request = AddedDenyTests.request(&random)
            let document = AddedDenyTests.document(&random, number: number)
            let before = alone.decide(request, document: document)
            let after = together.decide(request, document: document)
            #expect(before.isPermitted || !after.isPermitted, "seed \(seed): never more than without them")
            if before.isPermitted, !after.isPermitted {
                #expect(after.rules[0].contains("stated by urn:oid:"), "seed \(seed)")
            }
            #expect(together.decide(request, documents: [document]) == [after])
            let explained = together.explain(request, document: document)
            #expect(explained.effect == after.effect, "seed \(seed)")
            if !after.isPermitted { #expect(together.explain(request, document: document).steps.isEmpty == false) }
        }
    }

    @Test(arguments: UInt64(0)..<100) func `a blanket refusal from elsewhere denies everything, whatever is permitted here`(
        seed: UInt64
    ) {
        var random = Seeded(seed: seed)
        var refusal = Cases.directive(ConsentRule(.deny), day: -9, number: 77)
        refusal.origin = ConsentOrigin(community: Self.communities[0], directive: refusal.id, version: 1)
        let consent = CompiledConsent(
            Self.directives(&random, from: 0) + [refusal], policy: .allNormal, now: Cases.now)
        let request = AddedDenyTests.request(&random)
        #expect(!consent.decide(request, document: AddedDenyTests.document(&random, number: 1)).isPermitted)
        #expect(consent.residual(for: request) == nil)
    }
}
