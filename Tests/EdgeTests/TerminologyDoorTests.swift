import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON
import NIOCore
import Terminology
import Testing

@testable import FHIREndpoint

/// Imported code systems over FHIR: `$validate-code`, `$lookup`, `$expand`; and what the door says of itself.
@Suite struct TerminologyDoorTests {
    private static let icd = "http://hl7.org/fhir/sid/icd-10-cm"

    private static func scene() async throws -> EdgeScene {
        func table(_ version: String, _ from: String, _ until: String?, _ rows: [Concept]) throws -> CodeTable {
            let label = try #require(
                ReleaseLabel(
                    system: icd, version: version, from: ReleaseDay(from), until: until.flatMap { ReleaseDay($0) },
                    source: "order.txt", digest: "00"))
            return try CodeTable(MemoryCodeTableStore(CodeTableWriter.bytes(rows, label: label)))
        }
        let old = [Concept(code: "I50.9", displays: ["Heart failure, unspecified"])]
        let new =
            old + [
                Concept(code: "I50", displays: ["Heart failure"], isSelectable: false),
                Concept(code: "I50.22", displays: ["Chronic systolic (congestive) heart failure", "Chronic systolic HF"]),
                Concept(code: "J18.9", displays: ["Pneumonia, unspecified organism"], isActive: false),
            ]
        return try await EdgeScene(
            terminology: TerminologyReleases([
                try table("2025", "2024-10-01", "2025-09-30", old), try table("2026", "2025-10-01", nil, new),
            ]))
    }

    private static func get(_ scene: EdgeScene, _ path: String) async throws -> (status: Int, json: JSONValue) {
        let answer = await scene.send(.get, "/fhir/" + path)
        return (answer.status.code, try answer.json())
    }

    private static func value(_ json: JSONValue, _ name: String) -> JSONValue? {
        json.object.flatMap { Parameters(json: $0) }?.parameter(named: name)?.value
    }

    @Test func `a code is valid, named wrongly, a heading, malformed, unknown or of another year`() async throws {
        let scene = try await Self.scene()
        func validate(_ rest: String) async throws -> (JSONValue?, String) {
            let (status, json) = try await Self.get(scene, "CodeSystem/$validate-code?url=\(Self.icd)&" + rest)
            #expect(status == 200, "\(json)")
            return (Self.value(json, "result"), Self.value(json, "message")?.string ?? "")
        }
        #expect(try await validate("code=I50.9") == (true, ""))
        #expect(try await validate("code=I509&display=Heart%20failure").0 == true)
        #expect(try await validate("code=I50.9&display=Pneumonia").0 == false)
        #expect(try await validate("code=I50").1.contains("heading"))
        #expect(try await validate("code=I50.99").0 == false)
        #expect(try await validate("code=%3F%3F").0 == false)
        #expect(try await validate("code=J18.9").1.contains("withdrawn"))
        #expect(try await validate("code=I50.22&version=2025").0 == false)
        #expect(try await validate("code=I50.22&date=2025-01-01").0 == false)
        #expect(try await validate("code=I50.22&date=2026-01-01").0 == true)
        let unit = try await Self.get(scene, "CodeSystem/$validate-code?url=http://unitsofmeasure.org&code=mg/dL")
        #expect(unit.status == 200 && Self.value(unit.json, "result") == true)
        let loinc = try await Self.get(scene, "CodeSystem/$validate-code?url=http://loinc.org&code=18842-5")
        #expect(loinc.status == 404, "nobody imported it")
        let mistyped = try await Self.get(scene, "CodeSystem/$validate-code?url=http://loinc.org&code=18842-6")
        #expect(Self.value(mistyped.json, "result") == false, "but its check digit tells")
    }

    @Test func `a coding is posted, and what is asked wrongly is refused by name`() async throws {
        let scene = try await Self.scene()
        let body = Parameters([
            .init("coding", "valueCoding", ["system": .string(Self.icd), "code": "I50.22", "display": "Chronic systolic HF"])
        ]).json
        let answer = await scene.send(.post, "/fhir/CodeSystem/$validate-code", body: JSONWriter.bytes(.object(body)))
        #expect(Self.value(try answer.json(), "result") == true)
        #expect(Self.value(try answer.json(), "version") == "2026")
        for (query, place) in [
            ("code=I50", "url"), ("url=\(Self.icd)", "code"), ("url=\(Self.icd)&code=I50&date=yesterday", "date"),
            ("url=\(Self.icd)&code=I50&code=I51", "code"), ("url=\(Self.icd)&code=I50&valueSet=x", "valueSet"),
        ] {
            let (status, json) = try await Self.get(scene, "CodeSystem/$validate-code?" + query)
            #expect(status == 400, "\(query)")
            #expect(json["issue"]?[0]?["diagnostics"]?.string == place || json["issue"]?[0]?["expression"]?[0]?.string == place)
        }
        #expect(await scene.send(.get, "/fhir/CodeSystem/$validate-code?url=x&code=y", token: nil).status == .unauthorized)
        #expect(await scene.send(.get, "/fhir/CodeSystem/$lookup?system=x&code=y", door: .peer).status != .ok)
    }

    @Test func `a code is looked up, with its other names and whether it may be used`() async throws {
        let scene = try await Self.scene()
        let (status, json) = try await Self.get(scene, "CodeSystem/$lookup?system=\(Self.icd)&code=I5022")
        #expect(status == 200)
        #expect(Self.value(json, "display")?.string?.hasPrefix("Chronic") == true && Self.value(json, "version") == "2026")
        let parameters = json.object.flatMap { Parameters(json: $0) }
        #expect(parameters?.parameters(named: "designation").first?.part(named: "value")?.value == "Chronic systolic HF")
        let (heading, more) = try await Self.get(scene, "CodeSystem/$lookup?system=\(Self.icd)&code=I50")
        let properties = more.object.flatMap { Parameters(json: $0) }?.parameters(named: "property") ?? []
        #expect(heading == 200)
        #expect(properties.contains { $0.part(named: "code")?.value == "notSelectable" && $0.part(named: "value")?.value == true })
        #expect(try await Self.get(scene, "CodeSystem/$lookup?system=\(Self.icd)&code=Z99.9").status == 404)
    }

    @Test func `all of a code system is expanded page by page and by a filter`() async throws {
        let scene = try await Self.scene()
        func codes(_ rest: String) async throws -> (total: Int?, codes: [String]) {
            let (status, json) = try await Self.get(scene, "ValueSet/$expand?url=\(Self.icd)%3Ffhir_vs" + rest)
            #expect(status == 200, "\(json)")
            let rows = json["expansion"]?["contains"]?.items ?? []
            return (json["expansion"]?["total"]?.integer, rows.compactMap { $0["code"]?.string })
        }
        #expect(try await codes("") == (4, ["I50", "I50.22", "I50.9", "J18.9"]))
        #expect(try await codes("&count=2&offset=1") == (4, ["I50.22", "I50.9"]))
        #expect(try await codes("&count=0") == (4, []))
        #expect(try await codes("&filter=systolic%20heart") == (1, ["I50.22"]))
        #expect(try await codes("&filter=i50.2") == (1, ["I50.22"]))
        #expect(try await codes("&activeOnly=true").total == 3)
        #expect(try await Self.get(scene, "ValueSet/$expand?url=http://example.org/vs").status == 404)
    }

    @Test func `the door describes every one of its routes, and nothing else`() async throws {
        let scene = try await Self.scene()
        let answer = await scene.send(.get, "/openapi.json", token: nil)
        #expect(answer.status == .ok)
        let json = try answer.json()
        #expect(json["openapi"] == "3.0.3" && json["servers"]?[0]?["url"] == "https://a.example.org:8443")
        var described: Set<String> = []
        for path in json["paths"]?.object?.members ?? [] {
            for method in path.value.object?.members ?? [] { described.insert(method.name + " " + path.name) }
        }
        let served = RouteTable.routes(of: .client).map { route in
            route.method.rawValue.lowercased() + " /"
                + route.segments.map { $0.hasPrefix(":") ? "{" + $0.dropFirst() + "}" : $0 }.joined(separator: "/")
        }
        #expect(described == Set(served))
        #expect(Set(served).count == served.count)
    }
}
