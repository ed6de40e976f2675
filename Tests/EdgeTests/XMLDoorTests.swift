import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import NIOCore
import Testing

@testable import FHIREndpoint

/// FHIR's XML form at the door: what is sent in it, what is answered in it, what is refused.
@Suite struct XMLDoorTests {
    private static let xml: HTTPFields = [.contentType: "application/fhir+xml", .accept: "application/fhir+xml"]

    private static func body(_ json: [UInt8]) throws -> [UInt8] {
        let object = try #require(try JSONReader.read(json).object)
        return try #require(FHIRXML.bytes(object))
    }

    @Test func `a document published in XML is the same as one in JSON, and is found in either`() async throws {
        let scene = try await EdgeScene()
        let sent = try Self.body(EdgeScene.reference("<summary xmlns=\"urn:example:edge\"/>"))
        let answer = await scene.send(.post, "/fhir/DocumentReference", Self.xml, body: sent)
        #expect(answer.status == .created, "\(String(buffer: answer.body))")
        #expect(answer.headers[.contentType] == Negotiation.fhirXML)
        let created = try FHIRXML.read(Array(answer.body.readableBytesView))
        let id = try #require(created.id)
        let query = "/fhir/DocumentReference?patient.identifier=\(EdgeScene.mrn)%7CIHERED-994"
        let inXML = await scene.send(.get, query, [.accept: "application/fhir+xml"])
        #expect(inXML.status == .ok)
        let bundle = try FHIRXML.read(Array(inXML.body.readableBytesView))
        #expect(bundle.type == "Bundle" && bundle["total"]?.integer == 1)
        let inJSON = try await scene.send(.get, "/fhir/DocumentReference/\(id)").json()
        let single = await scene.send(.get, "/fhir/DocumentReference/\(id)?_format=xml")
        #expect(try .object(FHIRXML.read(Array(single.body.readableBytesView)).json) == inJSON, "the same in both forms")
        let form = await scene.send(
            .post, "/fhir/DocumentReference/_search", [.contentType: "application/x-www-form-urlencoded"],
            body: Array("patient.identifier=\(EdgeScene.mrn)%7CIHERED-994&_format=xml".utf8))
        #expect(form.headers[.contentType] == Negotiation.fhirXML)
    }

    @Test func `refusals and what the door says of itself come in XML too`() async throws {
        let scene = try await EdgeScene()
        let unknown = await scene.send(.get, "/fhir/Nothing", [.accept: "application/fhir+xml"])
        #expect(unknown.status == .notFound)
        #expect(try FHIRXML.read(Array(unknown.body.readableBytesView)).type == "OperationOutcome")
        let metadata = await scene.send(.get, "/fhir/metadata?_format=xml", token: nil)
        #expect(metadata.status == .ok)
        #expect(try FHIRXML.read(Array(metadata.body.readableBytesView)).type == "CapabilityStatement")
    }

    @Test(arguments: [
        "<DocumentReference/>", "<x xmlns=\"http://hl7.org/fhir\"/>", "<DocumentReference xmlns=\"http://hl7.org/fhir\"><status/>",
        "<!DOCTYPE x [<!ENTITY e \"x\">]><DocumentReference xmlns=\"http://hl7.org/fhir\"/>",
        "<DocumentReference xmlns=\"http://hl7.org/fhir\">text</DocumentReference>",
        "<DocumentReference xmlns=\"http://hl7.org/fhir\"><status value=\"current\"/><status value=\"current\"/></DocumentReference>",
        "<DocumentReference xmlns=\"http://hl7.org/fhir\"><type/><status value=\"current\"/></DocumentReference>",
        "<DocumentReference xmlns=\"http://hl7.org/fhir\" status=\"current\"/>",
        "<DocumentReference xmlns=\"http://hl7.org/fhir\"><status value=\"current\" x=\"1\"/></DocumentReference>",
        "<DocumentReference xmlns=\"http://hl7.org/fhir\"><status value=\"gone\"/></DocumentReference>",
        "<List xmlns=\"http://hl7.org/fhir\"><entry><deleted value=\"yes\"/></entry></List>", "{}", "",
    ])
    func `what is no resource in XML is refused, and says where`(_ text: String) async throws {
        let scene = try await EdgeScene()
        let answer = await scene.send(.post, "/fhir/DocumentReference", [.contentType: "application/fhir+xml"], body: Array(text.utf8))
        #expect(answer.status == .badRequest, "\(text)")
        #expect(try FHIRXML.read(Array(answer.body.readableBytesView)).type == "OperationOutcome", "answered in the form it came in")
    }
}
