import Fixtures
import Foundation
import JSON
import Testing

/// `hie document check`, which needs no node.
@Suite struct DocumentCheckTests {
    private static var samples: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: Repository.samples)) ?? [])
            .filter { $0.hasSuffix(".xml") }.sorted()
    }

    @Test func `every sample can be published`() async throws {
        let transcript = try await Program().run("document", "check", Repository.samples)
        #expect(transcript.code == 0, "\(transcript.text)")
        #expect(Self.samples.count >= 8)
        for sample in Self.samples { #expect(transcript.text.contains("\(sample): can be published")) }
        #expect(transcript.errors.contains("\(Self.samples.count) documents can be published, 0 cannot"))
    }

    @Test func `as JSON each document is one line`() async throws {
        let transcript = try await Program().run("document", "check", Repository.samples, "--json")
        #expect(transcript.jsonLines.count == Self.samples.count)
        for line in transcript.jsonLines {
            #expect(line["publishable"] == true)
            #expect(line["uniqueId"]?.string?.hasPrefix("urn:") == true)
            #expect(line["findings"] != nil)
        }
    }

    /// What comes on stdin, and a word of the refusal.
    static let broken: [(name: String, text: String, word: String)] = [
        ("empty", "", "byte 0"), ("no XML", "hello", "byte 0"), ("unclosed", "<ClinicalDocument", "byte"),
        ("another root", "<a/>", "ClinicalDocument"),
        ("a DTD", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "byte"),
        ("no header", #"<ClinicalDocument xmlns="urn:hl7-org:v3"/>"#, "recordTarget"),
    ]

    @Test(arguments: broken) func `a document that cannot be published exits 1 and says where`(
        _ vector: (name: String, text: String, word: String),
    ) async throws {
        let transcript = try await Program().run("document", "check", "-", input: Array(vector.text.utf8))
        #expect(transcript.code == 1)
        #expect(transcript.text.contains(vector.word), "\(transcript.text)")
        let json = try await Program().run("document", "check", "-", "--json", input: Array(vector.text.utf8))
        #expect(json.code == 1)
        #expect(json.jsonLines.first?["publishable"] == false)
        #expect((json.jsonLines.first?["findings"]?.items.count ?? 0) > 0)
    }

    @Test func `a title cannot move the cursor`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = try folder.file("a\u{1B}[31mb.xml", text: "<a/>")
        let transcript = try await Program().run("document", "check", path)
        #expect(transcript.code == 1)
        #expect(!transcript.out.contains(0x1B))
    }

    @Test func `a folder without documents and a file that is not there exit 4`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let empty = try await Program().run("document", "check", folder.path)
        #expect(empty.code == 4)
        let absent = try await Program().run("document", "check", folder.path + "/nothing.xml")
        #expect(absent.code == 4)
    }

    @Test(.enabled(if: SharedData.isPresent, "the shared data is not here"))
    func `T60 hostile XML has the outcome its index asks for, and nothing is expanded`() async throws {
        let index = String(decoding: try SharedData.bytes("hostile/INDEX.tsv"), as: UTF8.self)
        var expected: [(path: String, isPublishable: Bool?)] = []
        for line in index.split(separator: "\n") {
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard cells.count == 3, cells[0].hasPrefix("xml/"), cells[0].hasSuffix(".xml") else { continue }
            let isRefused = ["reject", "extraction error", "accept only"].contains { cells[1].hasPrefix($0) }
            let isAccepted = !isRefused && cells[1].hasPrefix("accept")
            expected.append(
                (SharedData.root.path + "/hostile/" + cells[0], isRefused ? false : isAccepted ? true : nil))
        }
        #expect(expected.count > 15)
        let transcript = try await Program().run(["document", "check", "--json"] + expected.map(\.path))
        #expect(transcript.code == 1)
        #expect(transcript.jsonLines.count == expected.count)
        for (line, wanted) in zip(transcript.jsonLines, expected) {
            #expect(line["file"]?.string == wanted.path)
            if let isPublishable = wanted.isPublishable {
                #expect(line["publishable"]?.bool == isPublishable, "\(wanted.path): \(line)")
            }
        }
        #expect(!transcript.text.contains("root:x:0"))
    }
}
