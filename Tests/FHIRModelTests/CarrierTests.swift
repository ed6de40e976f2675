import ExchangeCore
import FHIRModel
import JSON
import Testing

/// Resources that carry others: what is built is valid, and reads back as it was.
struct CarrierTests {
    @Test func `a search's answer`() throws {
        let outcome = OperationOutcome([
            .init(
                .warning, "incomplete", details: "one community is missing",
                codings: [CodedValue(code: "timedOut", system: "urn:x")], diagnostics: "d", expression: ["Bundle"],
                extensions: [.init(url: "urn:home", value: .oid("urn:oid:1.2.3"))])
        ])
        let entries = [
            BundleEntry(
                fullUrl: "https://h/Patient/1", resource: ["resourceType": "Patient", "id": "1"],
                search: .init(.match, score: 0.8765, grade: "probable")),
            BundleEntry(resource: outcome.json, search: .init(.outcome)),
        ]
        let bundle = Bundle.searchset(
            total: 1, links: [.init("self", "https://h/Patient?x=1")], entries: entries,
            timestamp: Timestamp(milliseconds: 0))
        let resource = try FHIRResource(validating: bundle)
        let read = Bundle.entries(resource.json)
        #expect(read.count == 2)
        #expect(read[0].search == .init(.match, score: 0.877, grade: "probable"))
        #expect(read[0].resourceType == "Patient")
        #expect(read[1].resource.map(OperationOutcome.init(json:)) == outcome)
        #expect(Bundle.link("self", of: bundle) == "https://h/Patient?x=1")
        #expect(Bundle.link("next", of: bundle) == nil)
        #expect(bundle["total"] == 1)
    }

    @Test(arguments: [
        (0.0, "0.000"), (1.0, "1.000"), (0.0004, "0.000"), (0.05, "0.050"), (.nan, "0.000"), (7, "1.000"),
        (-1, "0.000"), (0.9996, "1.000"),
    ])
    func `a score has three decimals within 0 and 1`(_ row: (score: Double, text: String)) {
        let entry = BundleEntry(search: .init(.match, score: row.score))
        #expect(entry.json["search"]?["score"] == .number(row.text))
    }

    @Test func `a transaction and its answer`() throws {
        let entries = [
            BundleEntry(
                fullUrl: "urn:uuid:1", resource: ["resourceType": "Patient"],
                request: .init(method: "POST", url: "Patient", ifNoneExist: "identifier=a|b"),
                response: .init(
                    status: "201 Created", location: "Patient/1/_history/1", etag: "W/\"1\"",
                    lastModified: Timestamp(milliseconds: 1)))
        ]
        let bundle = Bundle.bundle(type: "transaction", entries: entries)
        #expect(try Bundle.entries(FHIRResource(validating: bundle).json) == entries)
        #expect(Bundle.entries(["resourceType": "Bundle"]).isEmpty)
    }

    @Test func `an empty answer has no entries`() throws {
        let bundle = Bundle.searchset(total: 0, entries: [])
        #expect(try FHIRResource(validating: bundle).json["entry"] == nil)
    }

    @Test func `parameters with values, resources and parts`() throws {
        let parameters = Parameters([
            .init("count", "valueInteger", 3),
            .init(name: "resource", resource: ["resourceType": "Patient"]),
            .init(name: "operation", parts: [.init("type", "valueCode", "replace")]),
        ])
        let read = try #require(Parameters(json: FHIRResource(validating: parameters.json).json))
        #expect(read == parameters)
        #expect(read.parameter(named: "count")?.value?.integer == 3)
        #expect(read.parameter(named: "operation")?.part(named: "type")?.value?.string == "replace")
        #expect(read.parameter(named: "resource")?.resource?["resourceType"] == "Patient")
        #expect(read.parameter(named: "other") == nil)
        #expect(Parameters(json: ["resourceType": "Patient"]) == nil)
    }
}
