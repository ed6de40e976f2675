import ConsentEngine
import ExchangeCore
import Testing

struct ExplanationTests {
    private static let other = ConsentActor.organization("urn:oid:9.9")

    @Test func `the chain says what applied, what did not and why, and what decided`() {
        let directive = Cases.directive(
            .init(.permit, purposes: Cases.purposes("TREAT")), [.init(.deny, actors: [Self.other])])
        let consent = CompiledConsent([directive], policy: .optIn, now: Cases.now)
        let explanation = consent.explain(Cases.request(), document: Cases.document())
        #expect(explanation.effect == .permit)
        #expect(explanation.steps.count == 3)
        #expect(explanation.steps[0].contains("deny organisation urn:oid:9.9: does not apply, user dr.brattain"))
        #expect(explanation.steps[1].contains("permit purpose TREAT: applies and decides"))
        #expect(explanation.steps[2].contains("deny what it does not permit: applies too"))
        #expect(explanation.wouldChange.contains("if the purpose were BTG: it would be denied"))
        #expect(explanation.wouldChange.contains("if organisation urn:oid:9.9 asked: it would be denied"))
        #expect(explanation.wouldChange.contains("if directive \(directive.id) were revoked: it would be denied"))
    }

    @Test func `a denial names the emergency, the label and the date that would change it`() {
        let until = ConsentPeriod(start: nil, end: PartialDate("2027-01-10"))
        let refusal = Cases.directive(
            .init(.deny, period: until), [.init(.permit, purposes: Cases.purposes("BTG"))])
        let denied = CompiledConsent([refusal], policy: .optOut, now: Cases.now)
            .explain(Cases.request(), document: Cases.document())
        #expect(denied.effect == .deny)
        #expect(denied.wouldChange.contains("if the purpose were BTG: it would be permitted"))
        #expect(denied.wouldChange.contains("after 2027-01-10: it would be permitted"))
        let restricted = CompiledConsent([], policy: .optOut, now: Cases.now)
            .explain(Cases.request(), document: Cases.document(.restricted))
        #expect(restricted.steps.count == 1)
        #expect(restricted.steps[0].contains("no directive speaks, so default policy basic-normal decides: deny"))
        #expect(restricted.wouldChange == ["if the document were labelled N and nothing else: it would be permitted"])
    }

    @Test func `without a purpose the explanation says so`() {
        let explanation = CompiledConsent([], policy: .optOut, now: Cases.now)
            .explain(Cases.request(purpose: nil), document: Cases.document())
        #expect(explanation.steps == ["denied: no purpose of use was stated"])
        #expect(explanation.wouldChange.contains("if the purpose were TREAT: it would be permitted"))
    }

    @Test func `a permit withdrawn by a later refusal is told`() {
        let directives = [
            Cases.directive(.init(.permit), day: 1, number: 1), Cases.directive(.init(.deny), day: 2, number: 2),
        ]
        let explanation = CompiledConsent(directives, policy: .optIn, now: Cases.now)
            .explain(Cases.request(), document: Cases.document())
        #expect(explanation.effect == .deny)
        #expect(explanation.steps.contains { $0.contains("counts no more") && $0.contains("\(directives[0].id)") })
    }
}
