import ConsentEngine
import ExchangeCore
import Testing

struct PrecedenceTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let directives: [ConsentDirective]
        var policy = ConsentPolicyDefault.optIn
        let permits: Bool
    }

    private static let mine = ConsentActor.organization("urn:oid:1.2.3.4")
    private static let document = Cases.document().id

    static let rows: [Row] = [
        Row(testDescription: "nothing said, opt-in", directives: [], permits: false),
        Row(testDescription: "nothing said, opt-out", directives: [], policy: .optOut, permits: true),
        Row(
            testDescription: "explicit permit over implicit deny", directives: [Cases.directive(.init(.permit))],
            permits: true),
        Row(
            testDescription: "explicit deny over implicit permit",
            directives: [Cases.directive(.init(.deny, actors: [mine]))], policy: .optOut, permits: false),
        Row(
            testDescription: "an explicit permit over the remainder of another permit",
            directives: [
                Cases.directive(.init(.permit, actors: [.organization("urn:oid:9.9")]), day: 9, number: 1),
                Cases.directive(.init(.permit, actors: [mine]), day: 1, number: 2),
            ], permits: true),
        Row(
            testDescription: "who permits only another refuses the rest, even where the default would permit",
            directives: [Cases.directive(.init(.permit, actors: [.organization("urn:oid:9.9")]))], policy: .optOut,
            permits: false),
        Row(
            testDescription: "an exception over its base",
            directives: [Cases.directive(.init(.permit), [.init(.deny, actors: [mine])])], permits: false),
        Row(
            testDescription: "an exception over a base that names more",
            directives: [
                Cases.directive(
                    .init(.deny, actors: [mine], data: [.document(document)]),
                    [.init(.permit, actors: [.role("physician")])])
            ], permits: true),
        Row(
            testDescription: "a document over an organisation, though older",
            directives: [
                Cases.directive(.init(.permit, data: [.document(document)]), day: 1, number: 1),
                Cases.directive(.init(.deny, actors: [mine]), day: 9, number: 2),
            ], permits: true),
        Row(
            testDescription: "a person over an organisation, though older",
            directives: [
                Cases.directive(.init(.deny, actors: [.practitioner("dr.brattain")]), day: 1, number: 1),
                Cases.directive(.init(.permit, actors: [mine]), day: 9, number: 2),
            ], permits: false),
        Row(
            testDescription: "an organisation over a type, though older",
            directives: [
                Cases.directive(.init(.permit, actors: [mine]), day: 1, number: 1),
                Cases.directive(
                    .init(.deny, typeCodes: [CodedValue(code: "18842-5", system: CodeSystems.loinc)]), day: 9, number: 2
                ),
            ], permits: true),
        Row(
            testDescription: "newer over older, both of an organisation",
            directives: [
                Cases.directive(.init(.deny, actors: [mine]), day: 1, number: 1),
                Cases.directive(.init(.permit, actors: [mine]), day: 9, number: 2),
            ], permits: true),
        Row(
            testDescription: "deny over permit when nothing else decides",
            directives: [
                Cases.directive(.init(.deny, actors: [mine]), day: 1, number: 1),
                Cases.directive(.init(.permit, actors: [mine]), day: 1, number: 2),
            ], permits: false),
        Row(
            testDescription: "a blanket refusal withdraws what was permitted before, however specific",
            directives: [
                Cases.directive(.init(.permit, data: [.document(document)]), day: 1, number: 1),
                Cases.directive(.init(.deny), day: 9, number: 2),
            ], permits: false),
        Row(
            testDescription: "and leaves what is permitted after it",
            directives: [
                Cases.directive(.init(.deny), day: 1, number: 1),
                Cases.directive(.init(.permit, actors: [mine]), day: 9, number: 2),
            ], permits: true),
        Row(
            testDescription: "a directive that was not understood denies, whatever else is said",
            directives: [
                Cases.directive(.init(.permit, data: [.document(document)]), day: 9, number: 1),
                Cases.directive(.init(.permit), day: 1, number: 2, doubts: ["Consent.provision.code"]),
            ], permits: false),
        Row(
            testDescription: "an inactive directive says nothing",
            directives: [Cases.directive(.init(.deny), status: .inactive)], policy: .optOut, permits: true),
    ]

    @Test(arguments: rows) func `the rule that wins is the one the table names`(row: Row) {
        #expect(Cases.permits(row.directives, policy: row.policy) == row.permits)
        #expect(Cases.permits(row.directives.reversed(), policy: row.policy) == row.permits)
    }

    @Test func `the decisive rule is named first, with its directive`() {
        let directives = [
            Cases.directive(.init(.permit), day: 1, number: 1),
            Cases.directive(.init(.deny, actors: [Self.mine]), day: 1, number: 2),
        ]
        let decision = ConsentEvaluator.decide(
            Cases.request(), document: Cases.document(), directives: directives, policy: .optIn, now: Cases.now)
        #expect(
            decision.rules == [
                "directive \(directives[1].id): deny organisation urn:oid:1.2.3.4",
                "directive \(directives[0].id): permit everything",
            ])
    }

    @Test func `without a purpose, or through the administrator's door, nothing is permitted`() {
        let permit = [Cases.directive(.init(.permit))]
        #expect(!Cases.permits(permit, Cases.request(purpose: nil)))
        #expect(!Cases.permits(permit, Cases.request(purpose: "")))
        #expect(!Cases.permits(permit, Cases.request(door: .administration)))
    }

    @Test func `the holding node's own users are judged like all others`() {
        let deny = [Cases.directive(.init(.deny))]
        #expect(!Cases.permits(deny, policy: .optOut, Cases.request(community: Cases.home, door: .client)))
    }

    @Test func `a default lets go what its URI says and no more`() {
        let table: [(ConsentPolicyDefault, String, Confidentiality, Bool)] = [
            (.basicNormal, "TREAT", .normal, true), (.basicNormal, "HPAYMT", .low, true),
            (.basicNormal, "HRESCH", .normal, false), (.basicNormal, "TREAT", .restricted, false),
            (.allNormal, "HRESCH", .normal, true), (.allNormal, "TREAT", .veryRestricted, false),
            (.breakGlassOnly, "BTG", .restricted, true), (.breakGlassOnly, "TREAT", .normal, false),
            (.deny, "TREAT", .unrestricted, false),
        ]
        for (policy, purpose, level, permits) in table {
            #expect(
                Cases.permits([], policy: policy, Cases.request(purpose: purpose), Cases.document(level)) == permits,
                "\(policy) \(purpose) \(level)")
        }
        #expect(ConsentPolicyDefault(name: "opt-out") == .basicNormal)
        #expect(ConsentPolicyDefault(name: "break-glass-only") == .breakGlassOnly)
        #expect(ConsentPolicyDefault(name: "all") == nil)
    }

    @Test func `labels are a high water mark for a permit and a low one for a deny`() {
        let normal = [Cases.directive(.init(.permit, securityLabels: Cases.labels("N")))]
        #expect(Cases.permits(normal, Cases.request(), Cases.document(.low)))
        #expect(!Cases.permits(normal, Cases.request(), Cases.document(.restricted)))
        let restricted = [Cases.directive(.init(.permit), [.init(.deny, securityLabels: Cases.labels("R"))])]
        #expect(!Cases.permits(restricted, Cases.request(), Cases.document(.veryRestricted)))
        #expect(Cases.permits(restricted, Cases.request(), Cases.document(.normal)))
        let psychiatry = [Cases.directive(.init(.permit, securityLabels: Cases.labels("N", "PSY")))]
        #expect(Cases.permits(psychiatry, Cases.request(), Cases.document(.restricted, ["PSY"])))
        #expect(!Cases.permits(psychiatry, Cases.request(), Cases.document(.restricted, ["HIV", "PSY"])))
        #expect(!Cases.permits(psychiatry, Cases.request(), Cases.document(.veryRestricted, ["PSY"])))
    }

    @Test func `a permit under a normal policy does not open restricted documents`() {
        let policies = [ConsentPolicyDefault.basicNormal.rawValue]
        let permit = [Cases.directive(.init(.permit), policies: policies)]
        #expect(Cases.permits(permit, Cases.request(), Cases.document(.normal)))
        #expect(
            !Cases.permits(permit, policy: .breakGlassOnly, Cases.request(purpose: "BTG"), Cases.document(.restricted)))
    }

    @Test func `care in part outside a period is not permitted, and in part inside is denied`() {
        let year = ConsentPeriod(start: PartialDate("2026-01"), end: PartialDate("2026-02"))
        let permit = [Cases.directive(.init(.permit, dataPeriod: year))]
        let deny = [Cases.directive(.init(.deny, dataPeriod: year))]
        var straddling = Cases.document(service: "2026-02-27")
        straddling.serviceStop = PartialDate("2026-03-01")
        #expect(!Cases.permits(permit, Cases.request(), straddling))
        #expect(!Cases.permits(deny, policy: .optOut, Cases.request(), straddling))
        #expect(Cases.permits(permit, Cases.request(), Cases.document(service: "2026-02-28")))
        var undated = Cases.document(service: nil)
        undated.creation = nil
        #expect(!Cases.permits(permit, Cases.request(), undated))
        #expect(!Cases.permits(deny, policy: .optOut, Cases.request(), undated))
    }

    @Test func `a directive speaks from its first to its last day`() {
        let period = ConsentPeriod(start: PartialDate("2026-01-01"), end: PartialDate("2026-06-30"))
        let directive = [Cases.directive(.init(.permit, period: period))]
        func permits(_ time: String) -> Bool {
            PartialDate(time).map { Cases.permits(directive, now: $0.start) } ?? false
        }
        #expect(!permits("2025-12-31T23:59:59Z"))
        #expect(permits("2026-01-01T00:00:00Z"))
        #expect(permits("2026-06-30T23:59:59Z"))
        #expect(!permits("2026-07-01T00:00:00Z"))
    }
}
