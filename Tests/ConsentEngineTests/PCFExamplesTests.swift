import ConsentEngine
import ExchangeCore
import Fixtures
import JSON
import Testing

/// IHE's own Consents (PCF 1.1.1) as a decision table: requester, purpose and label, and what a token would leave to do.
struct PCFExamplesTests {
    private static let moment = Timestamp(seconds: 1_655_726_400)  // 2022-06-20
    private static let forbidAll = ConsentResidual(.deny)
    private static func permit(_ codes: String...) -> ConsentResidual {
        ConsentResidual(.permit, securityLabels: codes.flatMap { Cases.labels($0) })
    }

    private static func read(_ name: String) throws -> ConsentDirective {
        let json = try JSONReader.read(SharedData.bytes("ihe/PCF/Consent-ex-\(name).json"))
        var consent = try #require(json.object)
        var random = Seeded(seed: 3)
        consent["id"] = .string(DirectiveID.random(using: &random).description)
        consent["patient"] = ["reference": .string("Patient/\(PatientID.random(using: &random))")]
        consent["dateTime"] = "2022-06-13T00:00:00Z"
        let directive = try ConsentMapping.directive(reading: consent)
        #expect(directive.doubts == [], "\(name)")
        return directive
    }

    @Test(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
    func `IHE's own consents are read and decide as IHE says`() throws {
        let normal = Cases.document(.normal)
        let restricted = Cases.document(.restricted)
        let psychiatry = Cases.document(.restricted, ["PSY"])
        let before = Cases.document(service: "2021-05-01")
        let within = Cases.document(service: "2022-05-01")
        let authored = Cases.document(authors: ["ex-practitioner"])
        var visit = normal
        visit.related = ["Encounter/ex-encounter"]
        var elsewhere = normal
        elsewhere.related = ["Encounter/another"]
        let treat = Cases.request()
        let named = Cases.request(user: "ex-practitioner")
        let research = Cases.request(purpose: "HRESCH")
        let foobar = Cases.request(purpose: "FooBar", organization: "ex-org-researcher")
        let glass = Cases.request(purpose: "BTG", role: "ex-privilegedUsers")
        let table: [(String, AccessContext, DocumentFacts, Bool)] = [
            ("consent-basic-treat", treat, normal, true), ("consent-basic-treat", treat, restricted, true),
            ("consent-basic-treat", Cases.request(purpose: "HPAYMT"), normal, true),
            ("consent-basic-treat", research, normal, false), ("consent-basic-treat", glass, normal, false),
            ("consent-basic-ink", treat, normal, true), ("consent-basic-ink", research, normal, false),
            ("consent-basic-treat-infant", treat, normal, true), ("consent-intermediate-purpose", foobar, normal, true),
            ("consent-intermediate-purpose", Cases.request(purpose: "FooBar"), normal, false),
            ("consent-intermediate-purpose", treat, normal, false),
            ("consent-intermediate-timeframe", treat, within, true),
            ("consent-intermediate-timeframe", treat, before, false),
            ("consent-intermediate-timeframe", research, within, false),
            ("consent-intermediate-authoredby", treat, authored, true),
            ("consent-intermediate-authoredby", treat, Cases.document(authors: ["other"]), false),
            ("consent-intermediate-not-authoredby", treat, authored, false),
            ("consent-intermediate-not-authoredby", treat, Cases.document(authors: ["other"]), true),
            ("consent-intermediate-not-encounter", treat, visit, false),
            ("consent-intermediate-not-encounter", treat, elsewhere, true),
            ("consent-intermediate-not-encounter", treat, normal, false),
            ("consent-advanced-normal-restricted", treat, restricted, true),
            ("consent-advanced-normal-restricted", treat, Cases.document(.veryRestricted), false),
            ("consent-advanced-normal-not-restricted", treat, normal, true),
            ("consent-advanced-normal-not-restricted", treat, restricted, false),
            ("consent-advanced-normal-focused-psy", treat, psychiatry, false),
            ("consent-advanced-normal-focused-psy", named, psychiatry, true),
            ("consent-advanced-normal-focused-psy", named, restricted, false),
            ("consent-advanced-normal-focused-psy", treat, normal, true),
            ("dissent-intermediate-break-glass", glass, restricted, true),
            ("dissent-intermediate-break-glass", treat, normal, false),
            ("dissent-intermediate-break-glass", Cases.request(purpose: "BTG"), normal, false),
            ("consent-expired-treat", treat, normal, true),
        ]
        for (name, request, document, permits) in table {
            #expect(Cases.permits([try Self.read(name)], request, document, now: Self.moment) == permits, "\(name)")
        }
        #expect(!Cases.permits([try Self.read("consent-expired-treat")], now: Cases.now))
    }

    @Test(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
    func `a token for IHE's consents leaves what IHE says to be enforced`() throws {
        let treat = Cases.request()
        let in2022 = ConsentPeriod(start: PartialDate("2022-01-01"), end: PartialDate("2022-12-31"))
        let practitioner = [DocumentScope.author("ex-practitioner")]
        let table: [(String, AccessContext, [ConsentResidual]?)] = [
            ("consent-basic-treat", treat, []), ("consent-basic-ink", treat, []),
            ("consent-basic-treat-infant", treat, []), ("consent-basic-treat", Cases.request(purpose: "HRESCH"), nil),
            ("consent-expired-treat", treat, []),
            // IHE's note leaves no residual; ours keeps a directive under a -normal policy to normal documents.
            (
                "consent-intermediate-purpose",
                Cases.request(purpose: "FooBar", organization: "ex-org-researcher"), [Self.forbidAll, Self.permit("N")]
            ),
            ("consent-intermediate-purpose", treat, nil),
            (
                "consent-intermediate-timeframe", treat,
                [Self.forbidAll, ConsentResidual(.permit, dataPeriod: in2022)]
            ),
            (
                "consent-intermediate-authoredby", treat,
                [Self.forbidAll, ConsentResidual(.permit, data: practitioner)]
            ),
            ("consent-intermediate-not-authoredby", treat, [ConsentResidual(.deny, data: practitioner)]),
            (
                "consent-intermediate-not-encounter", treat,
                [ConsentResidual(.deny, data: [.related("Encounter/ex-encounter")])]
            ),
            ("consent-advanced-normal-restricted", treat, [Self.forbidAll, Self.permit("N", "R")]),
            (
                "consent-advanced-normal-not-restricted", treat,
                [Self.forbidAll, Self.permit("N"), ConsentResidual(.deny, securityLabels: Cases.labels("R"))]
            ),
            (
                "consent-advanced-normal-focused-psy", Cases.request(user: "ex-practitioner"),
                [Self.forbidAll, Self.permit("N"), Self.permit("PSY")]
            ),
            ("consent-advanced-normal-focused-psy", treat, [Self.forbidAll, Self.permit("N")]),
            ("dissent-intermediate-break-glass", treat, nil),
            ("dissent-intermediate-break-glass", Cases.request(purpose: "BTG", role: "ex-privilegedUsers"), []),
            ("dissent-intermediate-break-glass", Cases.request(purpose: "BTG"), nil),
        ]
        for (name, request, residual) in table {
            let consent = CompiledConsent([try Self.read(name)], policy: .optIn, now: Self.moment)
            #expect(consent.residual(for: request) == residual, "\(name)")
        }
        let expired = CompiledConsent([try Self.read("consent-expired-treat")], policy: .optIn, now: Cases.now)
        #expect(expired.residual(for: treat) == nil)
        #expect(Self.forbidAll.json == ["type": "forbid"])
    }
}
