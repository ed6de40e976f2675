import ConsentEngine
import ExchangeCore
import HTTPTypes
import JSON
import Journal
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

/// ITI-66 behind the door: submission sets and folders, and what consent makes of them.
@Suite struct ListDoorTests {
    let scene: EdgeScene

    init() async throws { scene = try await EdgeScene() }

    private func lists(_ query: String = "", purpose: String? = "TREAT") async throws -> [JSONValue] {
        let answer = await scene.send(.get, "/fhir/List?patient=\(scene.patient.id)" + query, purpose: purpose)
        #expect(answer.status.code == 200, "\(query) \(String(buffer: answer.body))")
        return try answer.matches().compactMap { $0["resource"] }
    }

    private func items(_ list: JSONValue?) -> [String] {
        (list?["entry"]?.items ?? []).compactMap { $0["item"]?["reference"]?.string }
    }

    @Test func `a submission set is found with everything its source said of it`() async throws {
        let made = try await scene.provide(ProvidedBundle(documents: [.init(name: "a"), .init(name: "b")]))
        let sets = try await lists("&code=submissionset&status=current")
        let set = try #require(sets.first)
        #expect(sets.count == 1)
        #expect(set["id"]?.string == made[0])
        #expect(items(set) == [made[1], made[2]].map { "DocumentReference/\($0)" })
        #expect(set["title"]?.string == "From the ward")
        #expect(set["date"]?.string == "2026-03-02")
        #expect(set["note"]?[0]?["text"]?.string == "for the family doctor")
        #expect(set["subject"]?["reference"]?.string == "Patient/\(scene.patient.id)")
        let values = (set["identifier"]?.items ?? []).map { [$0["use"]?.string, $0["type"]?["coding"]?[0]?["code"]?.string, $0["value"]?.string] }
        #expect(values == [["usual", "uniqueId", "urn:oid:1.2.9.1"], ["official", "entryUUID", "urn:uuid:\(made[0])"]])
        let source = set["source"]?["reference"]?.string.map { $0.dropFirst() }
        let person = set["contained"]?.items.first { $0["id"]?.string == source.map(String.init) }
        #expect(person?["name"]?[0]?["family"]?.string == "Adams")
        let urls = (set["extension"]?.items ?? []).compactMap { $0["url"]?.string?.split(separator: "/").last }
        #expect(urls == ["ihe-HomeCommunityId", "ihe-designationType", "ihe-sourceId"])
        let read = await scene.send(.get, "/fhir/List/\(made[0])")
        #expect(try read.json() == set)
    }

    /// One row for each parameter of the actor: what finds the set, and what does not.
    @Test(arguments: [
        ("_id=SET", "_id=41"), ("_lastUpdated=ge2026", "_lastupdated=lt2026"), ("code=submissionset", "code=other"),
        ("code=https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes%7Csubmissionset", "code=urn:x%7Csubmissionset"),
        ("date=2026-03", "date=2026-04"), ("date=ge2026-03-01&date=le2026-03-02", "date=gt2026-03-02"),
        ("date=2026", "date=sa2026"), ("date=ne2026-03-01", "date=ne2026-03"), ("date=ap2026-03-02", "date=ap2026-02-20"), ("designationType=http://loinc.org%7C18842-5", "designationType=x%7C18842-5"),
        ("designationType=18842-5,other", "designationType=other"), ("designationType=http://loinc.org%7C", "designationType=urn:x%7C"),
        ("identifier=urn:ietf:rfc:3986%7Curn:oid:1.2.9.1", "identifier=urn:oid:1.2.9.2"),
        ("identifier=urn:uuid:SET", "identifier=urn:x%7Curn:oid:1.2.9.1"),
        ("patient.identifier=urn:oid:1.3.6.1.4.1.21367.13.20.1000%7CIHERED-994", "patient.identifier=urn:oid:1.9%7C1"),
        ("source.family=ada", "source.family=dams"), ("source.family:contains=DAM", "source.family:contains=xy"),
        ("source.family:exact=Adams", "source.family:exact=adams"), ("source.given=An", "source.given=Bob"),
        ("sourceId=urn:oid:1.2.3.4", "sourceId=urn:oid:1.2.3"), ("status=current", "status=retired"),
        ("targetCommunityIdList=urn:oid:1.3.6.1.4.1.21367.2026.10", ""),
    ])
    func `each parameter finds what it means and nothing else`(_ finds: String, _ misses: String) async throws {
        let made = try await scene.provide(ProvidedBundle(documents: [.init(name: "a")]))
        let patient = finds.hasPrefix("patient") ? "" : "patient=\(scene.patient.id)&"
        for (query, count) in [(finds, 1), (misses, 0)] where !query.isEmpty {
            let query = patient + query.split(separator: "SET", omittingEmptySubsequences: false).joined(separator: made[0])
            let answer = await scene.send(.get, "/fhir/List?" + query, [.prefer: "handling=strict"])
            #expect(answer.status.code == 200, "\(query)")
            #expect(try answer.json()["total"]?.integer == count, "\(query)")
            let form = await scene.send(
                .post, "/fhir/List/_search", [.contentType: "application/x-www-form-urlencoded"], body: Array(query.utf8))
            #expect(try form.json()["total"]?.integer == count, "\(query)")
        }
    }

    @Test(arguments: [
        "", "?code=folder", "?patient=a,b", "?patient=1&code=a&code=b", "?patient=1&status=gone", "?patient=1&date=soon",
        "?patient=1&source.family:not=x", "?patient=1&code:text=x", "?patient=1&sourceId=x%7C", "?patient=1&_count=-1",
        "?patient=1&_sort=title", "?patient=1&_page=x", "?patient=1&_elements=a.b", "?patient=1&_include=List:source",
        "?patient=1&targetCommunityIdList=here", "?patient=1&date=ea2026",
    ])
    func `a search that is wrong is refused`(_ query: String) async throws {
        let answer = await scene.send(.get, "/fhir/List" + query)
        #expect(answer.status.code == 400)
        #expect(try answer.json()["resourceType"]?.string == "OperationOutcome")
    }

    @Test func `lists of another community are an error, not a gap`() async throws {
        let query = "/fhir/List?patient=\(scene.patient.id)&targetCommunityIdList=urn:oid:1.9.9"
        let answer = await scene.send(.get, query)
        #expect(answer.status.code == 404)
        #expect(try answer.json()["issue"]?[0]?["details"]?["coding"]?[0]?["code"]?.string == "XDSUnknownCommunity")
    }

    @Test func `the facility's own are told what each community said, another community only what is here`() async throws {
        let made = try await scene.provide(ProvidedBundle(documents: [.init(name: "a")]))
        let query = "/fhir/List?patient=\(scene.patient.id)"
        func outcome(_ answer: Answer) throws -> JSONValue? {
            try answer.json()["entry"]?.items.first { $0["search"]?["mode"]?.string == "outcome" }?["resource"]
        }
        let own = await scene.send(.get, query)
        let issue = try outcome(own)?["issue"]?[0]
        #expect(issue?["details"]?["text"]?.string == "Eastside answered: 1 list")
        #expect(issue?["details"]?["coding"]?[0]?["code"]?.string == "answered")
        for query in [query, query + "&scope=exhaustive", query + "&scope=known"] {
            #expect(try await scene.send(.get, query).json()["total"]?.integer == 1)
        }
        #expect(await scene.send(.get, query + "&scope=everything").status.code == 400)
        let peer = await scene.send(.get, query, door: .peer)
        #expect(peer.status.code == 200)
        #expect(try peer.matches() == own.matches())
        #expect(try outcome(peer) == nil)
        #expect(await scene.send(.get, "/fhir/List/\(made[0])", door: .peer).status.code == 501, "by id it is asked at home")
    }

    @Test(arguments: ["", "x", "a b c", "a b c d", "1 x - 0", "-1 id - 0", "9999999 id - 0", "- - - 0", "- - short 1", "1 id \(String(repeating: "f", count: 32)) -1"])
    func `a page that no link names is none`(_ text: String) throws {
        let cursor = ListCursor(Base64.encode(Array(text.utf8), .url))
        #expect((cursor == nil) == (text != "1 x - 0"), "\(text)")
    }

    @Test func `a page's link says what was shown, and of which search`() throws {
        for cursor in [
            ListCursor(place: .init(index: 3, after: "id"), search: nil),
            ListCursor(place: nil, search: .init(String(repeating: "a", count: 32), seen: 2)),
            ListCursor(place: .init(index: 1, after: "id"), search: .init(String(repeating: "b", count: 32), seen: 0)),
        ] { #expect(ListCursor(cursor.text) == cursor) }
    }

    @Test func `a folder is made, put into, and joined by what replaces a document in it`() async throws {
        let first = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "a")], folders: [.init(uniqueID: "urn:oid:1.2.7.1", members: ["a"])]))
        var folder = try await lists("&code=folder").first
        #expect(folder?["id"]?.string == first[1])
        #expect(folder?["title"]?.string == "Heart")
        #expect(items(folder) == ["DocumentReference/\(first[2])"])
        let before = folder?["date"]?.string ?? ""
        // By its uniqueId, and by its id.
        let second = try await scene.provide(
            ProvidedBundle(
                set: "urn:oid:1.2.9.2", documents: [.init(name: "b")],
                folders: [.init(uniqueID: "urn:oid:1.2.7.1", method: "PUT", members: ["b"])]))
        let third = await scene.provided(
            ProvidedBundle(
                set: "urn:oid:1.2.9.3", documents: [.init(name: "c")],
                folders: [
                    .init(uniqueID: "urn:oid:1.2.7.1", method: "PUT", url: "List/\(first[1])", title: "Other", members: ["c"]),
                ]))
        #expect(third.status.code == 200)
        let entries = try third.json()["entry"]?.items ?? []
        #expect(entries[1]["response"]?["status"]?.string == "200 OK")
        #expect(entries[0]["response"]?["outcome"]?["issue"]?[0]?["details"]?["text"]?.string?.hasPrefix("XDSExtraMetadataNotSaved") == true)
        #expect(second[1] == first[1])
        // A document that is here already, and a replacement.
        let alone = try await scene.publish()
        _ = try await scene.provide(
            ProvidedBundle(
                set: "urn:oid:1.2.9.4",
                folders: [.init(uniqueID: "urn:oid:1.2.7.1", method: "PUT", members: ["DocumentReference/\(alone)"])]))
        let fifth = try await scene.provide(
            ProvidedBundle(
                set: "urn:oid:1.2.9.5",
                documents: [
                    .init(
                        name: "d",
                        relations: [["code": "replaces", "target": ["reference": .string("DocumentReference/\(first[2])")]]]),
                ]))
        folder = try await lists("&code=folder").first
        #expect(folder?["title"]?.string == "Heart")
        let expected = Set([first[2], second[2], alone, fifth[1]])
        let shown = Set(items(folder).map { String($0.dropFirst("DocumentReference/".count)) })
        #expect(shown.isSuperset(of: expected))
        #expect(shown.count == 5)
        #expect(folder?["date"]?.string ?? "" > before)
        let sets = try await lists("&code=submissionset")
        #expect(sets.count == 5, "a set that shows no document is none")
        #expect(sets.filter { items($0).contains("List/\(first[1])") }.count == 3)
    }

    @Test(arguments: [
        (ProvidedBundle.Folder(uniqueID: "urn:oid:1.2.7.1", members: ["a"]), 409, "XDSDuplicateUniqueIdInRegistry"),
        (.init(uniqueID: "urn:oid:1.2.9.1", members: ["a"]), 409, "XDSDuplicateUniqueIdInRegistry"),
        (.init(uniqueID: "urn:oid:1.2.9.2", members: ["a"]), 422, "XDSRegistryDuplicateUniqueIdInMessage"),
        (.init(uniqueID: "no uri", members: ["a"]), 422, "XDSRegistryMetadataError"),
        (.init(uniqueID: "urn:oid:1.2.7.2", members: ["DocumentReference/0190aaaa-0000-7000-8000-000000000001"]), 422, "UnresolvedReferenceException"),
        (.init(uniqueID: "urn:oid:1.2.7.2", members: ["DocumentReference/41"]), 422, "UnresolvedReferenceException"),
        (.init(uniqueID: "urn:oid:1.2.7.1", method: "PUT", url: "List/0190aaaa-0000-7000-8000-000000000001", members: ["a"]), 422, "UnresolvedReferenceException"),
    ] as [(ProvidedBundle.Folder, Int, String)])
    func `a folder that is wrong is refused, and nothing is kept`(_ folder: ProvidedBundle.Folder, _ status: Int, _ word: String)
        async throws
    {
        _ = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "z")], folders: [.init(uniqueID: "urn:oid:1.2.7.1", members: ["z"])]))
        let before = scene.exchange.journal.size
        let answer = await scene.provided(
            ProvidedBundle(set: "urn:oid:1.2.9.2", documents: [.init(name: "a")], folders: [folder]))
        #expect(answer.status.code == status, "\(String(buffer: answer.body))")
        #expect(try answer.json()["issue"]?[0]?["details"]?["coding"]?[0]?["code"]?.string == word)
        #expect(scene.exchange.journal.size == before)
    }

    @Test func `another patient's folder and documents are as unknown as none`() async throws {
        try await scene.register("IHERED-995", family: "WEBER")
        let made = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "a")], folders: [.init(uniqueID: "urn:oid:1.2.7.1", members: ["a"])]))
        for folder in [
            ProvidedBundle.Folder(uniqueID: "urn:oid:1.2.7.1", method: "PUT", url: "List/\(made[1])", members: ["b"]),
            .init(uniqueID: "urn:oid:1.2.7.9", members: ["DocumentReference/\(made[2])"]),
        ] {
            let answer = await scene.provided(
                ProvidedBundle(
                    set: "urn:oid:1.2.9.2", documents: [.init(name: "b")], folders: [folder], patient: "IHERED-995"))
            #expect(answer.status.code == 422)
            #expect(try answer.json()["issue"]?[0]?["details"]?["coding"]?[0]?["code"]?.string == "UnresolvedReferenceException")
        }
    }

    @Test func `T80 T81 T82 a list shows what consent shows; without any document it is as if there were none`() async throws {
        let scene = try await EdgeScene(default: .optIn)
        _ = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "a")], folders: [.init(uniqueID: "urn:oid:1.2.7.1", members: ["a"])]))
        let hidden = await scene.send(.get, "/fhir/List?_format=json&patient=\(scene.patient.id)")
        let stranger = await scene.send(.get, "/fhir/List?_format=json&patient=0190aaaa-0000-4000-8000-000000000001")
        #expect(try hidden.json()["total"]?.integer == 0)
        #expect(try hidden.matches() == stranger.matches())
        #expect(hidden.headers.map(\.name) == stranger.headers.map(\.name))
    }

    @Test func `T82 a list unknown and a hidden one are the same 404`() async throws {
        let scene = try await EdgeScene(default: .optIn)
        let made = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "a")], folders: [.init(uniqueID: "urn:oid:1.2.7.1", members: ["a"])]))
        let unknown = await scene.send(.get, "/fhir/List/0190aaaa-0000-7000-8000-000000000001")
        for id in [made[0], made[1], "41"] {
            let size = scene.exchange.journal.size
            let answer = await scene.send(.get, "/fhir/List/\(id)")
            #expect(answer.status.code == 404)
            #expect(answer.body == unknown.body)
            #expect(answer.headers.map(\.name) == unknown.headers.map(\.name))
            #expect(scene.exchange.journal.size == size + 1, "each is written down")
        }
    }

    /// Two folders that differ only in what is hidden from the asker must look alike, their dates and the sets' too.
    @Test func `T80 what comes into a folder unseen does not show in its date, its entries or its totals`() async throws {
        _ = try await scene.provide(
            ProvidedBundle(documents: [.init(name: "a")], folders: [.init(uniqueID: "urn:oid:1.2.7.1", members: ["a"])]))
        let open = "&_sort=date"
        try await scene.withhold("R")
        let before = try await lists(open)
        _ = try await scene.provide(
            ProvidedBundle(
                set: "urn:oid:1.2.9.2", documents: [.init(name: "b", label: "R")],
                folders: [.init(uniqueID: "urn:oid:1.2.7.1", method: "PUT", title: nil, members: ["b"])]))
        #expect(try await lists(open) == before)
        let date = before.first { $0["code"]?["coding"]?[0]?["code"]?.string == "folder" }?["date"]?.string ?? ""
        #expect(try await lists("&code=folder&date=\(date)").count == 1)
        #expect(try await lists("&code=folder&date=gt\(date)").isEmpty)
        #expect(try await lists("&identifier=urn:oid:1.2.9.2").isEmpty)
    }

    @Test func `pages follow each other, and summaries say that they are some`() async throws {
        for number in 1...5 {
            _ = try await scene.provide(ProvidedBundle(set: "urn:oid:1.2.9.\(number)", documents: [.init(name: "d\(number)")]))
        }
        var path = "/fhir/List?patient=\(scene.patient.id)&_count=2&_elements=identifier"
        var seen: [String] = []
        for _ in 0..<3 {
            let answer = await scene.send(.get, path)
            for list in try answer.matches().compactMap({ $0["resource"] }) {
                seen.append(list["id"]?.string ?? "")
                #expect(Set(list.object?.members.map(\.name) ?? []) == ["resourceType", "id", "meta", "identifier", "status", "mode"])
                #expect(list["meta"]?["tag"]?[0]?["code"]?.string == "SUBSETTED")
            }
            let next = try answer.json()["link"]?.items.first { $0["relation"]?.string == "next" }?["url"]?.string
            path = next.map { String($0.dropFirst("https://a.example.org:8443".count)) } ?? ""
        }
        #expect(seen.count == 5 && Set(seen).count == 5)
        #expect(path.isEmpty)
        let counted = await scene.send(.get, "/fhir/List?patient=\(scene.patient.id)&_summary=count")
        #expect(try counted.json()["total"]?.integer == 5)
        #expect(try counted.matches().isEmpty)
        let included = await scene.send(.get, "/fhir/List?patient=\(scene.patient.id)&_count=2&_include=List:item")
        let modes = try included.json()["entry"]?.items.compactMap { $0["search"]?["mode"]?.string }
        #expect(modes == ["match", "match", "include", "include", "outcome"])
    }

    @Test func `lists speak XML, and refuse what is neither`() async throws {
        let made = try await scene.provide(ProvidedBundle(documents: [.init(name: "a")]))
        let xml = await scene.send(.get, "/fhir/List/\(made[0])", [.accept: "application/fhir+xml"])
        #expect(xml.headers[.contentType] == Negotiation.fhirXML)
        #expect(String(buffer: xml.body).contains("<List xmlns=\"http://hl7.org/fhir\">"))
        #expect(await scene.send(.get, "/fhir/List/\(made[0])", [.accept: "image/png"]).status.code == 406)
    }

    @Test func `recipients are kept and named; whoever leads nowhere is refused`() async throws {
        func recipient(_ value: JSONValue) -> JSONValue {
            ["url": .string(ProvidedBundle.extensions + "ihe-intendedRecipient"), "valueReference": value]
        }
        var bundle = ProvidedBundle(documents: [.init(name: "a")])
        bundle.extra = [
            recipient(["identifier": ["system": "urn:ietf:rfc:3986", "value": "urn:oid:1.9.9"]]), recipient(["reference": "Practitioner/7"]),
        ]
        let answer = await scene.provided(bundle)
        let issue = try answer.json()["entry"]?[0]?["response"]?["outcome"]?["issue"]?[0]
        #expect(issue?["details"]?["text"]?.string?.hasPrefix("UnavailableRecipient: 2 intended recipients") == true)
        let set = try await lists().first
        let kept = (set?["extension"]?.items ?? []).filter { $0["url"]?.string?.hasSuffix("ihe-intendedRecipient") == true }
        #expect(kept.compactMap { $0["valueReference"]?["reference"]?.string } == ["Practitioner/7"])
        #expect(kept.compactMap { $0["valueReference"]?["identifier"]?["value"]?.string } == ["urn:oid:1.9.9"])
        bundle.set = "urn:oid:1.2.9.2"
        bundle.extra = [recipient(["reference": "#nobody"])]
        let refused = await scene.provided(bundle)
        #expect(refused.status.code == 422)
        #expect(try refused.json()["issue"]?[0]?["details"]?["coding"]?[0]?["code"]?.string == "UnknownRecipient")
        // This community itself needs no word.
        bundle.extra = [recipient(["identifier": ["system": "urn:ietf:rfc:3986", "value": .string(scene.own.urn)]])]
        #expect(try await scene.provided(bundle).json()["entry"]?[0]?["response"]?["outcome"] == nil)
    }
}
