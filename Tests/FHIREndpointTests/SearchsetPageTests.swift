import ExchangeCore
import FHIRModel
import JSON
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

@Suite struct SearchsetPageTests {
    /// The row of a number: the greater, the older; every third shares its time with the next.
    private static func row(_ number: Int) -> FoundDocument {
        guard let id = DocumentID(bytes: [UInt8](repeating: 0, count: 15) + [UInt8(number)]) else {
            preconditionFailure("sixteen bytes are an id")
        }
        let time = Timestamp(milliseconds: 1_772_445_600_000 - Int64(number / 2) * 1000)
        return FoundDocument(
            registered: time, id: id,
            reference: Array(
                #"{"resourceType":"DocumentReference","id":"\#(id)","status":"current","content":[{"attachment":{"title":"x"}}]}"#.utf8))
    }

    private static func id(_ number: Int) -> String { row(number).id.description }

    private static func found(_ numbers: some Sequence<Int>, _ search: FoundDocuments.Search? = nil) -> FoundDocuments {
        FoundDocuments(rows: numbers.map(row), receipt: CompletenessReceipt([]), ticket: nil, search: search)
    }

    private func bundle(_ count: Int, _ query: String, max: Int = 500, outcome: OperationOutcome? = nil) throws -> JSONValue {
        try bundle(Self.found(0..<count), query, max: max, outcome: outcome)
    }

    private func bundle(
        _ found: FoundDocuments, _ query: String, max: Int = 500, outcome: OperationOutcome? = nil,
    ) throws -> JSONValue {
        let fields = try RequestTarget("/fhir/DocumentReference?patient=1" + query).fields
        let page = SearchsetPage(
            base: "https://a/fhir", search: try DocumentSearch(fields, isStrict: true, asked: Timestamp(milliseconds: 0)), pageEntriesMax: max,
            outcome: outcome, outcomeID: "x")
        let buffer = page.bytes(of: found)
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
        #expect(ids(bundle) == [Self.id(0), Self.id(1)])
        #expect(bundle["entry"]?[0]?["fullUrl"]?.string == "https://a/fhir/DocumentReference/\(Self.id(0))")
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
        let all = (0..<8).map(Self.id)
        #expect(seen == (sort.isEmpty ? all : all.reversed()))
    }

    @Test(arguments: ["", "&_sort=date"])
    func `a page begins behind the place of the last row, whatever came or went before it`(_ sort: String) throws {
        let first = try bundle(Self.found([1, 3, 5, 6, 8, 9]), "&_count=3" + sort)
        let next = try #require(link("next", first))
        let query = try RequestTarget(next).fields.filter { $0.name != "patient" }.map { "&\($0.name)=\($0.value)" }.joined()
        // The last row of the first page is gone, others came.
        let second = try bundle(Self.found([0, 1, 2, 3, 6, 7, 8, 9]), query)
        let expected = sort.isEmpty ? [6, 7, 8] : [3, 2, 1]
        #expect(ids(second) == expected.map(Self.id))
    }

    @Test func `a search that goes on says where`() throws {
        let token = String(repeating: "a", count: 32)
        let going = try bundle(Self.found(0..<5, .init(token: token, seen: 2, isOver: false)), "&_count=2")
        for (relation, isPaging) in [("next", true), ("monitor", false)] {
            let address = try #require(link(relation, going))
            let search = try DocumentSearch(RequestTarget(address).fields, isStrict: true, asked: Timestamp(milliseconds: 0))
            let resuming = try #require(search.locating.resuming)
            #expect(resuming == .init(token: token, seen: 2, isPaging: isPaging))
        }
        let over = try bundle(Self.found(0..<5, .init(token: token, seen: 3, isOver: true)), "")
        #expect(link("monitor", over) == nil)
    }

    @Test(arguments: ["", "x", "- - - 0", "5 x - 0", "- - short 1", "1 2 3", "9007199254740993 - - 0"])
    func `what is no page of ours is refused`(_ text: String) throws {
        #expect(PageCursor(Base64.encode(Array(text.utf8), .url)) == nil)
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
}
