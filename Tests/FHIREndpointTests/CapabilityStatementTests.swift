import ExchangeCore
import JSON
import Testing

@testable import FHIREndpoint

@Suite struct CapabilityStatementTests {
    private func statement(_ door: AccessContext.Door, token: String? = nil) -> JSONValue {
        .object(
            CapabilityStatement(
                door: door, base: "https://a.example.org/fhir", name: "Eastside", date: Timestamp(seconds: 0),
                tokenEndpoint: token
            ).json)
    }

    @Test func `what FHIR requires is there`() {
        let statement = statement(.client)
        for name in ["resourceType", "status", "date", "kind", "fhirVersion", "format", "rest"] {
            #expect(statement[name] != nil, "\(name)")
        }
        #expect(statement["fhirVersion"]?.string == "4.0.1")
        #expect(statement["rest"]?[0]?["mode"]?.string == "server")
    }

    @Test func `it names every route, every search parameter and every operation of its door`() {
        for door in [AccessContext.Door.client, .peer] {
            let rest = statement(door)["rest"]?[0]
            let resources = rest?["resource"]?.items ?? []
            for route in RouteTable.routes(of: door) {
                guard let interaction = route.interaction else { continue }
                guard let type = route.resourceType else {
                    let named = (rest?["operation"]?.items ?? []).contains { $0["name"]?.string == String(interaction.dropFirst()) }
                    let isStated = rest?["interaction"]?.items.contains { $0["code"]?.string == interaction } ?? false
                    #expect(interaction.hasPrefix("$") ? named : isStated, "\(route.pattern)")
                    continue
                }
                let resource = resources.first { $0["type"]?.string == type }
                let names = (resource?["operation"]?.items ?? []).compactMap { $0["name"]?.string }
                let codes = (resource?["interaction"]?.items ?? []).compactMap { $0["code"]?.string }
                #expect(names.contains(String(interaction.dropFirst())) || codes.contains(interaction), "\(route.pattern)")
            }
            let documents = resources.first { $0["type"]?.string == "DocumentReference" }
            #expect(
                documents?["searchParam"]?.items.compactMap { $0["name"]?.string }
                    == SearchParameters.criteria.map(\.name))
        }
    }

    @Test func `the peer door claims nothing it does not do`() {
        let rest = statement(.peer)["rest"]?[0]
        #expect(rest?["interaction"] == nil)
        let documents = rest?["resource"]?.items.first { $0["type"]?.string == "DocumentReference" }
        #expect(documents?["operation"] == nil)
        #expect(documents?["interaction"]?.items.compactMap { $0["code"]?.string } == ["search-type"])
    }

    @Test func `a token endpoint stands where fhirclient looks for it`() {
        let security = statement(.client, token: "https://idp.example.org/token")["rest"]?[0]?["security"]
        #expect(security?["extension"]?[0]?["extension"]?[0]?["valueUri"]?.string == "https://idp.example.org/token")
        #expect(statement(.client)["rest"]?[0]?["security"]?["extension"] == nil)
    }
}
