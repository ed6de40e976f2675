import ConsentEngine
import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import Journal
import NIOCore
import Synchronization
import Testing
import Transactions

@testable import FHIREndpoint

@Suite struct ConsentDoorTests {
    let scene: EdgeScene

    init() async throws { scene = try await EdgeScene() }

    /// A Consent of the scene's patient that permits or denies everything, or what the provision says.
    private func consent(_ type: String = "deny", id: String? = nil, status: String = "active", _ more: JSONObject = [:])
        -> [UInt8]
    {
        var provision: JSONObject = ["type": .string(type)]
        for member in more.members { provision[member.name] = member.value }
        var consent: JSONObject = ["resourceType": "Consent"]
        consent["id"] = id.map { .string($0) }
        for member: JSONObject.Member in [
            .init("status", .string(status)),
            .init("scope", ["coding": [["system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"]]]),
            .init("category", [["coding": [["system": "http://loinc.org", "code": "59284-0"]]]]),
            .init("patient", ["reference": .string("Patient/\(scene.patient.id)")]),
            .init("dateTime", "2026-01-10"),
            .init("policyRule", ["coding": [["system": .string(CodeSystems.actCode), "code": "OPTOUT"]]]),
            .init("provision", .object(provision)),
        ] { consent[member.name] = member.value }
        return JSONWriter.bytes(.object(consent))
    }

    private func send(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:], body: [UInt8] = [],
    ) async -> Answer {
        await scene.send(method, "/fhir/" + path, headers, body: body, role: "consent-officer")
    }

    private func create(_ body: [UInt8]? = nil) async throws -> String {
        let answer = await send(.post, "Consent", body: body ?? consent())
        #expect(answer.status.code == 201, "\(String(buffer: answer.body))")
        return try #require(try answer.json()["id"]?.string)
    }

    private func directives() async throws -> [ConsentDirective] {
        try await scene.exchange.projection.directives(of: scene.patient.id).directives
    }

    @Test func `a Consent is created, read, updated and remembered in every version`() async throws {
        let created = await send(.post, "Consent", body: consent())
        #expect(created.status.code == 201)
        let id = try #require(try created.json()["id"]?.string)
        #expect(created.headers[.eTag] == "W/\"1\"")
        #expect(created.headers[.location] == "\(EdgeScene.base)/Consent/\(id)/_history/1")
        #expect(try created.json()["dateTime"] == "2026-01-10")
        #expect(try created.json()["meta"]?["versionId"] == "1")
        let read = await send(.get, "Consent/\(id)")
        #expect(read.status.code == 200)
        #expect(read.body == created.body)
        #expect(read.headers[.eTag] == "W/\"1\"")
        let updated = await send(
            .put, "Consent/\(id)", [.ifMatch: "W/\"1\""], body: consent("permit", id: id))
        #expect(updated.status.code == 200, "\(String(buffer: updated.body))")
        #expect(updated.headers[.eTag] == "W/\"2\"")
        let first = await send(.get, "Consent/\(id)/_history/1")
        #expect(first.body == created.body)
        let second = await send(.get, "Consent/\(id)/_history/2")
        #expect(second.body == updated.body)
        let history = try await send(.get, "Consent/\(id)/_history").json()
        #expect(history["type"] == "history")
        #expect(history["total"]?.integer == 2)
        #expect(history["entry"]?.items.compactMap { $0["response"]?["etag"]?.string } == ["W/\"2\"", "W/\"1\""])
        for missing in ["Consent/\(id)/_history/3", "Consent/\(id)/_history/0", "Consent/\(id)/_history/x"] {
            #expect(await send(.get, missing).status.code == 404)
        }
        #expect(await send(.get, "Consent/\(id)", [.ifNoneMatch: "W/\"2\""]).status.code == 304)
    }

    @Test func `an update names the version it changes, and a stale one changes nothing`() async throws {
        let id = try await create()
        let body = consent("permit", id: id)
        #expect(await send(.put, "Consent/\(id)", body: body).status.code == 400)
        for wrong in ["*", "1", "W/\"1\", W/\"2\"", "W/\"01\""] {
            #expect(await send(.put, "Consent/\(id)", [.ifMatch: wrong], body: body).status.code == 400, "\(wrong)")
        }
        #expect(await send(.put, "Consent/\(id)", [.ifMatch: "W/\"2\""], body: body).status.code == 412)
        #expect(try await directives().map(\.base.effect) == [.deny])
        #expect(await send(.put, "Consent/\(id)", [.ifMatch: "W/\"1\""], body: body).status.code == 200)
        #expect(await send(.put, "Consent/\(id)", [.ifMatch: "W/\"1\""], body: body).status.code == 412)
        let other = consent("permit", id: "0190aaaa-0000-7000-8000-000000000001")
        #expect(await send(.put, "Consent/\(id)", [.ifMatch: "W/\"2\""], body: other).status.code == 400)
        let unknown = "Consent/0190aaaa-0000-7000-8000-000000000001"
        #expect(await send(.put, unknown, [.ifMatch: "W/\"1\""], body: other).status.code == 404)
        let condition: HTTPFields = [.ifNoneExist: "patient=1"]
        #expect(await send(.post, "Consent", condition, body: consent()).status.code == 400)
    }

    @Test func `of two writers at once exactly one is recorded`() async throws {
        let id = try await create()
        let codes = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await self.send(.put, "Consent/\(id)", [.ifMatch: "W/\"1\""], body: self.consent("permit", id: id))
                        .status.code
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(codes.filter { $0 == 200 }.count == 1)
        #expect(codes.allSatisfy { [200, 409, 412].contains($0) })
        #expect(try await send(.get, "Consent/\(id)/_history").json()["total"]?.integer == 2)
    }

    @Test func `only the roles that do not treat may read or record, and never a peer`() async throws {
        let id = try await create()
        for (method, path): (HTTPRequest.Method, String) in [
            (.post, "Consent"), (.put, "Consent/\(id)"), (.get, "Consent/\(id)"), (.get, "Consent/\(id)/_history"),
            (.get, "Consent?patient=\(scene.patient.id)"),
            (.get, "Consent/0190aaaa-0000-7000-8000-000000000001"),
        ] {
            let body = method == .get ? [] : consent("permit", id: id)
            let asked = await scene.send(method, "/fhir/" + path, [.ifMatch: "W/\"1\""], body: body)
            #expect(asked.status.code == 403, "\(method) \(path)")
            let peer = await scene.send(
                method, "/fhir/" + path, [.ifMatch: "W/\"1\""], body: body, door: .peer, role: "consent-officer")
            #expect(peer.status.code == 404, "\(method) \(path)")
            let emergency = await scene.send(
                method, "/fhir/" + path, [.ifMatch: "W/\"1\""], body: body, purpose: "BTG", role: "consent-officer")
            #expect(emergency.status.code == 403)
        }
        #expect(try await directives().map(\.base.effect) == [.deny])
    }

    @Test func `a search finds by patient, identifier, status, actor, id and time`() async throws {
        let actor: JSONValue = [
            "role": ["coding": [["system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"]]],
            "reference": ["reference": "Organization/clinic-b"],
        ]
        let named = try await create(consent("deny", ["actor": [actor]]))
        let plain = try await create()
        let revoked = try await create(consent(status: "inactive"))
        let who = "patient=\(scene.patient.id)"
        func ids(_ query: String) async throws -> Set<String> {
            let answer = await send(.get, "Consent?" + query)
            #expect(answer.status.code == 200, "\(query) \(String(buffer: answer.body))")
            let found = Set(try answer.matches().compactMap { $0["resource"]?["id"]?.string })
            #expect(try answer.json()["total"]?.integer == found.count)
            let form = await send(
                .post, "Consent/_search", [.contentType: "application/x-www-form-urlencoded"], body: Array(query.utf8))
            #expect(Set(try form.matches().compactMap { $0["resource"]?["id"]?.string }) == found)
            return found
        }
        #expect(try await ids(who) == [named, plain, revoked])
        #expect(try await ids("patient.identifier=\(EdgeScene.mrn)%7CIHERED-994") == [named, plain, revoked])
        #expect(try await ids(who + "&status=active") == [named, plain])
        #expect(try await ids(who + "&status=inactive,rejected") == [revoked])
        #expect(try await ids(who + "&actor=Organization/clinic-b") == [named])
        #expect(try await ids(who + "&actor:Organization=clinic-b") == [named])
        #expect(try await ids(who + "&actor=Organization/clinic-c") == [])
        #expect(try await ids("_id=\(plain)") == [plain])
        #expect(try await ids("_id=0190aaaa-0000-7000-8000-000000000001") == [])
        #expect(try await ids(who + "&_lastUpdated=ge2026-01-01") == [named, plain, revoked])
        #expect(try await ids(who + "&_lastUpdated=lt2026-01-01") == [])
        #expect(try await ids("patient=0190aaaa-0000-4000-8000-000000000001") == [])
        #expect(await send(.get, "Consent?status=active").status.code == 400)
        #expect(await send(.get, "Consent?" + who + "&_format=html").status.code == 406)
        let inXML = await send(.get, "Consent?" + who + "&_format=xml")
        let bundle = try FHIRXML.read(Array(inXML.body.readableBytesView))
        #expect(bundle["total"]?.integer == 3 && bundle["entry"]?[0]?["resource"]?["resourceType"]?.string == "Consent")
        let page = try await send(.get, "Consent?" + who + "&_count=2").json()
        #expect(page["total"]?.integer == 3)
        let next = try #require(page["link"]?.items.first { $0["relation"] == "next" }?["url"]?.string)
        let rest = await send(.get, String(next.dropFirst(EdgeScene.base.utf8.count + 1)))
        #expect(try rest.matches().count == 1)
    }

    @Test func `what cannot be enforced is refused with its element, and the former state stays`() async throws {
        let id = try await create()
        let label: JSONValue = ["system": .string(CodeSystems.confidentiality), "code": "N"]
        let nested: JSONValue = ["type": "permit", "securityLabel": [label]]
        let deeper: JSONValue = ["type": "permit", "provision": [nested]]
        let many = JSONValue.array((0..<1000).map { _ in nested })
        let related: JSONValue = [["meaning": "dependents", "reference": ["reference": "Encounter/1"]]]
        let cases: [(JSONObject, String)] = [
            (["provision": [deeper]], "Consent.provision.provision[0]"),
            (["provision": many], "Consent.provision.provision"),
            (["period": ["end": "2020-01-01"]], "Consent.provision.period.end"),
            (["period": ["start": "2030-01-01", "end": "2029-01-01"]], "Consent.provision.period"),
            (["provision": [["type": "permit"]]], "Consent.provision.provision[0]"),
            (["data": related], "Consent.provision.data"),
            (["securityLabel": [["system": "urn:x", "code": "N"]]], "Consent.provision.securityLabel[0]"),
        ]
        let size = scene.exchange.journal.size
        for (more, path) in cases {
            for (method, place): (HTTPRequest.Method, String) in [(.post, "Consent"), (.put, "Consent/\(id)")] {
                let body = consent("deny", id: method == .put ? id : nil, more)
                let answer = await send(method, place, [.ifMatch: "W/\"1\""], body: body)
                #expect([400, 413].contains(answer.status.code), "\(path) \(String(buffer: answer.body))")
                let said = try answer.json()["issue"]?[0]?["expression"]?[0]?.string ?? ""
                #expect(said.hasPrefix(path), "\(said) for \(path)")
            }
        }
        #expect(await send(.post, "Consent", body: Array("{".utf8)).status.code == 400)
        let huge = consent("deny", ["purpose": .array((0..<20_000).map { ["system": "urn:x", "code": .string("c\($0)")] })])
        #expect(await send(.post, "Consent", body: huge).status.code == 413)
        #expect(scene.exchange.journal.size == size)
        #expect(try await directives().count == 1)
    }

    @Test func `a Consent about a patient unknown here is refused`() async throws {
        let text = String(decoding: consent(), as: UTF8.self)
        let body = Array(text.replacing(scene.patient.id.description, with: "0190aaaa-0000-4000-8000-000000000001").utf8)
        let answer = await send(.post, "Consent", body: body)
        #expect(answer.status.code == 422)
        #expect(try await scene.exchange.projection.counts().directives == 0)
    }

    @Test func `a Consent created at the door decides the next answer`() async throws {
        let document = try await scene.publish()
        let id = try await create()
        #expect(await scene.send(.get, "/fhir/Binary/\(document)").status.code == 404)
        let body = consent("deny", id: id, status: "inactive")
        #expect(await send(.put, "Consent/\(id)", [.ifMatch: "W/\"1\""], body: body).status.code == 200)
        #expect(await scene.send(.get, "/fhir/Binary/\(document)").status.code == 200)
    }

    @Test func `T40 a header may say why the glass is broken; without it the door stays shut`() async throws {
        let scene = try await EdgeScene(default: .breakGlassOnly)
        _ = try await scene.publish()
        let path = "/fhir/DocumentReference?patient=\(scene.patient.id)"
        #expect(await scene.send(.get, path, purpose: "BTG").status.code == 403)
        let reason: HTTPFields = [.emergencyReason: "Bewusstlos%20nach%20Sturz%2C%20Allergien%3F"]
        let answer = await scene.send(.get, path, reason, purpose: "BTG")
        #expect(answer.status.code == 200)
        #expect(try answer.matches().count == 1)
        var twice = reason
        twice.append(HTTPField(name: .emergencyReason, value: "another one"))
        #expect(await scene.send(.get, path, twice, purpose: "BTG").status.code == 400)
        let alerts = try await scene.exchange.projection.alerts(withClosed: false, limit: 5)
        #expect(alerts.map(\.record.reason) == ["Bewusstlos nach Sturz, Allergien?"])
        #expect(scene.lines.all.withLock { $0.contains { $0.contains("Sturz") } } == false)
    }
}
