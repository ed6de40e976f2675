import Testing
import XML

struct XMLReaderTests {
    private static func shown(_ node: XMLNode) -> String {
        switch node {
        case .text(let text): text
        case .element(let element): "<\(element.name)>"
        }
    }

    private func read(_ text: String, _ limits: XMLLimits = XMLLimits()) throws -> XMLElement {
        try XMLReader.read(Array(text.utf8), limits: limits)
    }

    private func offset(_ text: String, _ limits: XMLLimits = XMLLimits()) -> Int? {
        do {
            _ = try XMLReader.read(Array(text.utf8), limits: limits)
            return nil
        } catch {
            return error.offset
        }
    }

    @Test func `elements have namespaces, attributes, text and offsets`() throws {
        let root = try read(
            """
            <?xml version="1.0"?><a xmlns="urn:n" xmlns:p="urn:m" k="1" p:k="2" xml:lang="de"><!-- x -->t&amp;<b>1</b>\
            <p:b>2</p:b><![CDATA[<u>]]><b xmlns="">3</b><b>4</b></a>
            """)
        #expect(root.namespace == "urn:n")
        #expect(root.name == "a")
        #expect(root.offset == 21)
        #expect(root.attribute("k") == "1")
        #expect(root.attribute("k", namespace: "urn:m") == "2")
        #expect(root.attribute("lang", namespace: "http://www.w3.org/XML/1998/namespace") == "de")
        #expect(root.attribute("xmlns") == nil)
        #expect(root.first("b")?.text == "1")
        #expect(root.all("b").map(\.text) == ["1", "4"])
        #expect(root.elements.map(\.namespace) == ["urn:n", "urn:m", "", "urn:n"])
        #expect(root.text == "t&12<u>34")
        #expect(root.children.map(Self.shown) == ["t&", "<b>", "<b>", "<u>", "<b>", "<b>"])
        #expect(root.hasWords && root.first("b")?.hasWords == true)
        #expect(root.path("b")?.name == "b")
        #expect(root.path("b", "c") == nil)
    }

    @Test(arguments: [
        "", " ", "a", "<a>", "<a></b>", "<a><b></a></b>", "<a/><b/>", "<a/>x", "<a b=1/>", "<a b='1' b='2'/>", "<p:a/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "<a>&lt</a>", "<a>&x;</a>", "<a>&#0;</a>", "<a>\u{1}</a>",
        "<a b='<'/>", "<1/>", "<a><!-- -- --></a>", "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "<?xml version='1.0' encoding='ebcdic-x'?><a/>",
        "<a xmlns:p=''/>", "<a>]]></a>", "<xmlns:a/>", "<a xmlns:xmlns='u'/>", "<a xmlns:xml='u'/>", "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", "<:a/>", "<a:/>", "<a xmlns:p='u'><p:b:c/></a>", "<a :b='1'/>", "<a b:='1'/>",
        "<a xmlns:p:q='u'/>", "<a p:b='1'/>", "<a><b xmlns:p='u'/><p:b/></a>", "<a xmlns:='u'/>", "<a xmlns:p='u'><p:1/></a>",
    ])
    func `what is not well-formed, or has a DOCTYPE, is refused`(_ text: String) {
        #expect(throws: XMLError.self) { try read(text) }
    }

    @Test func `faults are placed`() {
        #expect(offset("<a><b></a>") == 8)
        #expect(offset("<a/> <!DOCTYPE a>") != nil)
        #expect(offset("<?xml version='1.0'?>\n<!DOCTYPE a><a/>").map { (22...33).contains($0) } == true)
        #expect(offset("<a>") == 3)
    }

    @Test func `a DOCTYPE ends the reading before anything is expanded`() {
        let laughs = (1..<20).map { "<!ENTITY l\($0) '\(String(repeating: "&l\($0 - 1);", count: 10))'>" }.joined()
        let error = #expect(throws: XMLError.self) { try read("<!DOCTYPE a [<!ENTITY l0 'ha'>\(laughs)]><a>&l19;</a>") }
        #expect(error?.message.contains("document type") == true)
    }

    @Test func `limits hold exactly`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(offset(nested(200)) == nil)
        #expect(offset(nested(201)) == 600)
        func attributes(_ count: Int) -> String { "<a " + (0..<count).map { "k\($0)='' " }.joined() + "/>" }
        #expect(offset(attributes(256)) == nil)
        #expect(offset(attributes(257)) == 0)
        let name = String(repeating: "n", count: 256)
        #expect(offset("<\(name)/>") == nil)
        #expect(offset("<\(name)n/>") == 0)
        #expect(offset("<a \(name)n=''/>") == 0)
        #expect(offset("<a>12345</a>", XMLLimits(bytesMax: 12)) == nil)
        #expect(offset("<a>12345</a>", XMLLimits(bytesMax: 11)) == 11)
        #expect(offset("<a>1<b/>2<b/></a>", XMLLimits(nodesMax: 5)) == nil)
        #expect(offset("<a>1<b/>2<b/>3</a>", XMLLimits(nodesMax: 5)) != nil)
    }

    @Test func `T108 a token that grows is refused while it grows, text is not`() throws {
        let long = [UInt8](repeating: 0x78, count: 4 << 20)
        let head = Array("<a>".utf8), tail = Array("</a>".utf8)
        let openings = ["<!--", "<?p ", "<b k='", "<b"].map { Array($0.utf8) }
        for opening in openings {
            let error = #expect(throws: XMLError.self) { try XMLReader.read(head + opening + long + tail) }
            #expect(error.map { $0.offset <= 16 } == true)
        }
        #expect(try XMLReader.read(head + long + tail).text.utf8.count == long.count)
        let section = Array("<![CDATA[".utf8) + long + Array("]]>".utf8)
        #expect(try XMLReader.read(head + section + tail).text.utf8.count == long.count)
    }

    @Test func `namespaces hold for the element that declares them and what is below, the nearest first`() throws {
        let root = try read(
            "<p:a xmlns:p='u' p:k='1' xmlns='d'><b xmlns='' xmlns:p='v' p:k='2' k='3'><p:c/><d xmlns='d'/></b><p:e/><e xmlns='d'/></p:a>")
        #expect(root.namespace == "u" && root.attribute("k", namespace: "u") == "1")
        let inner = try #require(root.elements.first)
        #expect(inner.namespace == "" && inner.attribute("k", namespace: "v") == "2" && inner.attribute("k") == "3")
        #expect(inner.elements.map(\.namespace) == ["v", "d"])
        #expect(root.elements.map(\.namespace) == ["", "u", "d"])
        #expect(try read("<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:id='i'/>").attributes.map(\.name) == ["id"])
        let many = (0..<255).map { "xmlns:p\($0)='u'" }
        #expect(offset("<a \(many.dropLast().joined(separator: " "))/>") == nil)
        #expect(offset("<a \(many.joined(separator: " "))/>") == 0)
        // Programs that declare it again at every level declare nothing new.
        let again = String(repeating: "<a xmlns='u' xmlns:p='v'>", count: 190) + String(repeating: "</a>", count: 190)
        #expect(offset(again) == nil)
    }

    @Test func `T108 many attributes in one long namespace cost no more than their bytes`() {
        let namespace = String(repeating: "u", count: 120_000)
        let names = (0..<15_000).map { "p:n\($0)=''" }.joined(separator: " ")
        // By expat's own resolution this took 21 s.
        #expect(offset("<a xmlns:p='\(namespace)' \(names)/>") == 0)
        #expect(offset("<a xmlns:p='u' \(names)/>") == 0)
    }

    @Test func `T108 a namespace has a limit`() throws {
        func declared(_ length: Int, _ inner: String) -> [UInt8] {
            Array("<a xmlns=\"\(String(repeating: "u", count: length))\" xmlns:p=\"v\">\(inner)</a>".utf8)
        }
        #expect(try XMLReader.read(declared(256, "<b/>")).elements.first?.namespace.utf8.count == 256)
        #expect(throws: XMLError("a name or a namespace that is too long", offset: 0)) { try XMLReader.read(declared(257, "<b/>")) }
    }

    @Test func `three encodings say the same`() throws {
        let text = "<a k='\u{E9}'>\u{FC}\u{2260}</a>"
        let plain = try read(text)
        let marked = try XMLReader.read([0xEF, 0xBB, 0xBF] + Array(text.utf8))
        #expect(marked.text == plain.text)
        for isLittle in [true, false] {
            var wide: [UInt8] = isLittle ? [0xFF, 0xFE] : [0xFE, 0xFF]
            for unit in text.utf16 {
                let high = UInt8(unit >> 8), low = UInt8(unit & 0xFF)
                wide += isLittle ? [low, high] : [high, low]
            }
            let root = try XMLReader.read(wide)
            #expect(root.text == plain.text)
            #expect(root.attribute("k") == "é")
        }
        let latin = Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xFC] + Array("</a>".utf8)
        #expect(try XMLReader.read(latin).text == "ü")
    }

    @Test func `no beginning of a document is a document, and no changed byte a crash`() throws {
        let text = Array(
            "<?xml version='1.0'?><a xmlns='u'><b k='v&amp;'>t<![CDATA[x]]></b><!-- c --><p:c xmlns:p='q'/></a>".utf8)
        for length in 0..<text.count {
            #expect(throws: XMLError.self) { try XMLReader.read(Array(text.prefix(length))) }
        }
        for at in text.indices {
            for byte: UInt8 in [0x00, 0x20, 0x26, 0x3C, 0x3E, 0x80, 0xFF] {
                var changed = text
                changed[at] = byte
                _ = try? XMLReader.read(changed)
            }
        }
    }

    @Test func `XInclude stays an element`() throws {
        let root = try read("<a xmlns:x='http://www.w3.org/2001/XInclude'><x:include href='file:///etc/passwd'/></a>")
        #expect(root.elements.map(\.name) == ["include"])
        #expect(root.text.isEmpty)
    }
}
