import ConsentEngine
import ExchangeCore
import HTTPTypes
import JSON
import Journal
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

/// `If-None-Exist`, `ifMatch`, `If-None-Match`, `Prefer`, `_summary` and `_elements` about documents.
@Suite struct ConditionalTests {
    let scene: EdgeScene

    init() async throws { scene = try await EdgeScene() }

    private func create(_ condition: String?, _ preference: String? = nil, name: String = "1") async -> Answer {
        let text = String(decoding: EdgeScene.reference("words \(name)", type: "text/plain"), as: UTF8.self)
        let unique = #""status":"current","masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.8.\#(name)"}"#
        let body = text.split(separator: #""status":"current""#, maxSplits: 1).joined(separator: unique)
        var headers: HTTPFields = [:]
        headers[.ifNoneExist] = condition
        headers[.prefer] = preference
        return await scene.send(.post, "/fhir/DocumentReference", headers, body: Array(body.utf8))
    }

    @Test func `a document is created once, and told where it is the next time`() async throws {
        let condition = "identifier=urn:oid:1.2.8.1"
        let first = await create(condition)
        #expect(first.status.code == 201)
        let size = scene.exchange.journal.size
        for preference in [nil, "return=representation", "return=minimal", "return=OperationOutcome"] {
            let again = await create("?" + condition, preference)
            #expect(again.status.code == 200)
            #expect(again.headers[.location] == first.headers[.location])
            #expect(again.headers[.eTag] == "W/\"1\"")
            switch preference {
            case "return=minimal": #expect(again.body.readableBytes == 0)
            case "return=OperationOutcome": #expect(try again.json()["resourceType"]?.string == "OperationOutcome")
            default: #expect(try again.json()["id"] == first.json()["id"])
            }
        }
        #expect(scene.exchange.journal.size == size + 4, "four questions, no publication")
        _ = await create(nil, name: "2")
        #expect(await create("type=18842-5", name: "3").status.code == 412)
        #expect(await create("identifier=urn:oid:1.2.8.3&type=18842-5", name: "3").status.code == 201)
    }

    @Test(arguments: [
        "", "?", "_count=1", "identifier=", "colour=red", "identifier=%ZZ", "_page=x", "identifier=urn:oid:1&patient=0190aaaa-0000-4000-8000-000000000001",
        "identifier=urn:oid:1&targetCommunityIdList=urn:oid:1.2", "identifier=urn:oid:1&patient.identifier=urn:oid:1.2%7Cx",
    ])
    func `a condition that is wrong creates nothing`(_ condition: String) async throws {
        let size = scene.exchange.journal.size
        #expect(await create(condition).status.code == 400)
        #expect(scene.exchange.journal.size == size)
    }

    @Test func `a submission takes no condition that would be passed over`() async throws {
        let bundle = ProvidedBundle(documents: [.init(name: "a")])
        #expect(await scene.provided(bundle, [.ifNoneExist: "identifier=x"]).status.code == 400)
        var json = try #require(bundle.json.object)
        var entries = json["entry"]?.items ?? []
        for (place, word) in [(1, "ifNoneExist"), (0, "ifMatch")] {
            var entry = entries[place].object ?? [:]
            var request = entry["request"]?.object ?? [:]
            request[word] = "W/\"1\""
            entry["request"] = .object(request)
            let kept = entries[place]
            entries[place] = .object(entry)
            json["entry"] = .array(entries)
            entries[place] = kept
            #expect(await scene.send(.post, "/fhir", body: JSONWriter.bytes(.object(json))).status.code == 400)
        }
    }

    @Test func `a document has a version, which reads and patches may name`() async throws {
        let made = try await scene.provide(ProvidedBundle(documents: [.init(name: "a")]))
        let path = "/fhir/DocumentReference/\(made[1])"
        let read = await scene.send(.get, path)
        #expect(read.headers[.eTag] == "W/\"1\"")
        #expect(try read.json()["meta"]?["versionId"]?.string == "1")
        let known = await scene.send(.get, path, [.ifNoneMatch: "W/\"1\""])
        #expect(known.status.code == 304 && known.body.readableBytes == 0)
        for (condition, status) in [("W/\"2\"", 412), ("1", 412), ("\"9\", \"1\"", 200)] {
            var bundle = ProvidedBundle(
                set: "urn:oid:1.2.9.2",
                documents: [
                    .init(
                        name: "b", relations: [["code": "replaces", "target": ["reference": .string("DocumentReference/\(made[1])")]]]),
                ])
            bundle.patches = [
                [
                    "fullUrl": "urn:uuid:0b9b3c1e-2222-4a57-9a52-000000000000",
                    "resource": [
                        "resourceType": "Parameters",
                        "parameter": [
                            [
                                "name": "operation",
                                "part": [
                                    ["name": "type", "valueCode": "replace"],
                                    ["name": "path", "valueString": "DocumentReference.status"],
                                    ["name": "value", "valueCode": "superseded"],
                                ],
                            ],
                        ],
                    ],
                    "request": [
                        "method": "PATCH", "url": .string("DocumentReference/\(made[1])"), "ifMatch": .string(condition),
                    ],
                ],
            ]
            let answer = await scene.provided(bundle)
            #expect(answer.status.code == status, "\(condition) \(String(buffer: answer.body))")
            if status == 412 {
                #expect(try answer.json()["issue"]?[0]?["details"]?["coding"]?[0]?["code"]?.string == "XDSMetadataVersionError")
            } else {
                #expect(try answer.json()["entry"]?.items.last?["response"]?["etag"]?.string == "W/\"2\"")
            }
        }
        let after = await scene.send(.get, path, [.ifNoneMatch: "W/\"1\""])
        #expect(after.status.code == 200 && after.headers[.eTag] == "W/\"2\"")
    }

    @Test func `a submission's answer has as much in it as is preferred`() async throws {
        for (number, preference) in ["return=minimal", "return=representation", "return=OperationOutcome"].enumerated() {
            let bundle = ProvidedBundle(
                set: "urn:oid:1.2.9.\(number)", documents: [.init(name: "p\(number)")],
                folders: [.init(uniqueID: "urn:oid:1.2.7.\(number)", members: ["p\(number)"])])
            let answer = await scene.provided(bundle, [.prefer: preference])
            #expect(answer.status.code == 200)
            let entries = try answer.json()["entry"]?.items ?? []
            #expect(entries.compactMap { $0["response"]?["status"]?.string } == ["201 Created", "201 Created", "201 Created"])
            #expect(entries.map { $0["resource"]?["resourceType"]?.string } == (number == 1 ? ["List", nil, "DocumentReference"] : [nil, nil, nil]))
            #expect(entries.allSatisfy { ($0["response"]?["outcome"] != nil) == (number == 2) })
            if number == 1 {
                let id = entries[2]["resource"]?["id"]?.string ?? ""
                #expect(try await scene.send(.get, "/fhir/DocumentReference/\(id)").json() == entries[2]["resource"])
                let set = entries[0]["resource"]?["id"]?.string ?? ""
                #expect(try await scene.send(.get, "/fhir/List/\(set)").json() == entries[0]["resource"])
            }
        }
    }

    @Test func `a part of a document's metadata says that it is one`() async throws {
        _ = try await scene.provide(ProvidedBundle(documents: [.init(name: "a")]))
        func names(_ query: String) async throws -> Set<String> {
            let answer = await scene.send(.get, "/fhir/DocumentReference?patient=\(scene.patient.id)&" + query)
            let resource = try answer.matches().first?["resource"]
            #expect((resource?["meta"]?["tag"]?[0]?["code"]?.string == "SUBSETTED") != query.hasSuffix("false"))
            return Set(resource?.object?.members.map(\.name) ?? [])
        }
        #expect(try await names("_elements=date") == ["resourceType", "id", "meta", "status", "content", "date"])
        #expect(try await names("_summary=text") == ["resourceType", "id", "meta", "status", "content"])
        let summary = try await names("_summary=true")
        #expect(summary.isSuperset(of: ["masterIdentifier", "identifier", "subject", "securityLabel"]) && !summary.contains("extension"))
        #expect(try await names("_summary=false").contains("extension"))
        let none = await scene.send(.get, "/fhir/DocumentReference?patient=\(scene.patient.id)&_count=0")
        #expect(try none.json()["total"]?.integer == 1)
        #expect(try none.matches().isEmpty)
    }

    /// One row for each parameter of the actor: what finds the document, and what does not.
    @Test(arguments: [
        ("_lastUpdated=ge2026", "_lastUpdated=lt2026"), ("category=11490-0", "category=urn:x%7C11490-0"),
        ("category=http://loinc.org%7C", "category=urn:x%7C"), ("creation=2026-03", "creation=2026-04"),
        ("date=ge2026-03-02", "date=lt2026-03-02"), ("event=a&event=b", "event=a&event=c"), ("event=c,b", "event=c"),
        ("facility=22232009", "facility=1"), ("format=urn:ihe:pcc:xphr:2007", "format=x"),
        ("identifier=urn:oid:1.2.8.77", "identifier=urn:oid:1.2.8.7"), ("period=2026-02", "period=2026-02-15"), ("period=ap2026-02-15", "period=ap2026-05-15"),
        ("period=ne2026-02-15", "period=ne2026-02"), ("creation=ne2026-02", "creation=ne2026-03"), ("date=ap2026-03", "date=ne2026-03"),
        ("period=sa2026-01&period=eb2027", "period=gt2027"), ("author.family=van", "author.family:exact=van"),
        ("author.family:exact=van%20Dyk", "author.family:contains=xx"), ("author.family:contains=DYK", "author.given=Bob"),
        ("author.given=Ada", "author.given:exact=ada"), ("security-label=N", "security-label=R"), ("setting=408478003", "setting=1"),
        ("status=current", "status=superseded"), ("type=http://loinc.org%7C18842-5", "type=http://loinc.org%7C1"),
        ("related=DocumentReference/TARGET", "related=DocumentReference/0190aaaa-0000-7000-8000-000000000001"),
        ("targetCommunityIdList=urn:oid:1.3.6.1.4.1.21367.2026.10", ""),
    ])
    func `each parameter of a document search finds what it means and nothing else`(_ finds: String, _ misses: String) async throws {
        let target = try await scene.publish("first", type: "text/plain")
        let text = String(decoding: EdgeScene.reference("words", type: "text/plain"), as: UTF8.self)
        let more = #"""
            "status":"current","masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.8.77"},
            "contained":[{"resourceType":"Practitioner","id":"a","name":[{"family":"van Dyk","given":["Ada"]}]}],"author":[{"reference":"#a"}],
            "relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/\#(target)"}}],
            "context":{"event":[{"coding":[{"code":"a"}]},{"coding":[{"code":"b"}]}],"period":{"start":"2026-02-10","end":"2026-02-20"},
            "facilityType":{"coding":[{"system":"http://snomed.info/sct","code":"22232009"}]},
            "practiceSetting":{"coding":[{"system":"http://snomed.info/sct","code":"408478003"}]}}
            """#
        let content = #""title":"Discharge summary","creation":"2026-03-01T10:00:00Z""#
        let body = text.split(separator: #"}}]"#, maxSplits: 1).joined(separator: #"},"format":{"code":"urn:ihe:pcc:xphr:2007"}}]"#)
            .split(separator: #""title":"Discharge summary""#, maxSplits: 1).joined(separator: content)
            .split(separator: #""status":"current""#, maxSplits: 1).joined(separator: more)
        let made = await scene.send(.post, "/fhir/DocumentReference", body: Array(body.utf8))
        #expect(made.status.code == 201, "\(String(buffer: made.body))")
        let id = try made.json()["id"]?.string ?? ""
        for (query, isFound) in [(finds, true), (misses, false)] where !query.isEmpty {
            let fields = "patient=\(scene.patient.id)&"
                + query.split(separator: "TARGET", omittingEmptySubsequences: false).joined(separator: target)
            for path in ["/fhir/DocumentReference?" + fields, "/fhir/DocumentReference/_search"] {
                let isForm = path.hasSuffix("_search")
                let answer = await scene.send(
                    isForm ? .post : .get, path,
                    isForm ? [.contentType: "application/x-www-form-urlencoded"] : [.prefer: "handling=strict"],
                    body: isForm ? Array(fields.utf8) : [])
                #expect(answer.status.code == 200, "\(query) \(String(buffer: answer.body))")
                let ids = try answer.matches().compactMap { $0["resource"]?["id"]?.string }
                #expect(ids.contains(id) == isFound, "\(query)")
            }
        }
    }
}
