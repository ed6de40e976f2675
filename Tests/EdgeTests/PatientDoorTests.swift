import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import NIOCore
import PatientIndex
import Testing
import Transactions

@testable import FHIREndpoint

/// Patients at the door: the feed (ITI-104), cross-references (ITI-83), searches (ITI-78), reads and versions.
@Suite struct PatientDoorTests {
    private static let mrn = EdgeScene.mrn
    private static let other = "urn:oid:1.3.6.1.4.1.21367.13.20.2000"

    private static func patient(
        _ system: String, _ value: String, family: String = "MOHR", given: String = "ALICE", born: String = "1958-01-30",
        _ more: JSONObject = [:],
    ) -> [UInt8] {
        var patient: JSONObject = [
            "resourceType": "Patient", "identifier": [["system": .string(system), "value": .string(value)]],
            "name": [["family": .string(family), "given": [.string(given)]]], "birthDate": .string(born),
            "gender": "female", "telecom": [["system": "phone", "value": "802-555-0100"]],
            "address": [["line": ["1 Main St"], "city": "Town", "state": "VT", "postalCode": "05999"]],
        ]
        for member in more.members { patient[member.name] = member.value }
        return JSONWriter.bytes(.object(patient))
    }

    @discardableResult
    private func feed(_ scene: EdgeScene, _ system: String, _ value: String, _ body: [UInt8], role: String = "registrar") async
        -> Answer
    {
        await scene.send(.put, "/fhir/Patient?identifier=\(system)%7C\(value)", body: body, purpose: "PATADMIN", role: role)
    }

    private func replacing(_ system: String, _ value: String) -> JSONObject {
        [
            "active": false,
            "link": [
                [
                    "other": ["identifier": ["system": .string(system), "value": .string(value)]], "type": "replaced-by",
                ],
            ],
        ]
    }

    @Test func `a feed creates, updates, repeats and withdraws under the identifier in its condition`() async throws {
        let scene = try await EdgeScene()
        let created = await feed(scene, Self.mrn, "N1", Self.patient(Self.mrn, "N1"))
        #expect(created.status == .created && created.headers[.eTag] == "W/\"1\"")
        let id = try #require(try created.json()["id"]?.string)
        #expect(created.headers[.location] == "\(EdgeScene.base)/Patient/\(id)/_history/1")
        #expect(await feed(scene, Self.mrn, "N1", Self.patient(Self.mrn, "N1")).status == .ok)
        let updated = await feed(scene, Self.mrn, "N1", Self.patient(Self.mrn, "N1", given: "ALICIA"))
        #expect(updated.status == .ok && updated.headers[.eTag] == "W/\"2\"")
        let gone = await scene.send(
            .delete, "/fhir/Patient?identifier=\(Self.mrn)%7CN1", purpose: "PATADMIN", role: "registrar")
        #expect(gone.status == .noContent)
        let history = await scene.send(.get, "/fhir/Patient/\(id)/_history")
        let versions = try history.json()["entry"]?.items ?? []
        #expect(versions.map { $0["resource"]?["active"]?.bool } == [false, true, true])
        #expect(versions.map { $0["response"]?["etag"]?.string } == ["W/\"3\"", "W/\"2\"", "W/\"1\""])
        let first = await scene.send(.get, "/fhir/Patient/\(id)/_history/1")
        #expect(try first.json()["name"]?.items.first?["given"]?.items.first?.string == "ALICE")
        #expect(await scene.send(.get, "/fhir/Patient/\(id)/_history/9").status == .notFound)
    }

    @Test func `an update of another version than there is, is refused, and one of nobody yet`() async throws {
        let scene = try await EdgeScene()
        func feed(_ given: String, ifMatch tag: String?) async -> HTTPResponse.Status {
            var headers = HTTPFields()
            headers[.ifMatch] = tag
            return await scene.send(
                .put, "/fhir/Patient?identifier=\(Self.mrn)%7CN1", headers, body: Self.patient(Self.mrn, "N1", given: given),
                purpose: "PATADMIN", role: "registrar"
            ).status
        }
        #expect(await feed("ALICE", ifMatch: "W/\"1\"") == .preconditionFailed, "nobody is there yet")
        #expect(await feed("ALICE", ifMatch: nil) == .created)
        #expect(await feed("ALICIA", ifMatch: "W/\"2\"") == .preconditionFailed)
        #expect(await feed("ALICIA", ifMatch: "1") == .badRequest)
        #expect(await feed("ALICIA", ifMatch: "W/\"1\"") == .ok)
        #expect(await feed("ALISON", ifMatch: "W/\"1\"") == .preconditionFailed, "somebody was faster")
        #expect(await feed("ALISON", ifMatch: nil) == .ok)
    }

    @Test func `a feed that cannot be taken names the element, and who may not feed learns nothing`() async throws {
        let scene = try await EdgeScene()
        let good = Self.patient(Self.mrn, "N1")
        for role in ["physician", "nurse", ""] {
            #expect(await feed(scene, Self.mrn, "N1", good, role: role).status == .forbidden)
        }
        #expect(await scene.send(.put, "/fhir/Patient?identifier=\(Self.mrn)%7CN1", body: good, door: .peer).status.code >= 404)
        let bad: [([UInt8], String)] = [
            (Self.patient(Self.mrn, "OTHER"), "Patient.identifier"),
            (Self.patient(Self.mrn, "N1", born: "1958-02-30"), "Patient.birthDate"),
            (Self.patient(Self.mrn, "N1", family: String(repeating: "x", count: 10_000)), "Patient.name.family"),
            (Self.patient(Self.mrn, "N1", replacing(Self.mrn, "N1")), "Patient.link.other"),
            (Self.patient(Self.mrn, "N1", ["link": replacing(Self.mrn, "N2")["link"]!]), "Patient.active"),
        ]
        for (body, element) in bad {
            let answer = await feed(scene, Self.mrn, "N1", body)
            #expect(answer.status == .badRequest, "\(element) \(String(buffer: answer.body))")
            let issue = try answer.json()["issue"]?.items.first
            #expect(issue?["expression"]?.items.first?.string == element || issue?["diagnostics"] != nil)
        }
        for path in ["/fhir/Patient", "/fhir/Patient?name=x", "/fhir/Patient?identifier=N1"] {
            #expect(await scene.send(.put, path, body: good, purpose: "PATADMIN", role: "registrar").status == .badRequest)
        }
        let unknown = await scene.send(
            .delete, "/fhir/Patient?identifier=\(Self.mrn)%7CN1", purpose: "PATADMIN", role: "registrar")
        #expect(unknown.status == .notFound)
    }

    @Test func `a merge by link retires the record, which then says by whom it was replaced`() async throws {
        let scene = try await EdgeScene()
        let kept = try #require(try await feed(scene, Self.mrn, "K", Self.patient(Self.mrn, "K")).json()["id"]?.string)
        let gone = try #require(
            try await feed(scene, Self.mrn, "G", Self.patient(Self.mrn, "G", family: "ZWEIG", given: "BO")).json()["id"]?.string)
        let merge = Self.patient(Self.mrn, "G", family: "ZWEIG", given: "BO", replacing(Self.mrn, "K"))
        for _ in 0..<2 {
            let answer = await feed(scene, Self.mrn, "G", merge)
            #expect(answer.status == .ok && answer.headers[.eTag] == "W/\"1-replaced\"")
            #expect(try answer.json()["link"]?.items.first?["type"]?.string == "replaced-by")
        }
        let read = try await scene.send(.get, "/fhir/Patient/\(gone)").json()
        #expect(read["active"]?.bool == false)
        #expect(read["link"]?.items.first?["other"]?["reference"]?.string == "Patient/\(kept)")
        let survivor = try await scene.send(.get, "/fhir/Patient/\(kept)").json()
        #expect(survivor["link"]?.items.contains { $0["type"]?.string == "replaces" } == true)
        let lost = Self.patient(Self.mrn, "K", replacing(Self.mrn, "NEVER"))
        #expect(await feed(scene, Self.mrn, "K", lost).status == .notFound)
        let circle = Self.patient(Self.mrn, "K", replacing(Self.mrn, "G"))
        #expect(await feed(scene, Self.mrn, "K", circle).status == .conflict)
        #expect(await feed(scene, Self.mrn, "G", Self.patient(Self.mrn, "G")).status == .conflict)
    }

    @Test func `cross-references give the person's other identifiers, with PIXm's errors word for word`() async throws {
        let scene = try await EdgeScene()
        await feed(scene, Self.mrn, "N1", Self.patient(Self.mrn, "N1"))
        let linked = try #require(
            try await feed(scene, Self.other, "X1", Self.patient(Self.other, "X1")).json()["id"]?.string)
        func ask(_ query: String) async -> Answer { await scene.send(.get, "/fhir/Patient/$ihe-pix?\(query)") }
        let found = await ask("sourceIdentifier=\(Self.mrn)%7CN1&targetSystem=\(Self.other)")
        #expect(found.status == .ok)
        let parameters = try found.json()["parameter"]?.items ?? []
        #expect(parameters.compactMap { $0["valueIdentifier"]?["value"]?.string } == ["X1"])
        #expect(parameters.compactMap { $0["valueReference"]?["reference"]?.string } == ["\(EdgeScene.base)/Patient/\(linked)"])
        let posted = JSONWriter.bytes([
            "resourceType": "Parameters",
            "parameter": [
                ["name": "sourceIdentifier", "valueIdentifier": ["system": .string(Self.mrn), "value": "N1"]],
                ["name": "targetSystem", "valueUri": .string(Self.other)],
            ],
        ])
        #expect(try await scene.send(.post, "/fhir/Patient/$ihe-pix", body: posted).json() == found.json())
        let own = try await ask("sourceIdentifier=\(Self.mrn)%7CN1&targetSystem=\(Self.mrn)").json()
        #expect(own["parameter"] == nil)
        for (query, status, code, text) in [
            ("sourceIdentifier=\(Self.mrn)%7CNOBODY", 404, "not-found", "sourceIdentifier Patient Identifier not found"),
            ("sourceIdentifier=urn:oid:1.2.3%7CN1", 400, "code-invalid", "sourceIdentifier Assigning Authority not found"),
            ("sourceIdentifier=\(Self.mrn)%7CN1&targetSystem=urn:oid:9.9", 403, "code-invalid", "targetSystem not found"),
        ] {
            let answer = await ask(query)
            let issue = try answer.json()["issue"]?.items.first
            #expect(answer.status.code == status && issue?["code"]?.string == code)
            #expect(issue?["diagnostics"]?.string == text)
        }
        for query in ["", "sourceIdentifier=N1", "sourceIdentifier=%7CN1", "sourceIdentifier=a%7Cb&sourceIdentifier=a%7Cc"] {
            #expect(await ask(query).status == .badRequest)
        }
    }

    @Test func `every parameter of a search finds the one, its mutant nobody, and both get 200`() async throws {
        let scene = try await EdgeScene()
        let born = "1971-05-06"
        let id = try #require(
            try await feed(
                scene, Self.mrn, "S1",
                Self.patient(
                    Self.mrn, "S1", family: "Quintero Vásquez", given: "Marisol", born: born,
                    [
                        "address": [["line": ["9 Elm Rd"], "city": "Alderbrook", "state": "NH", "postalCode": "03301", "country": "US"]],
                        "telecom": [["system": "phone", "value": "+1 603 555 0142"], ["system": "email", "value": "M@X.org"]],
                        "extension": [["url": .string(PatientMapping.mothersMaidenName), "valueString": "Vega"]],
                    ])
            ).json()["id"]?.string)
        func search(_ query: String) async throws -> [String] {
            let answer = await scene.send(.get, "/fhir/Patient?\(query)")
            #expect(answer.status == .ok, "\(query): \(String(buffer: answer.body))")
            let form = await scene.send(
                .post, "/fhir/Patient/_search", [.contentType: "application/x-www-form-urlencoded"], body: Array(query.utf8))
            #expect(try form.matches().map { $0["resource"]?["id"] } == answer.matches().map { $0["resource"]?["id"] })
            return try answer.matches().compactMap { $0["resource"]?["id"]?.string }
        }
        let hits = [
            "_id=\(id)", "family=quintero", "family=QUINTERO%20VASQ", "family:exact=Quintero%20V%C3%A1squez",
            "family:contains=vasquez", "given=mari", "given:exact=Marisol", "identifier=\(Self.mrn)%7CS1",
            "telecom=phone%7C1-603-555-0142", "telecom=m@x.org", "birthdate=\(born)", "birthdate=1971", "birthdate=ge1971-05-06",
            "birthdate=gt1970&birthdate=lt1972", "address=elm", "address=9%20Elm", "address-city=alder", "address-state=NH",
            "address-postalcode=03301", "address-country=US", "gender=female&family=quintero", "active=true&family=quintero",
            "mothersMaidenName=vega", "family=quintero,zweig&birthdate=\(born)",
        ]
        for query in hits where !query.hasPrefix("address=elm") { #expect(try await search(query).contains(id), "\(query)") }
        let misses = [
            "_id=00000000-0000-0000-0000-000000000000", "family=uintero", "family:exact=quintero", "given=ari",
            "identifier=\(Self.mrn)%7CS2", "telecom=email%7C16035550142", "birthdate=1971-05-07", "birthdate=lt1971",
            "address-city=brook", "gender=male&family=quintero", "active=false&family=quintero", "mothersMaidenName=vegas",
            "birthdate=\(born)&family=zweig",
        ]
        for query in misses { #expect(try await !search(query).contains(id), "\(query)") }
        for query in ["", "birthdate=x", "birthdate=about1971", "gender=f", "active=maybe", "family=", "given:text=x", "identifier=S1"] {
            #expect(await scene.send(.get, "/fhir/Patient?\(query)").status == .badRequest, "\(query)")
        }
        #expect(await scene.send(.get, "/fhir/Patient?family=Quintero", door: .peer).status == .badRequest)
    }

    @Test func `pages follow each other, each record once`() async throws {
        let scene = try await EdgeScene()
        for number in 0..<7 {
            await feed(scene, Self.mrn, "P\(number)", Self.patient(Self.mrn, "P\(number)", family: "PAGE\(number)", given: "G\(number)", born: "19\(40 + number)-01-02"))
        }
        var path: String? = "/fhir/Patient?family=page&_count=3"
        var seen: [String] = []
        var pages = 0
        while let next = path {
            let answer = await scene.send(.get, next)
            seen += try answer.matches().compactMap { $0["resource"]?["id"]?.string }
            #expect(try answer.json()["total"]?.integer == 7)
            let link = try answer.json()["link"]?.items.first { $0["relation"]?.string == "next" }
            path = link?["url"]?.string.map { String($0.dropFirst("https://a.example.org:8443".count)) }
            pages += 1
        }
        #expect(pages == 3 && seen.count == 7 && Set(seen).count == 7)
        let counted = try await scene.send(.get, "/fhir/Patient?family=page&_summary=count").json()
        #expect(counted["total"]?.integer == 7 && counted["entry"] == nil)
    }

    @Test func `a search that would read too many is refused`() async throws {
        var limits = ExchangeLimits()
        limits.patientsReadMax = 3
        let scene = try await EdgeScene(limits: limits)
        for number in 0..<5 {
            await feed(scene, Self.mrn, "P\(number)", Self.patient(Self.mrn, "P\(number)", family: "F\(number)", given: "G\(number)", born: "19\(40 + number)-01-02"))
        }
        #expect(await scene.send(.get, "/fhir/Patient?gender=female").status == .badRequest)
        #expect(await scene.send(.get, "/fhir/Patient?family=F1&gender=female").status == .ok)
    }

    @Test func `a person's records name each other, and not to another community`() async throws {
        let scene = try await EdgeScene()
        let one = try #require(try await feed(scene, Self.mrn, "N1", Self.patient(Self.mrn, "N1")).json()["id"]?.string)
        let two = try #require(try await feed(scene, Self.other, "X1", Self.patient(Self.other, "X1")).json()["id"]?.string)
        let read = try await scene.send(.get, "/fhir/Patient/\(one)").json()
        #expect(read["link"]?.items.map { $0["other"]?["reference"]?.string } == ["Patient/\(two)"])
        #expect(read["link"]?.items.map { $0["type"]?.string } == ["seealso"])
        #expect(try await scene.send(.get, "/fhir/Patient/\(one)", door: .peer).json()["link"] == nil)
        #expect(await scene.send(.get, "/fhir/Patient/\(one)/_history", door: .peer).status.code == 501)
    }
}
