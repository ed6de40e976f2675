import ExchangeCore
import HTTPTypes
import JSON
import NIOCore
import Testing
import Transactions

@testable import FHIREndpoint

/// Every route that wants a token, asked by somebody whose role no row of the table names: nothing is done, and nothing is told.
@Suite struct RoleDoorTests {
    /// Requests that somebody with a role would have answered, where the route's path alone is not one.
    private static func request(_ route: Route, _ scene: EdgeScene, _ document: String) -> (path: String, body: [UInt8]) {
        var path = "/" + route.segments.joined(separator: "/")
        let id = path.contains("Binary") || path.contains("DocumentReference") ? document : scene.patient.id.description
        path = path.replacing(":id", with: id).replacing(":version", with: "1")
        let number = EdgeScene.mrn + "%7CIHERED-994"
        switch route.operation {
        case .searchDocuments where route.method == .get, .searchLists where route.method == .get: return (path + "?patient=\(scene.patient.id)", [])
        case .searchPatients where route.method == .get, .withdrawPatient: return (path + "?identifier=" + number, [])
        case .crossReference where route.method == .get: return (path + "?sourceIdentifier=" + number, [])
        case .searchConsents where route.method == .get: return (path + "?patient=\(scene.patient.id)", [])
        case .queryLinks where route.method == .get, .linkHistory where route.method == .get:
            return (path + "?resourceId=Patient/\(scene.patient.id)", [])
        case .validateCode where route.method == .get, .lookUpCode where route.method == .get:
            return (path + "?url=urn:oid:1.2.3&system=urn:oid:1.2.3&code=A", [])
        case .expandValueSet where route.method == .get: return (path + "?url=urn:oid:1.2.3?fhir_vs", [])
        case .simplifiedPublish: return (path, EdgeScene.reference("<a xmlns=\"urn:a\"/>"))
        case .recordAuditEvent:
            return (path, Array(#"{"resourceType":"AuditEvent","type":{"code":"rest"},"recorded":"2026-03-01T00:00:00Z"}"#.utf8))
        default: return (path, [])
        }
    }

    @Test(arguments: ["clerk", "Physician", "patient"])
    func `a role that the table does not name is refused on every route`(_ role: String) async throws {
        let scene = try await EdgeScene()
        let document = try await scene.publish()
        let known = UserRole(rawValue: role) != nil
        var refused = 0
        for route in RouteTable.routes(of: .client) where route.credential == .token {
            let (path, body) = Self.request(route, scene, document)
            let answer = await scene.send(route.method, path, body: body, purpose: "HOPERAT", role: role)
            let free = known && [.validateCode, .lookUpCode, .expandValueSet, .readCareService, .searchCareServices, .careServiceHistory].contains(route.operation)
            if free {
                #expect(answer.status != .forbidden, "\(route.method) \(route.pattern)")
                continue
            }
            // What cannot be read at all is refused as that; whatever could be read, by the role.
            #expect([403, 400, 415].contains(answer.status.code), "\(route.method) \(route.pattern): \(answer.status.code)")
            if answer.status == .forbidden { refused += 1 }
            if route.method == .get { #expect(answer.status == .forbidden, "\(route.pattern): \(answer.status.code)") }
            #expect(!String(buffer: answer.body).contains(scene.patient.id.description))
        }
        #expect(refused >= (known ? 15 : 30), "\(refused)")
        // And the same requests are answered to whoever may.
        let search = "/fhir/DocumentReference?patient=\(scene.patient.id)"
        #expect(await scene.send(.get, search).status == .ok)
    }
}
