import CDA
import ExchangeCore
import Testing
import XML

@Suite struct RenderingTests {
    private static func document(_ text: String, head: String = "", title: String = "Summary") -> [UInt8] {
        Array(
            (#"<ClinicalDocument xmlns="urn:hl7-org:v3"><title>\#(title)</title>\#(head)<component><structuredBody><component>"#
                + "<section><title>Course</title><text>\(text)</text></section></component></structuredBody></component></ClinicalDocument>")
                .utf8)
    }

    private static func rendered(_ text: String, head: String = "", title: String = "Summary") throws -> RenderedDocument {
        try #require(try DocumentRendering.render(document(text, head: head, title: title), mimeType: "text/xml"))
    }

    private static func page(_ text: String, head: String = "", title: String = "Summary") throws -> String {
        let page = try #require(HTMLWriting.page(try rendered(text, head: head, title: title), bytesMax: 1 << 20))
        return String(decoding: page, as: UTF8.self)
    }

    private static func lines(_ text: String, width: Int = 60) throws -> [String] {
        Array(TextWriting.lines(try rendered(text), width: width).drop { $0 != "Course" }.dropFirst(2))
    }

    @Test func `paragraphs, styles, breaks and marks are kept`() throws {
        let text = """
            <paragraph><caption>Why</caption>He <content styleCode="Bold">fell</content><br/>at  home
              <content styleCode="Italics Underline">twice</content>.</paragraph>CO<sub>2</sub> <content revised="delete">gone</content>
            """
        let page = try Self.page(text)
        #expect(page.contains("<p><b>Why</b> He <b>fell</b><br>at home <i><u>twice</u></i>.</p>"))
        #expect(page.contains("CO<sub>2</sub> <del>gone</del>"))
        #expect(try Self.lines(text) == ["Why He fell", "at home twice.", "CO2 [deleted: gone]"])
    }

    @Test func `lists keep their order, their marks and what is within them`() throws {
        let text = """
            <list listType="ordered" styleCode="LittleAlpha"><caption>Plan</caption><item><caption>First</caption>rest</item>
            <item>walk<list><item>slowly</item></list></item></list>
            """
        let page = try Self.page(text)
        #expect(page.contains(#"<p>Plan</p>"#))
        #expect(page.contains(#"<ol type="a"><li><p>First</p>"#))
        #expect(page.contains("<ul><li>slowly</li>"))
        #expect(try Self.lines(text) == ["Plan", "1. First", "   rest", "2. walk", "   - slowly"])
    }

    @Test func `tables keep head, rows, spans and captions`() throws {
        let text = """
            <table border="1"><caption>Drugs</caption><thead><tr><th>Name</th><th>Dose</th></tr></thead>
            <tbody><tr><td>Aspirin</td><td>100 mg</td></tr><tr><td colspan="2" rowspan="99999">none else</td></tr></tbody></table>
            """
        let page = try Self.page(text)
        #expect(page.contains("<caption>Drugs</caption><thead><tr><th>Name</th><th>Dose</th></tr>"))
        #expect(page.contains("<tr><td>Aspirin</td><td>100 mg</td></tr>"))
        #expect(page.contains(#"<td colspan="2" rowspan="1000">none else</td>"#))
        #expect(
            try Self.lines(text) == ["Drugs", "Name       Dose", "---------  ------", "Aspirin    100 mg", "none else  "])
        let wide = text.split(separator: "Aspirin").joined(separator: String(repeating: "long ", count: 20))
        #expect(try Self.lines(wide, width: 40).contains { $0.hasPrefix("Name: long long") })
    }

    @Test func `what cannot be shown is named`() throws {
        #expect(try Self.page(#"<renderMultiMedia referencedObject="x"><caption>ECG</caption></renderMultiMedia>"#).contains("it is not shown"))
        let page = try Self.page(#"<linkHtml href="https://example.org/a?b=c&amp;d">leaflet</linkHtml>"#)
        #expect(page.contains("leaflet (https://example.org/a?b=c&amp;d)"))
        #expect(!page.contains("href"))
        let pdf = #"""
            <ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody><text mediaType="application/pdf" representation="B64">AAAA</text></nonXMLBody></component></ClinicalDocument>
            """#
        let shown = try #require(try DocumentRendering.render(Array(pdf.utf8), mimeType: "application/xml"))
        #expect(TextWriting.lines(shown, width: 200).contains { $0.contains("application/pdf and stands in the document") })
    }

    @Test func `only C-CDA and text are shown`() throws {
        #expect(try DocumentRendering.render(Array("<a/>".utf8), mimeType: "text/xml") == nil)
        #expect(try DocumentRendering.render(Array("%PDF".utf8), mimeType: "application/pdf") == nil)
        #expect(try DocumentRendering.render(Array("<b>x</b>".utf8), mimeType: "text/html") == nil)
        #expect(throws: ExchangeError(.badRequest, "")) { try DocumentRendering.render([0x3C], mimeType: "text/xml") }
        #expect(throws: ExchangeError(.badRequest, "")) { try DocumentRendering.render([0xFF], mimeType: "text/plain") }
        let text = try #require(try DocumentRendering.render(Array("a\r\n<b>\u{1B}[2J".utf8), mimeType: "text/plain; charset=utf-8"))
        #expect(TextWriting.lines(text, width: 80).suffix(2) == ["a", "<b>\u{FFFD}[2J"])
    }

    @Test func `the head says who, when and by whom`() throws {
        let head = #"""
            <languageCode code="en-US"/><effectiveTime value="20260302"/><recordTarget><patientRole><id root="1.2" extension="7"/><patient>
            <name><given>Ann</given><family>Lee</family></name><birthTime value="19580130"/></patient></patientRole></recordTarget>
            """#
        let document = try Self.rendered("x", head: head)
        #expect(document.language == "en-US")
        #expect(document.facts.map(\.name) == ["Patient", "Born", "Numbers", "Written"])
        #expect(document.facts.map(\.values) == [["Ann Lee"], ["1958-01-30"], ["7"], ["2026-03-02"]])
        #expect("\(document)" == "<redacted>")
    }

    private static let payloads = [
        "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>", "<img src='x' onerror='alert(1)'/>", "<svg onload='alert(1)'/>",
        "<a href='javascript:alert(1)'>x</a>", "<iframe src='https://evil.example'/>", "<style>body{display:none}</style>",
        "<linkHtml href='javascript:alert(1)'>x</linkHtml>", "<linkHtml href='data:text/html,&lt;script&gt;'>x</linkHtml>",
        "<linkHtml href='https://e.example/&quot; onmouseover=&quot;alert(1)'>x</linkHtml>", "<content styleCode='Bold&quot; onclick=&quot;x'>x</content>",
        "<table onload='x' style='background:url(https://e.example)'><tr onclick='x'><td colspan='1&quot; onx=&quot;' style='x'>x</td></tr></table>",
        "<table><tbody><tr><td colspan='-1' rowspan='9999999999999999999'>x</td></tr></tbody></table>",
        "<list styleCode='Arabic&quot;&gt;&lt;script&gt;' listType='ordered'><item onclick='x'>x</item></list>",
        "<renderMultiMedia referencedObject='javascript:x'/>", "]]&gt;&lt;/style&gt;&lt;script&gt;x&lt;/script&gt;", "&lt;!-- --&gt;&lt;base href='//e.example'&gt;",
        "<meta http-equiv='refresh' content='0;url=https://e.example'/>", "<object data='x'/><embed src='x'/><form action='x'><input/></form>",
        "&amp;lt;script&amp;gt;", "<html xmlns='http://www.w3.org/1999/xhtml'><script>x</script></html>", "<x:script xmlns:x='urn:x'>x</x:script>",
        "&#x202E;gnp.exe", "&#x9B;2J&#x85;", "&#xE0041;&#xFFFE0;", "<br onclick='x'/><sub onclick='x'>x</sub>",
    ]

    @Test(arguments: payloads)
    func `T110 nothing that a document says runs, loads or leads anywhere`(_ payload: String) throws {
        let isMarkup = payload.contains("<")
        let head = "<recordTarget><patientRole><id root=\"1.2\" extension=\"7\"/><patient><name><family>\(isMarkup ? "x" : payload)</family></name>"
            + "</patient></patientRole></recordTarget><languageCode code=\"en&quot; onload=&quot;x\"/>"
        for text in [payload, "<paragraph>\(payload)</paragraph>", "<list><item>\(payload)</item></list>"] {
            let page = try Self.page(text, head: head, title: isMarkup ? "x" : payload)
            #expect(PageRules.breaches(page) == [])
        }
    }

    @Test(arguments: payloads)
    func `T116 nothing that a document says drives the terminal`(_ payload: String) throws {
        for line in try Self.lines("<paragraph>\(payload)</paragraph><table><tr><td>\(payload)</td></tr></table>") {
            let controls = line.unicodeScalars.filter {
                $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || (0x202A...0x202E).contains($0.value)
            }
            #expect(controls.isEmpty)
        }
    }

    @Test func `a page past its limit is none, and deep or long narrative ends`() throws {
        let long = try Self.rendered(String(repeating: "<paragraph>words of it</paragraph>", count: 10_000))
        #expect(HTMLWriting.page(long, bytesMax: 100_000) == nil)
        #expect(HTMLWriting.page(long, bytesMax: 1 << 20) != nil)
        let depth = 150
        let deep = String(repeating: "<list><item>", count: depth / 2) + "x" + String(repeating: "</item></list>", count: depth / 2)
        #expect(PageRules.breaches(try Self.page(deep)) == [])
        #expect(try Self.lines(deep).last?.hasSuffix("x") == true)
    }
}

/// What a page of ours may hold: known elements, known attributes with known values, and text.
enum PageRules {
    private static let elements: Set<String> = [
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "h4", "h5", "h6", "section", "p", "br", "pre", "dl", "dt", "dd",
        "ul", "ol", "li", "table", "caption", "thead", "tbody", "tr", "td", "th", "b", "i", "u", "em", "sup", "sub", "ins", "del",
    ]

    /// What breaks the rules; empty for a page that keeps them.
    static func breaches(_ page: String) -> [String] {
        var breaches: [String] = []
        var rest = Substring(page.split(separator: "<style>\(HTMLWriting.style)</style>", maxSplits: 1).joined())
        guard rest.hasPrefix("<!DOCTYPE html>") else { return ["no doctype"] }
        rest = rest.dropFirst("<!DOCTYPE html>".count)
        while let open = rest.firstIndex(of: "<") {
            guard let close = rest[open...].firstIndex(of: ">") else { return breaches + ["a tag that does not end"] }
            let tag = rest[rest.index(after: open)..<close]
            let words = tag.split(separator: " ")
            let name = (words.first ?? "").drop { $0 == "/" }
            if !elements.contains(String(name)) || name == "style" { breaches.append("element \(name)") }
            for word in words.dropFirst() where !isFit(word) { breaches.append("attribute \(word)") }
            rest = rest[rest.index(after: close)...]
        }
        return breaches
    }

    private static func isFit(_ attribute: Substring) -> Bool {
        if [#"charset="utf-8""#, #"class="note""#, #"type="a""#, #"type="A""#, #"type="i""#, #"type="I""#].contains(attribute) { return true }
        let parts = attribute.split(separator: "=")
        guard parts.count == 2, parts[1].hasPrefix("\""), parts[1].hasSuffix("\"") else { return false }
        let value = parts[1].dropFirst().dropLast()
        return switch parts[0] {
        case "colspan", "rowspan": Int(value).map { (1...1000).contains($0) } ?? false
        case "lang": value.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
        default: false
        }
    }
}
