import ExchangeCore
import HTTPTypes
import Testing

@testable import FHIREndpoint

@Suite struct RouteTableTests {
    private func match(_ method: HTTPRequest.Method, _ path: String, _ door: AccessContext.Door = .client) -> String {
        switch RouteTable.match(method, path.split(separator: "/").map(String.init), door: door) {
        case .route(let route, let id): id.map { "\(route.operation) \($0)" } ?? "\(route.operation)"
        case .otherMethod(let allowed): "405 " + allowed.map(\.rawValue).joined(separator: ",")
        case .notSupported: "501"
        case .unknown: "404"
        }
    }

    @Test func `every route is found by its method and path at its doors alone`() {
        for route in RouteTable.routes {
            let path = route.segments.map { $0 == ":id" ? "a-1" : $0 == ":version" ? "1" : $0 }.joined(separator: "/")
            for door in [AccessContext.Door.client, .peer] {
                let found = match(route.method, path, door)
                #expect(found.hasPrefix(route.operation.rawValue) == route.doors.contains(door), "\(route.pattern)")
            }
        }
    }

    @Test func `every operation has a route`() {
        #expect(Set(RouteTable.routes.map(\.operation)) == Set(EdgeOperation.allCases))
    }

    @Test func `T38 only metadata answers without a credential, and only witnesses and the token endpoint without a token`() {
        #expect(
            RouteTable.routes.filter { $0.credential == .none }.map(\.pattern) == [
                "/fhir/metadata", "/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration",
                "/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/openapi.json",
            ])
        #expect(
            RouteTable.routes.filter { $0.credential == .certificate }.map(\.pattern) == [
                "/witness/add-checkpoint", "/witness/heads", "/witness/consistency", "/token",
            ])
    }

    @Test func `nothing is published at the peer door`() {
        for route in RouteTable.routes(of: .peer) {
            #expect(!["ITI-65", "ITI-105", "ITI-106", "ITI-108"].contains(route.transaction ?? ""))
        }
        #expect(match(.post, "fhir", .peer) == "404")
        for door in [AccessContext.Door.client, .peer] { #expect(match(.post, "directory", door) == "404") }
    }

    @Test func `what is not a route is 404, 405 or 501`() {
        #expect(match(.delete, "fhir/Patient/1") == "405 GET")
        #expect(match(.get, "fhir") == "405 POST")
        #expect(match(.get, "fhir/Patient/$match") == "405 POST")
        #expect(match(.options, "fhir/DocumentReference") == "405 POST,GET")
        #expect(match(.get, "fhir/DocumentReference/1") == "readDocument 1")
        #expect(match(.delete, "fhir/DocumentReference/1") == "405 GET")
        #expect(match(.get, "fhir/DocumentReference/1", .peer) == "501")
        #expect(match(.get, "fhir/Binary/1/_history/2") == "501")
        #expect(match(.get, "fhir/$export") == "501")
        #expect(match(.get, "fhir/Observation") == "404")
        #expect(match(.get, "fhir/patient") == "404")
        #expect(match(.get, "livez") == "404")
        #expect(match(.get, "") == "404")
        #expect(match(.get, "fhir/Patient/a_b") == "404", "what is no id names nothing")
        #expect(match(.head, "fhir/Binary/x") == "retrieveDocument x")
        #expect(match(.delete, "fhir/Consent/x") == "405 PUT,GET")
        #expect(match(.get, "fhir/Consent/x/_history/2") == "readConsentVersion x")
        #expect(match(.get, "fhir/Consent/x", .peer) == "404")
    }
}
