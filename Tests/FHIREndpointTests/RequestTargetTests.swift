import ExchangeCore
import Testing

@testable import FHIREndpoint

@Suite struct RequestTargetTests {
    @Test func `path and query are decoded once`() throws {
        let target = try RequestTarget("/fhir/Patient/%24match/?a=x%7Cy&b=1+2&a=%C3%A4")
        #expect(target.segments == ["fhir", "Patient", "$match"])
        #expect(
            try target.fields == [
                RequestField(name: "a", value: "x|y"), RequestField(name: "b", value: "1+2"),
                RequestField(name: "a", value: "ä"),
            ])
    }

    @Test func `an absolute target counts by its path`() throws {
        #expect(try RequestTarget("https://a.example.org/fhir/metadata").segments == ["fhir", "metadata"])
    }

    @Test(arguments: [
        "/fhir/%", "/fhir/%4", "/fhir/%zz", "/fhir/%FF", "/fhir/%C3", "/fhir/%00", "/fhir/%0A", "/fhir/a b", "/fhir/ä",
        "fhir", "*", "", "https://a.example.org", "/fhir/%C0%AF", "/fhir/%ED%A0%80",
    ])
    func `what is not well formed is refused`(_ text: String) {
        #expect(throws: ExchangeError(.badRequest, "")) { try RequestTarget(text) }
    }

    @Test(arguments: ["a=%", "a=%FF", "%FF=a", "=x", "a=\u{7F}", "a=%00"])
    func `a query or form that is not well formed is refused`(_ text: String) {
        #expect(throws: ExchangeError(.badRequest, "")) { try RequestTarget("/fhir?" + text).fields }
    }

    @Test func `a plus is a space in a form and a plus in a query`() throws {
        #expect(try RequestTarget.fields(form: Array("a=van+der&b=%2B".utf8)).map(\.value) == ["van der", "+"])
        #expect(try RequestTarget("/fhir?date=ge2026-03-02T10:00:00+01:00").fields.first?.value.contains("+") == true)
    }

    @Test func `T106 ten thousand parameters are refused`() {
        let many = (0..<33).map { "p\($0)=1" }.joined(separator: "&")
        #expect(throws: ExchangeError(.badRequest, "")) { try RequestTarget("/fhir?" + many).fields }
        let long = String(repeating: "a", count: RequestTarget.bytesMax)
        #expect(throws: ExchangeError(.badRequest, "")) { try RequestTarget("/" + long) }
        #expect(throws: ExchangeError(.tooLarge, "")) { try RequestTarget.fields(form: [UInt8](repeating: 0x61, count: RequestTarget.formBytesMax + 1)) }
        let value = "a=" + String(repeating: "a", count: RequestTarget.valueBytesMax + 1)
        #expect(throws: ExchangeError(.badRequest, "")) { try RequestTarget("/fhir?" + value).fields }
    }

    @Test(arguments: ["", "a b", "Müller|x,y", "100%", "a&b=c", "+01:00", "\"\\\u{1F600}"])
    func `what is encoded for a link reads back the same`(_ text: String) throws {
        var encoded: [UInt8] = []
        PercentEncoding.append(text, to: &encoded)
        #expect(try PercentEncoding.decode(encoded[...], plusIsSpace: false) == text)
        #expect(try PercentEncoding.decode(encoded[...], plusIsSpace: true) == text)
    }
}
