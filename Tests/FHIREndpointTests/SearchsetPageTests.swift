import ExchangeCore
import FHIRModel
import JSON
import NIOCore
import Testing

@testable import FHIREndpoint

@Suite struct SearchsetPageTests {
    private static func reference(_ number: Int) -> [UInt8] {
        Array(#"{"resourceType":"DocumentReference","id":"d\#(number)","status":"current","content":[{"attachment":{"title":"x"}}]}"#.utf8)
    }

    private func bundle(_ count: Int, _ query: String, max: Int = 500, outcome: OperationOutcome? = nil) throws -> JSONValue {
        let fields = try RequestTarget("/fhir/DocumentReference?patient=1" + query).fields
        let page = SearchsetPage(
            base: "https://a/fhir", search: try DocumentSearch(fields, isStrict: true), pageEntriesMax: max,
            outcome: outcome, outcomeID: "x")
        let buffer = page.bytes(of: (0..<count).map(Self.reference))
        return try JSONReader.read(Array(buffer.readableBytesView))
    }

    private func ids(_ bundle: JSONValue) -> [String] {
        (bundle["entry"]?.items ?? []).compactMap { $0["resource"]?["id"]?.string }
    }

    private func link(_ relation: String, _ bundle: JSONValue) -> String? {
        bundle["link"]?.items.first { $0["relation"]?.string == relation }?["url"]?.string
    }

    @Test func `a page joins the fragments as they are`() throws {
        let bundle = try bundle(2, "")
        #expect(bundle["total"]?.integer == 2)
        #expect(ids(bundle) == ["d0", "d1"])
        #expect(bundle["entry"]?[0]?["fullUrl"]?.string == "https://a/fhir/DocumentReference/d0")
        #expect(bundle["entry"]?[1]?["search"]?["mode"]?.string == "match")
        #expect(link("self", bundle) == "https://a/fhir/DocumentReference?patient=1")
        #expect(link("next", bundle) == nil)
        _ = try FHIRResource(validating: try #require(bundle.object))
    }

    @Test func `an empty answer has no entry, and an outcome stands last`() throws {
        #expect(try bundle(0, "")["entry"] == nil)
        let outcome = OperationOutcome([.init(.warning, "incomplete", details: "Northside did not answer in time")])
        for count in [0, 3] {
            let found = try bundle(count, "", outcome: outcome)
            #expect(found["total"]?.integer == count)
            #expect(found["entry"]?[count]?["resource"]?["resourceType"]?.string == "OperationOutcome")
            #expect(found["entry"]?[count]?["search"]?["mode"]?.string == "outcome")
            _ = try FHIRResource(validating: try #require(found.object))
        }
    }

    @Test(arguments: ["", "&_sort=date"])
    func `pages follow one another and miss nothing`(_ sort: String) throws {
        var seen: [String] = []
        var query = "&_count=3" + sort
        while true {
            let page = try bundle(8, query)
            #expect(page["total"]?.integer == 8)
            seen += ids(page)
            guard let next = link("next", page) else { break }
            let fields = try RequestTarget(next).fields.filter { $0.name != "patient" }
            query = fields.map { "&\($0.name)=\($0.value)" }.joined()
        }
        let all = (0..<8).map { "d\($0)" }
        #expect(seen == (sort.isEmpty ? all : all.reversed()))
    }

    @Test func `a page begins behind an entry even when entries before it went`() {
        #expect(PageCursor(index: 3, after: "d2").start(among: ["d1", "d2", "d3"]) == 2)
        #expect(PageCursor(index: 3, after: "gone").start(among: ["d1", "d2", "d3", "d4"]) == 3)
        #expect(PageCursor(index: 9, after: "gone").start(among: ["d1"]) == 1)
        #expect(PageCursor(PageCursor(index: 7, after: "d6").text) == PageCursor(index: 7, after: "d6"))
    }

    @Test func `a count of nothing tells the total alone, and one too large is capped`() throws {
        for query in ["&_count=0", "&_summary=count"] {
            let found = try bundle(5, query)
            #expect(found["total"]?.integer == 5)
            #expect(ids(found).isEmpty)
            #expect(link("next", found) == nil)
        }
        #expect(try ids(bundle(5, "&_count=1000000000", max: 2)).count == 2)
    }

    @Test func `an id is found where our renderer writes it and anywhere else`() {
        #expect(SearchsetPage.id(Self.reference(4)) == "d4")
        #expect(SearchsetPage.id(Array(#"{"id":"x","resourceType":"DocumentReference"}"#.utf8)) == "x")
        #expect(SearchsetPage.id([]) == "")
    }
}
