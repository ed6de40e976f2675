import ExchangeCore
import Testing

/// FHIR R4, search.html 3.1.1.4.1: what each prefix holds of.
struct DateFilterTests {
    /// Asked on 2 March 2026: 58 days and 10 hours after the end of 2 January.
    private static let now = Timestamp(milliseconds: 1_772_445_600_000)

    private static func filter(_ text: String) throws -> DateFilter { try #require(DateFilter(text, asked: now), "\(text)") }

    @Test(arguments: [
        // asked, stated dates that it holds of, those that it does not hold of
        ("2026-03", ["2026-03", "2026-03-01", "2026-03-31T23:59:59.999Z"], ["2026", "2026-02-28", "2026-04-01T00:00:00Z"]),
        ("eq2026-03-02", ["2026-03-02", "2026-03-02T10:00:00Z"], ["2026-03", "2026", "2026-03-02T23:00:00-02:00"]),
        ("ne2026-03", ["2026", "2026-02-28", "2026-04-01T00:00:00Z"], ["2026-03", "2026-03-01", "2026-03-31T23:59:59.999Z"]),
        ("gt2026-03", ["2026", "2026-04-01"], ["2026-03", "2026-03-31", "2026-02"]),
        ("ge2026-03", ["2026", "2026-03", "2026-03-01T00:00:00Z", "2027"], ["2026-02", "2026-02-28T23:59:59.999Z"]),
        ("lt2026-03", ["2026", "2026-02-28"], ["2026-03", "2026-03-01", "2026-04"]),
        ("le2026-03", ["2026", "2026-03-31", "2025"], ["2026-04", "2026-04-01T00:00:00Z"]),
        ("sa2026-03", ["2026-04", "2026-04-01T00:00:00Z"], ["2026", "2026-03-31"]),
        ("eb2026-03", ["2026-02", "2026-02-28T23:59:59.999Z"], ["2026", "2026-03-01"]),
        ("ap2026-01-02", ["2026", "2026-01", "2026-01-07", "2025-12-28"], ["2026-01-09", "2025-12-26", "2024"]),
        // Today, this month, and what encloses now: no gap, so nothing around it.
        ("ap2026-03-02", ["2026-03-02", "2026"], ["2026-03-01", "2026-03-03"]), ("ap2026", ["2026"], ["2025", "2027"]),
        // A year from its first day: 304 days and 14 hours ahead.
        ("ap2027", ["2026-12-02", "2028-01-30"], ["2026-11-30", "2028-02-02"]),
    ])
    func `a prefix holds of what the specification says`(_ text: String, _ holds: [String], _ fails: [String]) throws {
        let filter = try Self.filter(text)
        for stated in holds { #expect(filter.holds(of: try #require(PartialDate(stated))), "\(stated)") }
        for stated in fails { #expect(!filter.holds(of: try #require(PartialDate(stated))), "\(stated)") }
    }

    @Test func `a period with an open end goes on`() throws {
        let day = try #require(PartialDate("2026-02-10"))
        for text in ["gt2026-03", "ge2026-03", "ne2026-03", "ap2026-03", "lt2026-03", "le2026-03"] {
            #expect(try Self.filter(text).holds(from: day.start, until: nil), "\(text)")
        }
        for text in ["eq2026-03", "sa2026-03", "eb2026-03", "lt2026-01"] {
            #expect(try !Self.filter(text).holds(from: day.start, until: nil), "\(text)")
        }
        for text in ["lt2026-01", "le2026-01", "ne2026-01"] { #expect(try Self.filter(text).holds(from: nil, until: day.end), "\(text)") }
        for text in ["eq2026-02", "sa2025", "eb2026-02", "gt2026-03"] {
            #expect(try !Self.filter(text).holds(from: nil, until: day.end), "\(text)")
        }
    }

    @Test func `several dates all hold, and none is no condition`() throws {
        let both = [try Self.filter("ge2026-01"), try Self.filter("ne2026-02-10")]
        #expect(both.hold(of: try #require(PartialDate("2026-02-11"))))
        #expect(!both.hold(of: try #require(PartialDate("2026-02-10"))))
        #expect(!both.hold(at: Timestamp(milliseconds: 0)))
        #expect([DateFilter]().hold(from: nil, until: nil))
    }

    @Test(arguments: ["", "ne", "xx2026", "n2026", "2026-13", "ap2026-02-30", "NE2026", "ge 2026", "apap2026", "2026-03-02T10:00"])
    func `what is no date with a prefix is none`(_ text: String) {
        #expect(DateFilter(text, asked: Self.now) == nil)
    }

    @Test func `the same question a moment later is the same question`() throws {
        let later = try #require(DateFilter("ap2020-01", asked: Self.now + .seconds(3600)))
        #expect(try Self.filter("ap2020-01") == later)
        #expect(try Self.filter("ap2020-01").hashValue == later.hashValue)
        #expect(try Self.filter("ap2020-01") != Self.filter("eq2020-01"))
    }
}
