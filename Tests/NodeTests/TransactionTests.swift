import Crypto
import ExchangeCore
import Fixtures
import Foundation
import JSON
import PeerTransport
import Testing
import Transactions

/// The repository this suite was built from.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// One of the documents of our own writing.
    static func sample(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: root.appendingPathComponent("Samples/\(name)")))
    }
}

extension RealNodes {
    /// Each FHIR transaction from a client's socket to the disk and back.
    @Suite struct TransactionTests {
        @Test func `ITI-65 publishes a Bundle, ITI-67 finds it both ways, ITI-68 brings the exact bytes`() async throws {
            try await Network.one { _, node in
                let patient = try await node.register()
                let client = try node.client()
                let bytes = Array(Canary.document(1).utf8)
                let unique = "urn:oid:1.3.6.1.4.1.21367.2026.10.8.65"
                let bundle = Submissions.bundle(bytes, at: node, uniqueID: unique, set: unique + ".1")
                let answer = try await client.post("", bundle)
                #expect(answer.status == 200, "\(answer.text)")
                let entries = try answer.json["entry"]?.items ?? []
                #expect(try answer.json["type"] == "transaction-response")
                #expect(entries.count == 3)
                #expect(entries.allSatisfy { $0["response"]?["status"]?.string?.hasPrefix("201") == true })

                let got = try await client.send(.get, "/DocumentReference?patient=\(patient.id)")
                let posted = try await client.form("/DocumentReference/_search", "patient=Patient%2F\(patient.id)")
                #expect(got.status == 200 && posted.status == 200)
                #expect(try got.matches == posted.matches)
                let reference = try #require(try got.matches.first?["resource"])
                #expect(try got.matches.count == 1)
                #expect(reference["masterIdentifier"]?["value"]?.string == unique)
                let url = try #require(reference["content"]?[0]?["attachment"]?["url"]?.string)
                let document = try await client.document(try path(url))
                #expect(document.status == 200)
                #expect(document.bytes == bytes)
                #expect(document.header("content-type") == "text/plain")
                #expect(document.header("cache-control") == "no-store")
                #expect(document.header("x-content-type-options") == "nosniff")
                #expect(document.header("content-disposition")?.hasPrefix("attachment") == true)

                let again = try await client.post("", bundle)
                #expect(again.status == 409, "the same submission set twice")
                #expect(try await node.counts().documents == 1)
            }
        }

        @Test func `ITI-105 publishes one document in the form the caller prefers`() async throws {
            try await Network.one { _, node in
                let patient = try await node.register()
                let client = try node.client()
                let bytes = Array(Canary.document(2).utf8)
                let whole = try await client.post("/DocumentReference", Submissions.simplified(bytes, at: node))
                #expect(whole.status == 201, "\(whole.text)")
                #expect(try whole.json["resourceType"] == "DocumentReference")
                let location = try #require(whole.header("location"))
                #expect(location.contains("/fhir/DocumentReference/"))
                let minimal = try await client.post(
                    "/DocumentReference", Submissions.simplified(bytes, at: node),
                    headers: [("prefer", "return=minimal")])
                #expect(minimal.status == 201)
                #expect(minimal.bytes.isEmpty)
                let found = try await client.send(
                    .get, "/DocumentReference?patient.identifier=\(node.numbers)%7C\(Canary.number)")
                #expect(try found.matches.count == 2)
                #expect(try found.matches.allSatisfy {
                    $0["resource"]?["subject"]?["reference"]?.string == "Patient/\(patient.id)"
                })
                let unknown = try await client.post(
                    "/DocumentReference", Submissions.simplified(bytes, at: node, of: "nobody"))
                #expect(unknown.status == 422)
                #expect(try unknown.issues.first?["code"] == "not-found")
            }
        }

        @Test func `ITI-106 generates what ITI-105 then accepts with the bytes inside`() async throws {
            try await Network.one { _, node in
                let client = try node.client()
                try await node.register("RH-204417")
                let bytes = try Repository.sample("hospital-quintero-discharge-1.xml")
                let size = try node.journalSize
                let generated = try await client.post(
                    "/DocumentReference/$generate-metadata", Submissions.generate(bytes))
                #expect(generated.status == 200, "\(generated.text)")
                #expect(try node.journalSize > size, "that the patient was looked up stands in the journal")
                let registered = try await client.send(
                    .get, "/DocumentReference?patient.identifier=\(node.numbers)%7CRH-204417")
                #expect(try registered.matches.isEmpty, "nothing is stored")
                let parameters = try generated.json["parameter"]?.items ?? []
                let issues = parameters.first { $0["name"] == "outcome" }?["resource"]?["issue"]?.items ?? []
                #expect(
                    issues.contains { $0["details"]?["coding"]?[0]?["code"] == "patient" && $0["severity"] == "error" },
                    "the number is registered to somebody of another name")
                var reference = try #require(
                    parameters.first { $0["name"] == "DocumentReference" }?["resource"]?.object)
                #expect(reference["type"]?["coding"]?[0]?["code"] == "18842-5")
                #expect(reference["content"]?[0]?["attachment"]?["size"]?.integer == bytes.count)
                #expect(
                    reference["content"]?[0]?["attachment"]?["hash"]?.string
                        == Base64.encode(Array(Insecure.SHA1.hash(data: bytes))))
                var attachment = try #require(reference["content"]?[0]?["attachment"]?.object)
                attachment["url"] = nil
                attachment["data"] = .string(Base64.encode(bytes))
                var content = try #require(reference["content"]?[0]?.object)
                content["attachment"] = .object(attachment)
                reference["content"] = .array([.object(content)])
                let published = try await client.post("/DocumentReference", .object(reference))
                #expect(published.status == 201, "\(published.text)")
                let id = try #require(try published.json["id"]?.string)
                let found = try await client.send(
                    .get, "/DocumentReference?patient.identifier=\(node.numbers)%7CRH-204417&_id=\(id)")
                let url = try #require(
                    try found.matches.first?["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
                #expect(try await client.document(path(url)).bytes == bytes)
            }
        }

        @Test func `a document's metadata is read by its id as a search shows it, and hidden looks like unknown`() async throws {
            try await Network.one { _, node in
                let patient = try await node.register()
                let client = try node.client()
                let published = try await client.post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(3).utf8), at: node))
                let id = try #require(try published.json["id"]?.string)
                let read = try await client.send(.get, "/DocumentReference/\(id)")
                #expect(read.status == 200)
                let found = try await client.send(.get, "/DocumentReference?patient=\(patient.id)")
                #expect(try read.json == found.matches.first?["resource"])
                #expect(read.header("last-modified") != nil)
                let size = try node.journalSize
                #expect(try await client.send(.get, "/DocumentReference/\(id)").status == 200)
                #expect(try node.journalSize > size, "that it was shown stands in the journal")
                _ = try await node.refuse(patient.id)
                let hidden = try await client.send(.get, "/DocumentReference/\(id)")
                let unknown = try await client.send(.get, "/DocumentReference/\(patient.id)")
                #expect(hidden.status == 404 && unknown.status == 404)
                #expect(try hidden.issues == unknown.issues)
                let audit = try await node.home.ask("audit/replay")
                #expect(audit["findings"]?.items.isEmpty == true, "\(audit)")
            }
        }

        @Test func `a patient is read, found by identifier and matched by demographics`() async throws {
            try await Network.one { _, node in
                let patient = try await node.register()
                let client = try node.client()
                let read = try await client.send(.get, "/Patient/\(patient.id)")
                #expect(read.status == 200)
                #expect(try read.json["name"]?[0]?["family"]?.string == Canary.family)
                #expect(try read.json["birthDate"] == "1931-12-07")
                let query = "identifier=\(node.numbers)%7C\(Canary.number)"
                let got = try await client.send(.get, "/Patient?\(query)")
                let posted = try await client.form("/Patient/_search", query)
                #expect(try got.matches.count == 1)
                #expect(try got.matches.map { $0["resource"] } == posted.matches.map { $0["resource"] })
                let matched = try await client.post("/Patient/$match", Submissions.match())
                #expect(matched.status == 200, "\(matched.text)")
                #expect(try matched.matches.first?["resource"]?["id"]?.string == "\(patient.id)")
                let certain = try await client.post("/Patient/$match", Submissions.match(onlyCertain: true))
                #expect(try certain.matches.count == 1)
                let absent = try await client.send(.get, "/Patient/0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f")
                #expect(absent.status == 404)
            }
        }

        @Test func `metadata needs no token and lists what the doors have`() async throws {
            try await Network.one { _, node in
                let client = try node.client()
                let metadata = try await client.send(.get, "/metadata", as: .none)
                #expect(metadata.status == 200)
                #expect(try metadata.json["fhirVersion"] == "4.0.1")
                let types = try metadata.json["rest"]?[0]?["resource"]?.items.compactMap { $0["type"]?.string } ?? []
                let directory = ["Organization", "Endpoint", "OrganizationAffiliation", "Location"]
                #expect(Set(types) == Set(["DocumentReference", "List", "Binary", "Patient", "Consent", "AuditEvent", "CodeSystem", "ValueSet", "Subscription"] + directory))
                #expect(try metadata.json["implementation"]?["url"]?.string?.hasSuffix("\(node.clients.number)/fhir") == true)
                let peer = try await node.peer(node.peerIdentity).send(.get, "/metadata", as: .none)
                #expect(peer.status == 200)
                let operations = try peer.json["rest"]?[0]?["resource"]?.items
                    .first { $0["type"] == "DocumentReference" }?["interaction"]?.items.compactMap { $0["code"]?.string }
                #expect(operations == ["search-type"], "no publishing at the peers' door")
                let wrong = try await node.peer(node.peerIdentity).post("/DocumentReference", ["resourceType": "Patient"])
                #expect(wrong.status == 405)
            }
        }

        @Test func `a document known to the caller is 304, an unknown id and an impossible one are the same 404`()
            async throws
        {
            try await Network.one { _, node in
                try await node.register()
                let client = try node.client()
                let published = try await client.post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(3).utf8), at: node))
                let url = try #require(try published.json["content"]?[0]?["attachment"]?["url"]?.string)
                let document = try await client.document(path(url))
                let tag = try #require(document.header("etag"))
                let size = try node.journalSize
                let known = try await client.send(
                    .get, path(url), headers: [("accept", "*/*"), ("if-none-match", tag)])
                #expect(known.status == 304)
                #expect(known.bytes.isEmpty)
                #expect(try node.journalSize == size + 1, "a 304 is a disclosure too")
                let head = try await client.send(.head, path(url), headers: [("accept", "*/*")])
                #expect(head.status == 200)
                #expect(head.bytes.isEmpty)
                let absent = try await client.document("/Binary/0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f")
                let impossible = try await client.document("/Binary/x")
                #expect(absent.status == 404 && impossible.status == 404)
                #expect(absent.bytes == impossible.bytes)
                let resource = try await client.send(.get, path(url) + "?_format=json")
                #expect(try resource.json["resourceType"] == "Binary")
                #expect(try resource.json["data"]?.string == Base64.encode(document.bytes))
            }
        }
    }
}

/// The part of an absolute or relative URL below the base.
func path(_ url: String) throws -> String {
    guard let place = url.range(of: "/fhir/") else { return "/" + url }
    return "/" + url[place.upperBound...]
}
