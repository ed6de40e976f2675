import ExchangeCore
import Testing

@testable import PeerTransport

@Suite struct PeerPlaceTests {
    private static let base = "https://b.example.org/r4/fhir"

    @Test(arguments: [
        ("https://b.example.org/r4/fhir/Binary/7", "/Binary/7"), ("Binary/7", "/Binary/7"),
        ("/r4/fhir/files/7.xml?v=2&x=a%20b", "/files/7.xml?v=2&x=a%20b"), ("files/a:b", "/files/a:b"),
        ("https://b.example.org/r4/fhir?_getpages=1", nil), ("https://b.example.org/r4/fhirx/Binary/7", nil),
        ("https://b.example.org.evil.example/r4/fhir/Binary/7", nil), ("https://evil.example/r4/fhir/Binary/7", nil),
        ("http://b.example.org/r4/fhir/Binary/7", nil), ("//evil.example/r4/fhir/Binary/7", nil),
        ("https://u@b.example.org/r4/fhir/Binary/7", nil), ("/admin/Binary/7", nil), ("../Binary/7", nil),
        ("Binary/../../admin", nil), ("Binary/%2e%2e/x", nil), ("Binary/%2E./x", nil), ("Binary%2f..%2fx", nil),
        ("Binary/./7", nil), ("Binary//7", nil), ("Binary/7#part", nil), ("file:///etc/passwd", nil),
        ("javascript:alert(1)", nil), ("Binary/7 HTTP/1.1", nil), ("Binary/7\r\nX: y", nil), ("Binary\\7", nil),
        ("?a=b", nil), ("", nil), ("/", nil), ("Binary/\u{e9}", nil),
    ])
    func `T23 a link leads below the peer's own base or nowhere`(link: String, place: String?) {
        #expect(PeerPlace.below(Self.base, link) == place)
    }

    @Test func `of a link to a Binary of the document's own id, at whatever address, the id alone is taken`() throws {
        #expect(try PeerPlace.ofDocument("https://10.0.0.1/fhir/Binary/d7", id: "d7", bases: [Self.base]) == nil)
        #expect(try PeerPlace.ofDocument("Binary/d8", id: "d7", bases: ["https://a.example.org/x", Self.base]) == "/Binary/d8")
        for url in ["https://10.0.0.1/fhir/Binary/d8", "http://10.0.0.1/fhir/Binary/d7", "ftp://x/Binary/d7"] {
            #expect(throws: ExchangeError(.badRequest, "")) {
                try PeerPlace.ofDocument(url, id: "d7", bases: ["https://a.example.org/x", Self.base])
            }
        }
    }

    @Test func `a link longer than the limit is none`() {
        let long = "Binary/" + String(repeating: "a", count: PeerPlace.bytesMax)
        #expect(PeerPlace.below(Self.base, long) == nil)
        #expect(PeerPlace.below(Self.base, String(long.prefix(PeerPlace.bytesMax))) != nil)
    }
}
