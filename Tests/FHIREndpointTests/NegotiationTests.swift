import ExchangeCore
import HTTPTypes
import Testing

@testable import FHIREndpoint

@Suite struct NegotiationTests {
    private func refusal(_ work: () throws(EdgeRefusal) -> Void) -> Int? {
        do {
            try work()
            return nil
        } catch {
            return OutcomeMapping.answer(to: error).status.code
        }
    }

    @Test(arguments: [
        (nil, nil), ("application/fhir+json", nil), ("application/json", nil), ("*/*", nil), ("application/*", nil),
        ("text/html, application/xhtml+xml, */*;q=0.8", nil), ("application/fhir+json; fhirVersion=4.0", nil),
        ("application/fhir+xml, application/fhir+json;q=0.5", nil), ("", nil), ("application/fhir+xml", nil),
        ("application/xml", nil), ("text/html", 406), ("application/fhir+json;q=0", 406),
        ("application/fhir+json; fhirVersion=5.0", 406),
    ] as [(String?, Int?)])
    func `who accepts neither FHIR JSON nor XML gets 406`(_ accept: String?, _ status: Int?) {
        var headers = HTTPFields()
        headers[.accept] = accept
        #expect(refusal { () throws(EdgeRefusal) in try Negotiation.demandJSON(headers, format: nil) } == status)
    }

    @Test(arguments: [
        ("json", nil), ("application/fhir+json", nil), ("application/fhir json", nil), ("application/json", nil),
        ("xml", nil), ("application/fhir+xml", nil), ("application/fhir xml", nil), ("html", 406), ("", 406),
    ] as [(String, Int?)])
    func `_format outranks Accept`(_ format: String, _ status: Int?) {
        let headers: HTTPFields = [.accept: status == nil ? "text/html" : "application/fhir+json"]
        #expect(refusal { () throws(EdgeRefusal) in try Negotiation.demandJSON(headers, format: format) } == status)
    }

    @Test(arguments: [
        ("application/fhir+json", nil), ("application/json", nil), ("application/fhir+json; charset=UTF-8", nil),
        ("application/fhir+json;fhirVersion=4.0;charset=\"utf-8\"", nil), (nil, 415), ("text/plain", 415),
        ("application/fhir+xml", nil), ("application/xml; charset=utf-8", nil), ("text/xml", 415),
        ("application/fhir+json; charset=utf-16", 415), ("application/fhir+xml; charset=latin1", 415),
        ("application/fhir+json; fhirVersion=3.0", 415), ("application/x-www-form-urlencoded", 415), ("json", 415),
    ] as [(String?, Int?)])
    func `a body that is neither FHIR JSON nor XML gets 415`(_ type: String?, _ status: Int?) {
        var headers = HTTPFields()
        headers[.contentType] = type
        #expect(refusal { () throws(EdgeRefusal) in _ = try Negotiation.bodyForm(headers) } == status)
    }

    @Test func `a coded body gets 415, and a search takes a form`() {
        let coded: HTTPFields = [.contentType: "application/fhir+json", .contentEncoding: "gzip"]
        #expect(refusal { () throws(EdgeRefusal) in _ = try Negotiation.bodyForm(coded) } == 415)
        let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded; charset=UTF-8"]
        #expect(refusal { () throws(EdgeRefusal) in try Negotiation.demandForm(form) } == nil)
        #expect(refusal { () throws(EdgeRefusal) in try Negotiation.demandForm([:]) } == nil)
        #expect(refusal { () throws(EdgeRefusal) in try Negotiation.demandForm([.contentType: "text/xml"]) } == 415)
    }

    @Test(arguments: [
        (nil, nil, nil, false), ("*/*", nil, nil, false), ("application/fhir+xml", nil, nil, true),
        ("application/xml;q=0.9, application/fhir+json;q=0.8", nil, nil, true),
        ("application/fhir+xml, application/fhir+json", nil, nil, false), ("application/fhir+json", "xml", nil, true),
        ("application/fhir+xml", "json", nil, false), (nil, nil, "application/fhir+xml", true),
        ("application/fhir+json", nil, "application/fhir+xml", false),
    ] as [(String?, String?, String?, Bool)])
    func `the form of an answer is the one asked for, else the one sent`(
        _ accept: String?, _ format: String?, _ sent: String?, _ isXML: Bool,
    ) {
        var headers = HTTPFields()
        headers[.accept] = accept
        headers[.contentType] = sent
        #expect(Negotiation.form(headers, format: format) == (isXML ? .xml : .json))
    }

    @Test func `preferences are read`() {
        #expect(Negotiation.preferredReturn([.prefer: "return=minimal"]) == .minimal)
        #expect(Negotiation.preferredReturn([.prefer: "respond-async; handling=strict, return=OperationOutcome"]) == .outcome)
        #expect(Negotiation.preferredReturn([:]) == .representation)
        #expect(Negotiation.isStrict([.prefer: "handling=strict"]))
        #expect(!Negotiation.isStrict([.prefer: "handling=lenient"]))
    }

    @Test(arguments: [
        (nil, "text/xml", DocumentForm.bytes), ("*/*", "text/xml", .bytes), ("text/xml", "text/xml", .bytes),
        ("application/xml", "text/xml", .bytes), ("text/*", "text/xml; charset=utf-8", .bytes),
        ("application/fhir+json", "text/xml", .resource), ("application/json", "application/pdf", .resource),
        ("application/json", "application/json", .bytes), ("image/png", "text/xml", nil),
        ("text/xml;q=0, image/png", "text/xml", nil),
    ] as [(String?, String, DocumentForm?)])
    func `a document goes out as it is accepted`(_ accept: String?, _ type: String, _ form: DocumentForm?) {
        #expect(DocumentForm(accept: accept, format: nil, mimeType: type) == form)
    }

    @Test func `T111 a document that a browser could run goes out as bytes of no type`() {
        #expect(DocumentForm.safeType("text/xml") == "text/xml")
        #expect(DocumentForm.safeType("Application/PDF; x=y") == "application/pdf")
        for type in ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "multipart/related", "", "x"] {
            #expect(DocumentForm.safeType(type) == "application/octet-stream")
        }
    }

    @Test func `a trace id is believed only when it is well formed`() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736"
        #expect(RequestTrace.id([.traceparent: "00-\(id)-00f067aa0ba902b7-01"]) == id)
        #expect(RequestTrace.id([.requestID: id]) == id)
        for text in [id.uppercased(), String(repeating: "0", count: 32), id + "0", "x", "", "patient-17"] {
            #expect(RequestTrace.id([.requestID: text]) == nil)
            #expect(RequestTrace.id([.traceparent: "00-\(text)-00f067aa0ba902b7-01"]) == nil)
        }
        #expect(RequestTrace.timeout([.requestTimeout: "5"]) == .seconds(5))
        #expect(RequestTrace.timeout([.requestTimeout: "1.5"]) == .milliseconds(1500))
        #expect(RequestTrace.timeout([.requestTimeout: "0.050"]) == .milliseconds(50))
        for text in ["0", "0.01", "31", "-1", "x", "", "1.", ".5", "1.2345", "99999999999999999999"] {
            #expect(RequestTrace.timeout([.requestTimeout: text]) == .seconds(30))
        }
    }

    @Test func `one bearer token is read, and nothing else`() {
        #expect(BearerHeader.token([.authorization: "Bearer a.b.c"]) == "a.b.c")
        #expect(BearerHeader.token([.authorization: "bearer a.b.c"]) == "a.b.c")
        for text in ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer a,b", "Bearera.b.c"] {
            #expect(BearerHeader.token([.authorization: text]) == nil)
        }
        var twice: HTTPFields = [.authorization: "Bearer a.b.c"]
        twice.append(HTTPField(name: .authorization, value: "Bearer a.b.c"))
        #expect(BearerHeader.token(twice) == nil)
        #expect(BearerHeader.token([:]) == nil)
    }

    @Test func `a date is written as HTTP wants it`() {
        #expect(HTTPDate.format(Timestamp(milliseconds: 1_772_446_500_999)) == "Mon, 02 Mar 2026 10:15:00 GMT")
        #expect(HTTPDate.format(Timestamp(milliseconds: 0)) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.format(Timestamp(milliseconds: -1)) == "Wed, 31 Dec 1969 23:59:59 GMT")
    }
}
