import DocumentReview
import ExchangeCore
import Terminology
import Testing

struct DocumentReviewerTests {
    @Test func `a complete discharge summary has nothing to find`() throws {
        #expect(try ReviewedText().findings() == [])
    }

    /// What is changed in the header, and the one finding it must bring.
    static let headers: [(old: String, new: String, grade: ReviewFinding.Grade, rule: ReviewFinding.Rule, words: String)] = [
        (#"<id root="1.2.3" extension="D1"/>"#, "", .error, .header, "no id"),
        ("<title>Discharge summary</title>", "", .warning, .header, "no title"),
        (#"<telecom value="tel:1"/>"#, "", .warning, .header, "namesake"),
        ("<componentOf>", "", .error, .header, "which stay"), ("2.16.840.1.113883.4.6", "1.2.9", .advice, .header, "NPI"),
        (#"value="19570314""#, #"value="20370314""#, .error, .dates, "not born yet"),
        (#"value="19570314""#, #"value="18570314""#, .error, .dates, "older than anybody"),
        (#"<effectiveTime value="20260809143000-0400"/>"#, #"<effectiveTime value="20270809"/>"#, .error, .dates, "future"),
        (#"<low value="20260805"/>"#, #"<low value="20260815"/>"#, .error, .dates, "ends before it begins"),
        (#"<author><time value="20260809143000-0400"/>"#, #"<author><time value="20260901"/>"#, .warning, .dates, "after"),
        (#"<high value="20260809"/>"#, #"<high value="20260901"/>"#, .warning, .dates, "more than a day before the discharge"),
        (
            #"<dischargeDispositionCode code="01" codeSystem="2.16.840.1.113883.12.112"/>"#, "", .warning, .dischargeSections,
            "where the patient went"
        ),
        (#"code="18842-5""#, #"code="18842-4""#, .error, .codes, "check digit"),
    ]

    @Test(arguments: headers) func `what is wrong in a header is found by its rule`(
        _ row: (old: String, new: String, grade: ReviewFinding.Grade, rule: ReviewFinding.Rule, words: String),
    ) throws {
        var text = ReviewedText()
        if row.old == "<componentOf>" {
            text.header = String(text.header[..<(text.header.firstRange(of: "<componentOf>")?.lowerBound ?? text.header.endIndex)])
        } else {
            text = text.replacing(row.old, row.new)
        }
        let findings = try text.findings()
        #expect(
            findings.contains { $0.grade == row.grade && $0.rule == row.rule && $0.message.contains(row.words) }, "\(findings)")
        #expect(findings.map(\.grade) == findings.map(\.grade).sorted())
        #expect(!findings.contains { $0.message.contains("Quintero") || $0.path.contains("Quintero") })
    }

    /// Which section is left out, and what is then missing.
    static let missing: [(number: Int, grade: ReviewFinding.Grade, words: String, basis: String)] = [
        (0, .error, "hospital course", "482.24(c)(4)(vii)"), (1, .error, "discharge diagnosis", "482.24(c)(4)(viii)"),
        (2, .warning, "to take", "RC.02.04.01"), (3, .warning, "tolerate", "C-CDA"),
        (5, .advice, "told", "RC.02.04.01"), (6, .advice, "done", "RC.02.04.01"), (7, .advice, "came", "RC.02.04.01"),
    ]

    @Test(arguments: missing) func `a missing section is named with its regulation`(
        _ row: (number: Int, grade: ReviewFinding.Grade, words: String, basis: String),
    ) throws {
        let findings = try ReviewedText().section(row.number, nil).findings().filter { $0.rule == .dischargeSections }
        #expect(findings.count == 1)
        #expect(findings.first?.grade == row.grade)
        #expect(findings.first?.message.contains(row.words) == true)
        #expect(findings.first?.basis?.contains(row.basis) == true)
    }

    @Test func `follow-up may stand in the plan or in the instructions, but must stand`() throws {
        let neither = try ReviewedText().section(5, nil).section(4, nil).findings()
        #expect(neither.contains { $0.grade == .error && $0.message.contains("follow-up") })
        let one = try ReviewedText().section(4, nil).findings()
        #expect(!one.contains { $0.message.contains("follow-up") })
        let empty = try ReviewedText().section(0, ReviewedText.section("8648-8", "Course", text: "")).findings()
        #expect(empty.contains { $0.grade == .error && $0.message.contains("is empty") })
    }

    @Test func `other documents need no discharge sections, unstructured ones cannot be looked at`() throws {
        var note = ReviewedText().replacing("18842-5", "11488-4").replacing("22.1.8", "22.1.4")
        note.sections = [ReviewedText.section("11450-4", "Problems", text: "None")]
        #expect(try note.findings().filter { $0.rule == .dischargeSections }.isEmpty)
        var scan = ReviewedText()
        scan.body = #"<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERg==</text></nonXMLBody></component>"#
        let findings = try scan.findings()
        #expect(findings.map(\.grade) == [.advice])
        #expect(findings.first?.basis?.contains("482.24") == true)
    }

    @Test func `text without entries and entries without text are both found`() throws {
        let text = ReviewedText.section("11535-2", "Discharge diagnosis", text: "Heart failure, worse than before")
        let findings = try ReviewedText().section(1, text).findings()
        #expect(findings.contains { $0.rule == .narrative && $0.grade == .warning && $0.message.contains("programs cannot") })
        let entries = ReviewedText.section("11535-2", "Discharge diagnosis", text: "", entry: ReviewedText.diagnosis)
        let silent = try ReviewedText().section(1, entries).findings()
        #expect(silent.contains { $0.rule == .narrative && $0.grade == .error && $0.path.contains("component[1]/section") })
        let nothing = ReviewedText.section("30954-2", "Results", text: "")
        #expect(try ReviewedText().section(6, nothing).findings().contains { $0.message.contains("it is empty") })
        let unnamed = "<section><text>Hello</text></section>"
        let nameless = try ReviewedText().section(6, unnamed).findings()
        #expect(nameless.contains { $0.message.contains("no code") } && nameless.contains { $0.message.contains("no title") })
    }

    static let statements: [(old: String, new: String, grade: ReviewFinding.Grade, rule: ReviewFinding.Rule, words: String)] = [
        ("42343007", "42343008", .error, .codes, "SNOMED CT 42343008"), ("I50.22", "I50.", .error, .codes, "ICD-10-CM I50."),
        ("20260805", "20280805", .warning, .dates, "in the future"), ("20260805", "19400805", .warning, .dates, "before the patient was born"),
        ("I50.22", "I50.9", .advice, .specificity, "systolic, diastolic or both"),
        ("I50.22", "R07.9", .advice, .specificity, "symptom"), ("I50.22", "S72.009A", .advice, .specificity, "which side"),
        ("Chronic systolic heart failure", "Heart failure, unspecified", .advice, .specificity, "unspecified"),
    ]

    @Test(arguments: statements) func `what is wrong in an entry is found by its rule`(
        _ row: (old: String, new: String, grade: ReviewFinding.Grade, rule: ReviewFinding.Rule, words: String),
    ) throws {
        var entry = ReviewedText.diagnosis.split(separator: row.old, omittingEmptySubsequences: false).joined(separator: row.new)
        if row.new.hasPrefix("S72") {
            entry = entry.split(separator: "Chronic systolic heart failure").joined(separator: "Fracture of unspecified leg")
        }
        let section = ReviewedText.section("11535-2", "Discharge diagnosis", text: "Text", entry: entry)
        let findings = try ReviewedText().section(1, section).findings()
        #expect(
            findings.contains { $0.grade == row.grade && $0.rule == row.rule && $0.message.contains(row.words) }, "\(findings)")
    }

    @Test func `a unit that is not UCUM and a text in place of a code are found, the text not repeated`() throws {
        let dose = ReviewedText.medication.split(separator: #"unit="mg""#).joined(separator: #"unit="tablets""#)
        let section = ReviewedText.section("10183-2", "Medications", text: "x", entry: dose)
        #expect(try ReviewedText().section(2, section).findings().contains { $0.rule == .codes && $0.message.contains("tablets") })
        let prose = ReviewedText.diagnosis.split(separator: "I50.22").joined(separator: "seen by Marisol Quintero")
        let odd = try ReviewedText().section(1, ReviewedText.section("11535-2", "D", text: "x", entry: prose)).findings()
        #expect(odd.contains { $0.rule == .codes && $0.grade == .error })
        #expect(!odd.contains { $0.message.contains("Quintero") })
    }

    @Test func `a release says more: unknown codes, other names, headings, by the day of the statement`() throws {
        let rows = [
            Concept(code: "I5022", displays: ["Chronic systolic (congestive) heart failure"]),
            Concept(code: "I50", displays: ["Heart failure"], isSelectable: false), Concept(code: "J189", displays: ["Pneumonia"]),
        ]
        let label = try #require(
            ReleaseLabel(
                system: CodeSystem.icd10cm.uri, version: "2026", from: ReleaseDay("20251001"), until: ReleaseDay("20260930"),
                source: "s", digest: "d"))
        let table = try CodeTable(MemoryCodeTableStore(CodeTableWriter.bytes(rows, label: label)))
        let releases = TerminologyReleases([table])
        #expect(try ReviewedText().findings(releases) == [])
        func finding(_ code: String, day: String = "20260805") throws -> ReviewFinding? {
            let entry = ReviewedText.diagnosis.split(separator: "I50.22").joined(separator: code)
                .split(separator: "20260805").joined(separator: day)
            return try ReviewedText().section(1, ReviewedText.section("11535-2", "D", text: "x", entry: entry))
                .findings(releases).first { $0.rule == .codes }
        }
        #expect(try finding("I50.23")?.grade == .error)
        #expect(try finding("I50")?.message.contains("heading") == true)
        #expect(try finding("J18.9")?.message.contains("means \"Pneumonia\"") == true)
        // Before the release began only the form is looked at.
        #expect(try finding("I50.23", day: "20200805") == nil)
    }

    @Test func `findings are bounded`() throws {
        var text = ReviewedText()
        text.sections += [String](repeating: "<section><text/></section>", count: 1000)
        #expect(try text.findings().count == DocumentReviewer.findingsMax)
    }
}
