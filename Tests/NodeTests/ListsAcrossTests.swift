import ExchangeCore
import ExchangeNode
import JSON
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// ITI-66 across three nodes, over their own sockets.
    @Suite struct ListsAcrossTests {
        private static func items(_ list: JSONValue) -> [String] {
            (list["entry"]?.items ?? []).compactMap { $0["item"]?["reference"]?.string }
        }

        @Test func `lists of every facility page by page, their documents through the node, each facility named`() async throws {
            try await Region.run { region in
                let (one, two) = (
                    try await region.publish(1, at: region.hospital, of: "RH-1"), try await region.publish(2, at: region.clinic, of: "C-1"),
                )
                let client = region.clinician
                let question = "/List?patient=\(region.patient)&_include=List:item"
                let found = try await client.send(.get, question)
                #expect(found.status == 200, "\(found.text.prefix(500))")
                #expect(try Region.receipt(found) == ["10": "answered", "11": "answered", "12": "none"])
                #expect(found.text.contains("answered: 1 list") && found.text.contains("completeness-receipt"))
                let lists = try found.matches.compactMap { $0["resource"] }
                #expect(lists.count == 2)
                let along = try found.json["entry"]?.items.filter { $0["search"]?["mode"] == "include" }.compactMap { $0["resource"] } ?? []
                #expect(Set(lists.flatMap(Self.items)) == Set(along.compactMap { $0["id"]?.string.map { "DocumentReference/" + $0 } }))
                var bytes: Set<[UInt8]> = []
                for document in along {
                    let url = try #require(document["content"]?[0]?["attachment"]?["url"]?.string)
                    bytes.insert(try await client.document(String(url[try #require(url.firstRange(of: "/Binary/")).lowerBound...])).bytes)
                }
                #expect(bytes == [one, two])

                var paged: [JSONValue] = []
                var next: String? = question + "&_count=1"
                while let path = next {
                    let page = try await client.send(.get, path)
                    #expect(page.status == 200)
                    paged += try page.matches.compactMap { $0["resource"] }
                    let link = try page.json["link"]?.items.first { $0["relation"] == "next" }?["url"]?.string
                    next = try link.map { String($0[try #require($0.firstRange(of: "/List?")).lowerBound...]) }
                }
                #expect(paged == lists)

                _ = try await region.hospital.refuse(region.atHospital)
                let after = try await client.send(.get, question)
                #expect(try Region.receipt(after)["10"] == "none")
                let hidden = try #require(lists.first { JSONWriter.bytes($0).contains(Array("2026.10".utf8)) }?["id"]?.string)
                #expect(!after.text.contains(hidden))
                try await region.clinic.stop()
                let away = try await client.send(.get, question, headers: [("request-timeout", "3")])
                #expect(["unreachable", "timed-out"].contains(try Region.receipt(away)["11"]))
                #expect(away.text.contains("its lists are not in this answer"))
            }
        }
    }
}
