import ExchangeCore
import Testing

@testable import ConsentEngine

struct PatientConsentTests {
    private static let begins = "2026-07-01T00:00:00Z"
    private static let ends = "2026-08-01T00:00:00Z"

    private static func moment(_ text: String) throws -> Timestamp { try #require(PartialDate(text)).start }

    private static func refusal() throws -> ConsentDirective {
        var rule = ConsentRule(.deny)
        rule.period = ConsentPeriod(start: PartialDate(begins), end: PartialDate(ends))
        return Cases.directive(rule)
    }

    private static func permits(_ consent: PatientConsent, _ time: String, _ policy: ConsentPolicyDefault = .optOut)
        throws -> Bool
    {
        consent.compiled(policy: policy, now: try moment(time)).decide(Cases.request(), document: Cases.document())
            .isPermitted
    }

    @Test func `a period that begins or ends is noticed, whichever way the clock goes`() throws {
        let consent = PatientConsent([try Self.refusal()])
        #expect(try Self.permits(consent, "2026-06-30T23:59:59Z"))
        #expect(try !Self.permits(consent, "2026-07-01T00:00:01Z"))
        #expect(try !Self.permits(consent, "2026-07-31T00:00:00Z"))
        #expect(try Self.permits(consent, "2026-08-01T00:00:02Z"))
        #expect(try !Self.permits(consent, "2026-07-15T00:00:00Z"), "the clock was set back")
        #expect(try Self.permits(consent, "2026-06-15T00:00:00Z"))
    }

    @Test func `a period of an exception is noticed too`() throws {
        var exception = ConsentRule(.deny, purposes: [CodedValue(code: "TREAT", system: CodeSystems.actReason)])
        exception.period = ConsentPeriod(start: PartialDate(Self.begins), end: nil)
        let consent = PatientConsent([Cases.directive(ConsentRule(.permit), [exception])])
        #expect(try Self.permits(consent, "2026-06-01T00:00:00Z"))
        #expect(try !Self.permits(consent, "2026-07-01T00:00:01Z"))
    }

    @Test func `another default is another answer`() throws {
        let consent = PatientConsent([])
        #expect(try Self.permits(consent, "2026-06-01T00:00:00Z", .optOut))
        #expect(try !Self.permits(consent, "2026-06-01T00:00:00Z", .optIn))
        #expect(try Self.permits(consent, "2026-06-01T00:00:00Z", .optOut))
    }

    @Test(arguments: 0..<UInt64(40)) func `kept or compiled anew, it decides alike at every moment`(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let first = try Self.moment("2026-01-01T00:00:00Z")
        func instant() -> Timestamp { first + .seconds(Int.random(in: 0..<400, using: &random) * 86_400) }
        func period() -> ConsentPeriod? {
            guard Bool.random(using: &random) else { return nil }
            let ends = [instant(), instant()].sorted()
            return ConsentPeriod(
                start: Bool.random(using: &random) ? PartialDate(ends[0].description) : nil,
                end: PartialDate(ends[1].description))
        }
        let directives = (1...3).map { (number: Int) -> ConsentDirective in
            var base = ConsentRule(Bool.random(using: &random) ? .permit : .deny)
            base.period = period()
            var exception = ConsentRule(
                base.effect == .permit ? .deny : .permit,
                purposes: [CodedValue(code: "TREAT", system: CodeSystems.actReason)])
            exception.period = period()
            return Cases.directive(base, [exception], day: Int64(number), number: UInt64(number))
        }
        let kept = PatientConsent(directives)
        for _ in 0..<60 {
            let now = instant()
            let fresh = CompiledConsent(directives, policy: ConsentPolicyDefault.optIn, now: now)
            let again = kept.compiled(policy: ConsentPolicyDefault.optIn, now: now)
            let request = Cases.request()
            #expect(again.decide(request, document: Cases.document()) == fresh.decide(request, document: Cases.document()))
        }
    }
}
