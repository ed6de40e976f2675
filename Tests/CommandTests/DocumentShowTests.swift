import Fixtures
import Foundation
import JSON
import Testing

/// `hie document show` of files, which needs no node.
@Suite struct DocumentShowTests {
    private static let sample = Repository.samples + "/hospital-quintero-discharge-1.xml"

    @Test func `a sample is shown with its head, its sections and their tables`() async throws {
        let transcript = try await Program().run("document", "show", "--file", Self.sample, "--width", "100")
        #expect(transcript.code == 0, "\(transcript.errors)")
        #expect(transcript.text.hasPrefix("Discharge"))
        for word in ["Patient", "Quintero", "1957-03-14", "Author", "Hospital course"] {
            #expect(transcript.text.contains(word), "\(word)")
        }
        #expect(transcript.text.split(separator: "\n").contains { $0.allSatisfy { $0 == "-" } })
        let json = try await Program().run("document", "show", "--file", Self.sample, "--json")
        #expect(json.json?["facts"]?.items.first?["name"]?.string == "Patient")
        #expect((json.json?["sections"]?.items.count ?? 0) > 3)
        #expect(json.json?["sections"]?.items.allSatisfy { $0["lines"] != nil } == true)
    }

    @Test func `T110 a page for browsers is written, with nothing in it that runs or is loaded`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = try folder.file("page.html", text: "")
        let transcript = try await Program().run("document", "show", "--file", Self.sample, "--html", path)
        #expect(transcript.code == 0 && transcript.out.isEmpty)
        let page = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
        for word in ["<script", "href", "src=", "http-equiv", "onload"] { #expect(!page.contains(word)) }
    }

    @Test func `T116 what a document says cannot drive the terminal`() async throws {
        let text = "a\u{1B}]0;owned\u{7}\u{1B}[2Jb\u{9B}6n\u{202E}c\u{85}d\r\nsecond\u{8}line\t\u{7F}"
        let transcript = try await Program().run("document", "show", "--file", "-", input: Array(text.utf8))
        #expect(transcript.code == 0)
        #expect(transcript.text.contains("second"))
        let controls = transcript.text.unicodeScalars.filter {
            ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
        }
        #expect(controls.isEmpty, "\(controls.map(\.value))")
    }

    @Test func `what cannot be shown, or is named wrongly, is said with a next step`() async throws {
        for (text, word) in [("<a/>", "not shown as text"), ("<ClinicalDocument", "cannot be read"), ("<!DOCTYPE a><a/>", "cannot be read")] {
            let transcript = try await Program().run("document", "show", "--file", "-", input: Array(text.utf8))
            #expect(transcript.code == 1)
            #expect(transcript.errors.contains(word) && transcript.errors.contains("document get"), "\(transcript.errors)")
        }
        #expect(try await Program().run("document", "show", "--file", "-", input: [0xFF]).code == 1)
        #expect(try await Program().run("document", "show").code == 2)
        #expect(try await Program().run("document", "show", "x", "--file", "y").code == 2)
        #expect(try await Program().run("document", "show", "--file", Self.sample, "--width", "1").code == 2)
        #expect(try await Program().run("document", "show", "--file", "/no/such/file").code == 4)
    }
}
