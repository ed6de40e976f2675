import Foundation
import JSON
import Testing

/// `hie terminology`, which needs no running node, and what `hie document check` makes of a release.
@Suite struct TerminologyCommandTests {
    /// Lines in the form of CMS' order file.
    private static func order(_ number: Int, _ code: String, _ mark: Int, _ name: String) -> String {
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
        let digits = String(number)
        return String(repeating: "0", count: 5 - digits.count) + digits + " " + padded(code, 7) + " \(mark) " + padded(name, 60)
            + " " + name + "\r\n"
    }

    private static let release =
        order(1, "I50", 0, "Heart failure") + order(2, "I5033", 1, "Acute on chronic diastolic heart failure")
        + order(3, "I509", 1, "Heart failure, unspecified")

    private static func imported(_ folder: Folder) async throws -> (store: String, program: Program) {
        let file = try folder.file("icd10cm-order-2026.txt", text: release)
        let store = folder.path + "/codes"
        let program = Program(environment: ["HIE_TERMINOLOGY": store])
        let transcript = try await program.run(
            "terminology", "import", file, "--system", "icd-10-cm", "--release", "2026", "--from", "2025-10-01", "--until",
            "2026-09-30", "--json")
        try #require(transcript.code == 0, "\(transcript.errors)")
        #expect(transcript.json?["codes"]?.integer == 3)
        #expect(transcript.json?["sha256"]?.string?.count == 64)
        #expect(transcript.json?["file"]?.string == "icd10cm-order-2026.txt")
        return (store, program)
    }

    @Test func `a release is imported, listed, looked up and asked by the day`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let (store, program) = try await Self.imported(folder)
        let list = try await Program().run("terminology", "list", "--releases", store, "--json")
        #expect(list.json?["releases"]?[0]?["title"] == "ICD-10-CM")
        #expect(list.json?["releases"]?[0]?["until"] == "2026-09-30")
        let table = try await program.run("terminology", "list")
        #expect(table.text.contains("2026-09-30"))
        let found = try await program.run("terminology", "lookup", "I50.9", "--system", "icd-10-cm", "--json")
        #expect(found.json?["concept"]?["name"] == "Heart failure, unspecified")
        let below = try await program.run("terminology", "lookup", "I50", "--system", "icd-10-cm", "--below", "5")
        #expect(below.code == 0 && below.text.contains("heading") && below.text.contains("I5033"), "\(below.text)")
        let absent = try await program.run("terminology", "lookup", "I51.9", "--system", "icd-10-cm")
        #expect(absent.code == 4 && absent.errors.contains("does not exist in ICD-10-CM 2026"))
        let early = try await program.run("terminology", "lookup", "I50.9", "--system", "icd-10-cm", "--on", "2025-09-30")
        #expect(early.code == 4 && early.errors.contains("import one"))
    }

    /// A code, what else is said of it, the exit code and the verdict.
    static let verdicts: [(arguments: [String], code: Int32, verdict: String)] = [
        (["I50.9", "--system", "icd-10-cm"], 0, "valid"), (["I50", "--system", "icd-10-cm"], 1, "heading"),
        (["I50.99", "--system", "icd-10-cm"], 1, "unknown"), (["I50..9", "--system", "icd-10-cm"], 1, "malformed"),
        (["I50.9", "--system", "icd-10-cm", "--display", "Pneumonia"], 0, "other-name"),
        (["I50.9", "--system", "icd-10-cm", "--on", "2027-01-01"], 0, "form-only"),
        (["mg/dL", "--system", "ucum"], 0, "form-only"), (["mgs", "--system", "ucum"], 1, "malformed"),
        (["x", "--system", "urn:oid:1.2.3"], 0, "unjudged"),
    ]

    @Test func `a code that is certainly wrong exits 1, one of which little is known says so`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let (_, program) = try await Self.imported(folder)
        for row in Self.verdicts {
            let transcript = try await program.run(["terminology", "validate"] + row.arguments + ["--json"])
            #expect(transcript.code == row.code, "\(row.arguments)")
            #expect(transcript.jsonLines.first?["verdict"]?.string == row.verdict, "\(row.arguments): \(transcript.text)")
        }
        let several = try await program.run("terminology", "validate", "I50.9", "I50", "--system", "icd-10-cm")
        #expect(several.code == 1 && several.text.split(separator: "\n").count == 2)
    }

    @Test func `what cannot be imported is refused, and nothing is left behind`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let store = folder.path + "/codes"
        let broken = try folder.file("broken.txt", text: "not an order file\n")
        let program = Program()
        let cases: [(arguments: [String], code: Int32, word: String)] = [
            ([broken, "--system", "icd-10-cm", "--release", "1", "--releases", store], 1, "order file"),
            ([broken, "--system", "cpt", "--release", "1", "--releases", store], 2, "not imported"),
            ([broken, "--system", "icd-10", "--release", "1", "--releases", store], 2, "icd-10-cm"),
            ([broken, "--system", "icd-10-cm", "--release", "1", "--from", "today", "--releases", store], 2, "no day"),
            ([broken, "--system", "icd-10-cm", "--release", "1", "--format", "word", "--releases", store], 2, "rxnconso"),
            ([folder.path + "/none", "--system", "icd-10-cm", "--release", "1", "--releases", store], 4, "cannot read"),
            ([broken, "--system", "icd-10-cm", "--release", "1", "--home", folder.path + "/node"], 10, "hie init"),
        ]
        for row in cases {
            let transcript = try await program.run(["terminology", "import"] + row.arguments)
            #expect(transcript.code == row.code, "\(row.arguments): \(transcript.errors)")
            #expect(transcript.errors.contains(row.word), "\(row.arguments): \(transcript.errors)")
            #expect(transcript.out.isEmpty)
        }
        #expect(!FileManager.default.fileExists(atPath: store))
    }

    @Test func `a document's codes are judged by the release, with rule, place and regulation`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let (store, _) = try await Self.imported(folder)
        let sample = Repository.samples + "/hospital-quintero-discharge-1.xml"
        let plain = try await Program().run("document", "check", sample, "--json")
        let judged = try await Program().run("document", "check", sample, "--releases", store, "--json")
        func rules(_ transcript: Transcript, _ rule: String) -> [JSONValue] {
            (transcript.jsonLines.first?["findings"]?.items ?? []).filter { $0["rule"]?.string == rule }
        }
        #expect(rules(judged, "codes").count > rules(plain, "codes").count, "\(judged.text)")
        for finding in rules(judged, "codes") {
            #expect(finding["path"]?.string?.hasPrefix("ClinicalDocument/") == true)
            #expect(["error", "warning", "advice"].contains(finding["severity"]?.string))
        }
    }

    @Test func `a summary without its hospital course is an error that names the regulation, and only errors count`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let sample = try String(
            contentsOf: URL(fileURLWithPath: Repository.samples + "/hospital-quintero-discharge-1.xml"), encoding: .utf8)
        let (template, code) = ("1.3.6.1.4.1.19376.1.5.3.1.3.5", #"code="8648-8""#)
        #expect(sample.contains(template) && sample.contains(code), "the sample has a hospital course")
        let path = try folder.file(
            "without.xml", text: sample.replacing(template, with: "2.999.1").replacing(code, with: #"code="29299-5""#))
        let transcript = try await Program().run("document", "check", path)
        #expect(transcript.code == 1)
        #expect(transcript.text.contains("can be published: 1 error"), "\(transcript.text)")
        #expect(transcript.text.contains("42 CFR 482.24"))
        let only = try await Program().run("document", "check", path, "--errors-only")
        #expect(only.code == 1)
        #expect(!only.text.contains("  warning  ") && !only.text.contains("  advice  "))
        let json = try await Program().run("document", "check", path, "--json")
        #expect((json.jsonLines.first?["errors"]?.integer ?? 0) > 0)
        #expect(json.jsonLines.first?["publishable"] == true)
    }
}
