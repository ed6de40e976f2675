import ExchangeCore
import Terminology
import Testing

struct TerminologyReleasesTests {
    private static func releases() throws -> TerminologyReleases {
        let old =
            ReleaseFiles.order(1, "I509", 1, "Heart failure", "Heart failure, unspecified")
            + ReleaseFiles.order(2, "Z999", 1, "Retired", "Retired code")
        return TerminologyReleases([
            try ReleaseFiles.table(ReleaseFiles.icd10cm, .icd10cm, version: "2026", from: "2025-10-01", until: "2026-09-30"),
            try ReleaseFiles.table(old, .icd10cm, version: "2025", from: "2024-10-01", until: "2025-09-30"),
            try ReleaseFiles.table(ReleaseFiles.loinc, .loinc, version: "2.80"),
            try ReleaseFiles.table(ReleaseFiles.hcpcsFile, .hcpcs, version: "2026"),
        ])
    }

    static let codes: [(code: String, system: CodeSystem, display: String?, day: String?, verdict: String)] = [
        ("I50.9", .icd10cm, "Heart failure, unspecified", "2026-08-09", "valid"),
        ("I50.9", .icd10cm, "HEART FAILURE (UNSPECIFIED)", nil, "valid"),
        ("I50.9", .icd10cm, "Cardiac failure", nil, "valid"), ("I50.9", .icd10cm, "Pneumonia", nil, "other-name"),
        ("I50", .icd10cm, nil, "2026-08-09", "heading"), ("I50.8", .icd10cm, nil, "2026-08-09", "unknown"),
        ("I50..", .icd10cm, nil, nil, "malformed"), ("Z99.9", .icd10cm, nil, "2025-01-01", "valid"),
        ("Z99.9", .icd10cm, nil, "2026-01-01", "unknown"), ("Z99.9", .icd10cm, nil, nil, "unknown"),
        ("I50.9", .icd10cm, nil, "2019-01-01", "form-only"), ("J1100", .hcpcs, nil, "2026-01-01", "valid"),
        ("J1100", .hcpcs, nil, "2018-12-31", "not-on-day"), ("J0999", .hcpcs, nil, "2026-01-01", "not-on-day"),
        ("1-8", .loinc, nil, nil, "withdrawn"), ("18842-5", .loinc, "Discharge summary", nil, "valid"),
        ("18842-4", .loinc, nil, nil, "malformed"), ("48765-2", .loinc, nil, nil, "unknown"),
        ("LA6576-8", .loinc, nil, nil, "form-only"), ("42343007", .snomed, "Heart failure", nil, "form-only"),
        ("99213", .cpt, "Office visit", nil, "form-only"), ("mg/dL", .ucum, nil, nil, "form-only"),
        ("mgs", .ucum, nil, nil, "malformed"),
    ]

    @Test(arguments: codes) func `a code is judged by the release in force on its day`(
        _ row: (code: String, system: CodeSystem, display: String?, day: String?, verdict: String),
    ) throws {
        let day = row.day.flatMap(ReleaseDay.init)
        #expect((day == nil) == (row.day == nil))
        let verdict = try Self.releases().judge(row.code, system: row.system.uri, display: row.display, on: day)
        #expect(verdict.name == row.verdict)
        #expect(!verdict.sentence.isEmpty && !verdict.sentence.hasSuffix("."))
    }

    @Test func `of releases in force the one that began last counts, and unknown systems are not judged`() throws {
        let releases = try Self.releases()
        #expect(releases.release(of: CodeSystem.icd10cm.uri, on: nil)?.label.version == "2026")
        #expect(releases.release(of: CodeSystem.icd10cm.uri, on: ReleaseDay("20250101"))?.label.version == "2025")
        #expect(releases.release(of: CodeSystem.icd10cm.uri, on: ReleaseDay("2030-01-01")) == nil)
        #expect(try releases.judge("x", system: "http://example.org") == .unjudged)
        #expect(try TerminologyReleases().judge("I50.9", system: CodeSystem.icd10cm.uri) == .formOnly)
    }

    @Test func `days are days`() {
        for text in ["2026-02-29", "20261301", "2026-00-10", "2026", "", "2026-1-1", "20260230", "abcdefgh"] {
            #expect(ReleaseDay(text) == nil, "\(text)")
        }
        #expect(ReleaseDay("20240229")?.description == "2024-02-29")
        #expect(ReleaseLabel(system: "a", version: "1", from: ReleaseDay("20260101"), until: ReleaseDay("20250101"), source: "s", digest: "d") == nil)
        #expect(ReleaseLabel(system: "", version: "1", source: "s", digest: "d") == nil)
        #expect(ReleaseLabel(system: "a\n", version: "1", source: "s", digest: "d") == nil)
    }
}
