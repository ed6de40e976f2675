import CDA
import ExchangeCore
import Fixtures
import Testing
import XML

/// Every C-CDA of the corpus and every hostile XML file through the renderer.
@Suite(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
struct RenderingCorpusTests {
    /// The words of a text that people read, marks left out.
    private static func words(_ text: String) -> Set<Substring> {
        Set(text.split { !$0.isLetter && !$0.isNumber })
    }

    private static func narratives(_ element: XMLElement) -> [XMLElement] {
        element.elements.flatMap { child in
            child.name == "text" && element.name == "section" ? [child] : narratives(child)
        }
    }

    /// The words of a page without its tags.
    private static func text(_ page: [UInt8]) -> String {
        var text = ""
        var isTag = false
        for character in String(decoding: page, as: UTF8.self) {
            switch character {
            case "<": isTag = true
            case ">":
                isTag = false
                text.append(" ")
            default: if !isTag { text.append(character) }
            }
        }
        for (entity, plain) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            text = text.split(separator: entity, omittingEmptySubsequences: false).joined(separator: plain)
        }
        return text
    }

    @Test func `every word of every narrative of the corpus stands on the page and on the terminal`() throws {
        let files = SharedData.files("ccda/fhir-converter") + SharedData.files("ccda/hl7-cc0")
        var shown = 0
        for file in files where file.hasSuffix(".xml") {
            let bytes = try SharedData.bytes(file)
            guard let document = try? DocumentRendering.render(bytes, mimeType: "text/xml") else { continue }
            shown += 1
            let page = try #require(HTMLWriting.page(document, bytesMax: 64 << 20))
            let root = try XMLReader.read(bytes)
            var wanted: Set<Substring> = []
            for narrative in Self.narratives(root) { wanted.formUnion(Self.words(Self.spaced(narrative))) }
            // Styles may cut a word in two on the page; all together they are the same letters.
            for text in [Self.text(page), TextWriting.lines(document, width: 100).joined(separator: " ")] {
                let missing = wanted.subtracting(Self.words(text)).filter { !text.contains($0) }
                #expect(missing.isEmpty, "\(file): \(missing.count) words")
            }
        }
        #expect(shown >= 20)
    }

    /// The text below an element, a blank between elements that stand apart on a page.
    private static func spaced(_ element: XMLElement) -> String {
        element.children.map { child in
            switch child {
            case .text(let text): ShownText.clean(text)
            case .element(let element): element.name == "footnoteRef" ? "" : " " + spaced(element) + " "
            }
        }.joined()
    }

    @Test func `T107 T108 hostile XML is refused or shown as nothing, and never as what it wanted`() throws {
        var refused = 0
        for file in SharedData.files("hostile/xml") {
            let bytes = try SharedData.inflated(file)
            let document: RenderedDocument?
            do {
                document = try DocumentRendering.render(bytes, mimeType: "text/xml")
            } catch {
                refused += 1
                #expect(error.code == .badRequest || error.code == .tooLarge, "\(file)")
                continue
            }
            guard let document, let page = HTMLWriting.page(document, bytesMax: 64 << 20) else { continue }
            let text = String(decoding: page, as: UTF8.self)
            #expect(!text.contains("root:x:") && !text.contains("<script"), "\(file)")
        }
        #expect(refused >= 12)
    }
}
