import ConsentEngine
import ExchangeCore
import Testing

/// What holds of every directive, requester and document, by seed.
struct JudgePropertyTests {
    private static func directives(_ random: inout Seeded) -> [ConsentDirective] {
        (0..<random.next(below: 4)).map { AddedDenyTests.directive(&random, number: UInt64($0)) }
    }

    @Test(arguments: UInt64(0)..<150) func `an explanation always has the effect of the decision`(seed: UInt64) {
        var random = Seeded(seed: seed)
        let policy = ConsentPolicyDefault.allCases[random.next(below: 4)]
        let consent = CompiledConsent(Self.directives(&random), policy: policy, now: Cases.now)
        for number in UInt64(0)..<4 {
            let request = AddedDenyTests.request(&random)
            let document = AddedDenyTests.document(&random, number: number)
            let decision = consent.decide(request, document: document)
            let explanation = consent.explain(request, document: document)
            #expect(explanation.effect == decision.effect, "seed \(seed)")
            let deciding = explanation.steps.first { $0.contains("decides") }
            #expect(deciding?.contains(decision.rules[0]) == true, "seed \(seed)")
        }
    }

    @Test(arguments: UInt64(0)..<100) func `removing every directive falls back to the implicit policy`(seed: UInt64) {
        var random = Seeded(seed: seed)
        let policy = ConsentPolicyDefault.allCases[random.next(below: 4)]
        let revoked = Self.directives(&random).map { directive in
            var directive = directive
            directive.status = [.inactive, .enteredInError, .draft, .rejected, .proposed][random.next(below: 5)]
            return directive
        }
        let bare = CompiledConsent([], policy: policy, now: Cases.now)
        let consent = CompiledConsent(revoked, policy: policy, now: Cases.now)
        for number in UInt64(0)..<8 {
            let request = AddedDenyTests.request(&random)
            let document = AddedDenyTests.document(&random, number: number)
            #expect(consent.decide(request, document: document) == bare.decide(request, document: document))
        }
    }

    /// Read as PCF says: a residual permit overrides a forbid, and what no forbid covers may flow.
    private static func flows(_ residual: [ConsentResidual]?, _ request: AccessContext, _ document: DocumentFacts) -> Bool {
        guard let residual else { return false }
        func covers(_ rule: ConsentResidual) -> Bool {
            let stated = ConsentRule(
                rule.effect, data: rule.data, dataPeriod: rule.dataPeriod, securityLabels: rule.securityLabels)
            let alone = Cases.directive(stated)
            let permits = Cases.permits([alone], policy: .allNormal, request, document)
            return rule.effect == .permit ? permits : !permits
        }
        if residual.contains(where: { $0.effect == .permit && covers($0) }) { return true }
        return !residual.contains { $0.effect == .deny && covers($0) }
    }

    @Test(arguments: UInt64(0)..<300) func `a token never lets go what the judge denies`(seed: UInt64) {
        var random = Seeded(seed: seed)
        let policy = ConsentPolicyDefault.allCases[random.next(below: 4)]
        let consent = CompiledConsent(Self.directives(&random), policy: policy, now: Cases.now)
        for number in UInt64(0)..<6 {
            let request = AddedDenyTests.request(&random)
            let document = AddedDenyTests.document(&random, number: number)
            guard document.labels.confidentiality == .normal else { continue }
            let decision = consent.decide(request, document: document)
            let flows = Self.flows(consent.residual(for: request), request, document)
            #expect(!flows || decision.isPermitted, "seed \(seed)")
        }
    }

    @Test(arguments: UInt64(0)..<100) func `a comparison says what each requester gains and loses`(seed: UInt64) {
        var random = Seeded(seed: seed)
        let before = Self.directives(&random)
        let after = Self.directives(&random)
        let requesters = (0..<3).map { _ in AddedDenyTests.request(&random) }
        let documents = (UInt64(0)..<6).map { AddedDenyTests.document(&random, number: $0) }
        let comparison = ConsentComparison(
            before: before, after: after, requesters: requesters, documents: documents, policy: .optOut, now: Cases.now)
        #expect(comparison.changes.map(\.requester) == requesters)
        for change in comparison.changes {
            for document in documents {
                let was = Cases.permits(before, policy: .optOut, change.requester, document)
                let becomes = Cases.permits(after, policy: .optOut, change.requester, document)
                #expect(change.gained.contains(document.id) == (becomes && !was))
                #expect(change.lost.contains(document.id) == (was && !becomes))
            }
        }
    }
}
