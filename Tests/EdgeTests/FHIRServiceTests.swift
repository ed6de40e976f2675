import ConsentEngine
import ExchangeCore
import FHIRModel
import Fixtures
import HTTPTypes
import JSON
import Journal
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

@Suite struct FHIRServiceTests {
    let scene: EdgeScene

    init() async throws { scene = try await EdgeScene() }

    private var query: String { "/fhir/DocumentReference?patient=\(scene.patient.id)" }

    @Test func `what is published is found and retrieved byte for byte`() async throws {
        let id = try await scene.publish()
        let found = await scene.send(.get, query + "&status=current&type=http%3A%2F%2Floinc.org%7C18842-5")
        #expect(found.status.code == 200)
        #expect(found.headers[.contentType] == Negotiation.fhirJSON)
        let matches = try found.matches()
        #expect(matches.compactMap { $0["resource"]?["id"]?.string } == [id])
        let url = try #require(matches[0]["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
        let document = await scene.send(.get, url)
        #expect(document.status.code == 200)
        #expect(String(buffer: document.body) == "<summary xmlns=\"urn:example:edge\"/>")
        #expect(document.headers[.contentType] == "text/xml")
    }

    @Test func `a search says what each community answered, to clients alone`() async throws {
        _ = try await scene.publish()
        let bundle = try await scene.send(.get, query).json()
        let outcome = bundle["entry"]?.items.last
        #expect(outcome?["search"]?["mode"]?.string == "outcome")
        #expect(outcome?["resource"]?["issue"]?[0]?["details"]?["text"]?.string == "Eastside answered: 1 document")
        let peer = try await scene.send(.get, query, door: .peer).json()
        #expect(peer["entry"]?.items.allSatisfy { $0["search"]?["mode"]?.string == "match" } == true)
        #expect(peer["total"]?.integer == 1)
    }

    @Test func `a search by form answers like one by query`() async throws {
        let id = try await scene.publish()
        let form: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        let identifier = "patient.identifier=\(EdgeScene.mrn)%7CIHERED-994"
        for body in ["patient=Patient%2F\(scene.patient.id)", identifier, identifier + "&author.family=van+der"] {
            let answer = await scene.send(.post, "/fhir/DocumentReference/_search", form, body: Array(body.utf8))
            #expect(answer.status.code == 200)
            let ids = try answer.matches().compactMap { $0["resource"]?["id"]?.string }
            #expect(ids == (body.contains("author") ? [] : [id]))
        }
    }

    @Test func `T82 a patient unknown, hidden or of another form is the same empty answer`() async throws {
        let scene = try await EdgeScene(default: .optIn)
        _ = try await scene.publish()
        let stranger = "0190aaaa-0000-4000-8000-000000000001"
        for door in [AccessContext.Door.client, .peer] {
            var answers: Set<String> = []
            for patient in [scene.patient.id.description, stranger, "994"] {
                let answer = await scene.send(
                    .get, "/fhir/DocumentReference?_format=json&patient=" + patient, door: door)
                #expect(answer.status.code == 200)
                let bundle = try answer.json()
                #expect(bundle["total"]?.integer == 0)
                // Ids of outcomes, elapsed times and the patient asked for differ; nothing else may.
                answers.insert("\(try answer.matches()) \((bundle["entry"]?.items ?? []).count)")
            }
            #expect(answers.count == 1)
        }
    }

    @Test func `T82 a document unknown and a hidden one are the same 404`() async throws {
        let scene = try await EdgeScene(default: .optIn)
        let id = try await scene.publish()
        let hidden = await scene.send(.get, "/fhir/Binary/\(id)")
        let unknown = await scene.send(.get, "/fhir/Binary/0190aaaa-0000-7000-8000-000000000001")
        let foreign = await scene.send(.get, "/fhir/Binary/73")
        for answer in [hidden, unknown, foreign] {
            #expect(answer.status.code == 404)
            #expect(answer.body == hidden.body)
            #expect(answer.headers.map(\.name) == hidden.headers.map(\.name))
        }
    }

    @Test func `T110 a document goes out as an attachment that nothing may run`() async throws {
        let id = try await scene.publish("<html/>", type: "text/html")
        let answer = await scene.send(.get, "/fhir/Binary/\(id)")
        #expect(answer.headers[.contentType] == "application/octet-stream")
        #expect(answer.headers[.xContentTypeOptions] == "nosniff")
        #expect(answer.headers[.contentDisposition] == "attachment")
        #expect(answer.headers[.contentSecurityPolicy] == "sandbox")
        #expect(answer.headers[.cacheControl] == "no-store")
    }

    @Test func `a document known by its tag is 304, journaled like any other`() async throws {
        let id = try await scene.publish()
        let first = await scene.send(.get, "/fhir/Binary/\(id)")
        let tag = try #require(first.headers[.eTag])
        let before = scene.exchange.journal.size
        let second = await scene.send(.get, "/fhir/Binary/\(id)", [.ifNoneMatch: "\"x\", W/\(tag)"])
        #expect(second.status.code == 304)
        #expect(second.headers[.eTag] == tag)
        #expect(second.body.readableBytes == 0)
        #expect(scene.exchange.journal.size == before + 1)
    }

    @Test func `a document is a Binary for who wants FHIR, and 406 for who wants neither`() async throws {
        let id = try await scene.publish()
        let binary = try await scene.send(.get, "/fhir/Binary/\(id)", [.accept: "application/fhir+json"]).json()
        #expect(binary["resourceType"]?.string == "Binary")
        #expect(binary["data"]?.string.flatMap { Base64.decode($0) }?.count == 35)
        #expect(await scene.send(.get, "/fhir/Binary/\(id)", [.accept: "image/png"]).status.code == 406)
    }

    @Test func `a publish answers 201 with its place, as preferred`() async throws {
        let body = EdgeScene.reference("<a/>")
        let full = await scene.send(.post, "/fhir/DocumentReference", body: body)
        let id = try #require(try full.json()["id"]?.string)
        #expect(full.headers[.location] == "\(EdgeScene.base)/DocumentReference/\(id)/_history/1")
        #expect(full.headers[.eTag] == "W/\"1\"")
        let minimal = await scene.send(.post, "/fhir/DocumentReference", [.prefer: "return=minimal"], body: body)
        #expect(minimal.status.code == 201)
        #expect(minimal.body.readableBytes == 0)
        let outcome = await scene.send(.post, "/fhir/DocumentReference", [.prefer: "return=OperationOutcome"], body: body)
        #expect(try outcome.json()["resourceType"]?.string == "OperationOutcome")
    }

    @Test func `a patient is read, found and matched, and ends with its tickets`() async throws {
        let read = await scene.send(.get, "/fhir/Patient/\(scene.patient.id)")
        #expect(try read.json()["name"]?[0]?["family"]?.string == "MOHR")
        let found = await scene.send(.get, "/fhir/Patient?identifier=\(EdgeScene.mrn)%7CIHERED-994")
        #expect(try found.json()["total"]?.integer == 1)
        let question = #"{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","#
            + #""name":[{"family":"MOHR","given":["ALICE"]}],"gender":"female","birthDate":"1958-01-30"}},"#
            + #"{"name":"count","valueInteger":5}]}"#
        let matched = await scene.send(.post, "/fhir/Patient/$match", body: Array(question.utf8))
        #expect(matched.status.code == 200)
        let entry = try #require(try matched.matches().first)
        #expect(entry["search"]?["score"] != nil)
        #expect(entry["search"]?["extension"]?[0]?["url"]?.string == BundleEntry.matchGrade)
        for text in ["{}", #"{"resourceType":"Patient"}"#, #"{"resourceType":"Parameters"}"#, "[]", ""] {
            #expect(await scene.send(.post, "/fhir/Patient/$match", body: Array(text.utf8)).status.code == 400)
        }
        #expect(await scene.send(.get, "/fhir/Patient/994").status.code == 404)
    }

    @Test func `every refusal has its status and a body in FHIR`() async throws {
        let cases: [(Answer, Int)] = [
            (await scene.send(.get, "/fhir/Observation"), 404), (await scene.send(.delete, "/fhir/DocumentReference"), 405),
            (await scene.send(.get, "/fhir/DocumentReference/1"), 404),
            (await scene.send(.get, query, [.accept: "text/html"]), 406),
            (await scene.send(.post, "/fhir", [.contentType: "text/xml"], body: [0x3C]), 415),
            (await scene.send(.get, "/fhir/DocumentReference"), 400), (await scene.send(.get, query + "&x=%FF"), 400),
            (await scene.send(.get, query, host: nil), 400), (await scene.send(.get, query, token: nil), 401),
            (await scene.send(.get, query, token: "bad"), 401), (await scene.send(.get, query, purpose: nil), 403),
            (await scene.send(.get, query + "&targetCommunityIdList=urn:oid:1.9.9"), 404),
            (await scene.send(.get, query + "&type:not=x"), 400),
            (await scene.send(.post, "/fhir", body: EdgeScene.reference("x")), 400),
            (await scene.send(.post, "/fhir", body: Array("{".utf8)), 400),
            (await scene.send(.get, "/fhir/Binary/\(scene.patient.id)?home=urn:oid:1.9.9"), 400),
            (await scene.send(.get, "/fhir/Binary/\(scene.patient.id)?home=x"), 400),
            (await scene.send(.post, "/fhir", door: .peer), 404),
        ]
        for (number, (answer, status)) in cases.enumerated() {
            #expect(answer.status.code == status, "case \(number)")
            #expect(try answer.json()["resourceType"]?.string == "OperationOutcome")
            #expect(answer.headers[.requestID]?.utf8.count == 32)
        }
    }

    @Test func `a publish for a patient not registered here is 422 and writes nothing`() async throws {
        let before = scene.exchange.journal.size
        let text = String(decoding: EdgeScene.reference("<a/>"), as: UTF8.self)
        let other = text.split(separator: "IHERED-994").joined(separator: "IHERED-995")
        let answer = await scene.send(.post, "/fhir/DocumentReference", body: Array(other.utf8))
        #expect(answer.status.code == 422)
        #expect(try answer.json()["issue"]?[0]?["details"]?["coding"]?[0]?["code"]?.string == "XDSUnknownPatientId")
        #expect(scene.exchange.journal.size == before)
    }

    @Test func `metadata answers everybody, and the same to each`() async throws {
        let answer = await scene.send(.get, "/fhir/metadata", token: nil)
        #expect(answer.status.code == 200)
        #expect(try answer.json()["resourceType"]?.string == "CapabilityStatement")
    }

    @Test func `T104 a body past the limit is 413 and ends the connection`() async throws {
        var limits = ExchangeLimits()
        limits.requestBytesMax = 1000
        let scene = try await EdgeScene(limits: limits)
        let answer = await scene.send(.post, "/fhir", body: [UInt8](repeating: 0x20, count: 1001))
        #expect(answer.status.code == 413)
        #expect(answer.closesConnection)
    }

    @Test func `a trace id that a caller sends comes back`() async throws {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736"
        let answer = await scene.send(.get, query, [.requestID: id])
        #expect(answer.headers[.requestID] == id)
    }

    @Test func `an unknown parameter is told, and left out of the self link`() async throws {
        let bundle = try await scene.send(.get, query + "&_include=DocumentReference:subject").json()
        let issues = bundle["entry"]?.items.last?["resource"]?["issue"]?.items ?? []
        #expect(issues.contains { $0["code"]?.string == "not-supported" && $0["diagnostics"]?.string == "_include" })
        #expect(bundle["link"]?[0]?["url"]?.string?.contains("_include") == false)
        let strict = await scene.send(.get, query + "&_include=x", [.prefer: "handling=strict"])
        #expect(strict.status.code == 400)
    }

    @Test(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
    func `T113 hostile JSON is refused with 400, and the node goes on`() async throws {
        for file in SharedData.files("hostile/json") where file.hasSuffix(".json") {
            let bytes = try SharedData.bytes(file)
            let answer = await scene.send(.post, "/fhir", body: bytes)
            #expect((400..<500).contains(answer.status.code), "\(file) \(answer.status.code)")
        }
        #expect(await scene.send(.get, query).status.code == 200)
    }
}
