import ExchangeCore
@testable import FHIRModel
import GossipDirectory
import HTTPTypes
import JSON
import NIOCore
import Testing
import Transactions
import Trust

@testable import FHIREndpoint

/// mCSD: the directory by ITI-90 and ITI-91.
@Suite struct CareServiceTests {
    let scene: EdgeScene
    let west: CommunityID
    let key = SigningKey()

    init() async throws {
        scene = try await EdgeScene()
        west = try #require(CommunityID("1.3.6.1.4.1.21367.2026.11"))
        try await admit()
        try await say(["https://west.example.org:9443/fhir", "https://west2.example.org:9443/fhir"])
    }

    private func admit(epoch: UInt32 = 1) async throws {
        let grant = Admission.Grant(
            network: scene.authority.publicKey.thumbprint, community: west, organization: "Westside Clinic",
            keys: [key.publicKey], epoch: epoch, issued: scene.exchange.world.now() - .seconds(60))
        try await scene.exchange.advanceDirectory(
            .admitted(Admission(granting: grant, key: scene.authority).token.compact))
    }

    /// West says of itself where it answers.
    private func say(_ addresses: [String], status: DirectoryRecord.Status = .active) async throws {
        let now = Timestamp(seconds: scene.exchange.world.now().seconds)
        let statement = DirectoryRecord.Statement(
            network: scene.authority.publicKey.thumbprint, community: west, epoch: 1,
            sequence: UInt64(scene.exchange.world.now().milliseconds), previous: nil, issued: now,
            expires: now + .seconds(72 * 3600), status: status,
            profile: DirectoryProfile(
                organization: "Westside Clinic",
                endpoints: try addresses.map { DirectoryEndpoint(role: "fhir", url: try #require(EndpointURL($0))) }),
            keys: [key.publicKey.thumbprint], admission: scene.authority.publicKey.thumbprint)
        var message = DirectoryMessage(network: scene.authority.publicKey.thumbprint, at: scene.exchange.world.now())
        message.records = [try DirectoryRecord(stating: statement, key: key).token.compact]
        #expect(try await scene.exchange.advanceDirectory(.asked(.message(message), from: west)) != nil)
    }

    private func get(_ path: String) async -> Answer { await scene.send(.get, "/fhir/" + path) }

    private func found(_ path: String) async throws -> [JSONValue] {
        let answer = await get(path)
        #expect(answer.status.code == 200, "\(path): \(String(buffer: answer.body))")
        return try answer.matches()
    }

    @Test func `a facility is read with its addresses, each as the owner says and in FHIR's form`() async throws {
        let organization = try #require(try await found("Organization?identifier=\(west.urn)").first?["resource"])
        #expect(organization["name"]?.string == "Westside Clinic")
        #expect(organization["active"]?.bool == true)
        let endpoints = organization["endpoint"]?.items.compactMap { $0["reference"]?.string } ?? []
        #expect(endpoints.count == 2)
        let read = await get(try #require(endpoints.first))
        #expect(try read.json()["address"]?.string == "https://west.example.org:9443/fhir")
        #expect(try read.json()["status"]?.string == "active")
        #expect(read.headers[.eTag]?.hasPrefix("W/\"") == true)
        for type in ["Organization", "Endpoint", "Location"] {
            for match in try await found(type) {
                let resource = try #require(match["resource"]?.object)
                #expect(try ResourceValidator.validate(resource) == type)
            }
        }
    }

    @Test func `what refers and what is referred to comes along when it is asked for`() async throws {
        let path = "Organization?name:contains=SIDE&_include=Organization:endpoint&_revinclude=Location:organization"
            + "&_revinclude=OrganizationAffiliation:participating-organization"
        let entries = try await get(path).json()["entry"]?.items ?? []
        let shown = entries.map { "\($0["search"]?["mode"]?.string ?? "") \($0["resource"]?["resourceType"]?.string ?? "")" }
        #expect(
            shown.sorted() == [
                "include Endpoint", "include Endpoint", "include Location", "include OrganizationAffiliation",
                "match Organization",
            ])
        let network = try #require(
            try await found("OrganizationAffiliation").first?["resource"]?["organization"]?["reference"]?.string)
        #expect(await get(network).status.code == 200)
        #expect(try await found("OrganizationAffiliation?primary-organization=\(network)").count == 1)
    }

    @Test(arguments: [
        ("Organization?active=true", 2), ("Organization?active=false", 0), ("Organization?name=west", 1),
        ("Organization?name=side", 0), ("Organization?name:exact=Westside%20Clinic", 1),
        ("Organization?name:exact=westside%20clinic", 0), ("Organization?type=facility", 1),
        ("Organization?_id=1.3.6.1.4.1.21367.2026.11", 1), ("Organization?_lastUpdated=lt2026-03-01", 0),
        ("Organization?_lastUpdated=ge2026-03-01", 2),
        ("Endpoint?organization=Organization/1.3.6.1.4.1.21367.2026.11", 2), ("Endpoint?status=active", 2),
        ("Endpoint?status=off", 0), ("Location?status=active", 1), ("Location?organization=1.3.6.1.4.1.21367.2026.11", 1),
        ("OrganizationAffiliation?date=ap2026-03-02", 1), ("OrganizationAffiliation?date=2026-03-02", 0),
        ("OrganizationAffiliation?date=ne2026-03-02", 1), ("Organization?_lastUpdated=ne2026-03-02", 0), ("OrganizationAffiliation?date=lt2025-01-01", 0),
        ("OrganizationAffiliation?role=member", 1), ("OrganizationAffiliation?active=true", 1),
    ])
    func `each parameter of ITI-90 narrows the search`(path: String, count: Int) async throws {
        #expect(try await found(path).count == count, "\(path)")
    }

    @Test func `changes since a moment are told with deletions, and nothing between two questions is lost`() async throws {
        let start = try await get("Endpoint/_history").json()
        #expect(start["entry"]?.items.count == 2)
        let since = try #require(start["timestamp"]?.string)
        let quiet = try await get("Endpoint/_history?_since=\(since)").json()
        #expect(quiet["total"]?.integer == 0)
        try await say(["https://new.example.org:9443/fhir"])
        let later = try await get("Endpoint/_history?_since=\(since)").json()
        let methods = later["entry"]?.items.compactMap { $0["request"]?["method"]?.string } ?? []
        #expect(methods.sorted() == ["DELETE", "PUT"])
        #expect(
            later["entry"]?.items.compactMap { $0["resource"]?["address"]?.string } == ["https://new.example.org:9443/fhir"])
        let gone = try #require(
            later["entry"]?.items.first { $0["request"]?["method"]?.string == "DELETE" }?["request"]?["url"]?.string)
        #expect(await get(gone).status.code == 410)
        // Who asked before this node started is told of every address that may have gone meanwhile.
        let before = try await get("Endpoint/_history?_since=2026-01-01T00:00:00Z&_count=50").json()
        let deletions = before["entry"]?.items.filter { $0["request"]?["method"]?.string == "DELETE" } ?? []
        #expect(deletions.count == DirectoryRecord.endpointsPerRole - 1)
    }

    @Test func `an Endpoint's status comes from the record, and the admission stands above it`() async throws {
        try await say(["https://west.example.org:9443/fhir"], status: .maintenance)
        #expect(try await found("Endpoint?status=suspended").count == 1)
        let revocation = try Revocation(
            of: west, epoch: 1, network: scene.authority.publicKey.thumbprint, reason: "left",
            issued: scene.exchange.world.now(), key: scene.authority)
        try await scene.exchange.advanceDirectory(.revoked(revocation.token.compact))
        #expect(try await found("Endpoint?status=active").isEmpty)
        #expect(try await found("Organization?active=false").count == 1)
    }

    @Test func `pages hold what was asked for, and lead to the rest`() async throws {
        let first = try await get("Endpoint?_count=1").json()
        #expect(first["total"]?.integer == 2)
        let bundle = try #require(first.object)
        let next = try #require(Bundle.link("next", of: bundle))
        let rest = try await found(String(next.dropFirst(EdgeScene.base.utf8.count + 1)))
        #expect(rest.count == 1)
        #expect(rest.first?["resource"]?["id"] != first["entry"]?.items.first?["resource"]?["id"])
    }

    @Test(arguments: [
        "Organization?active=", "Organization?name=%20", "Organization?name:below=x", "Organization?_include=x",
        "Organization?_include=Patient:link", "Organization?_revinclude=Organization:endpoint",
        "Organization?_count=-1", "Organization?_page=%00", "Organization?_lastUpdated=yesterday",
        "Endpoint?organization:Patient=1", "OrganizationAffiliation?date=2026-13-01", "Organization/_history?_since=soon",
        "Organization/_history?_count=0", "Organization/_history?_at=2026", "Organization/_history?_page=%F0",
        "Organization?identifier=\(String(repeating: "a,", count: 70))a", "Organization?active:not=true",
    ])
    func `a search that makes no sense is refused`(path: String) async {
        #expect(await get(path).status.code == 400, "\(path)")
    }

    @Test func `nobody reads the directory without a token, and peers have no such door`() async {
        for type in CareServiceType.allCases {
            for path in ["/fhir/\(type.rawValue)", "/fhir/\(type.rawValue)/_history", "/fhir/\(type.rawValue)/1"] {
                #expect(await scene.send(.get, path, token: nil).status.code == 401, "\(path)")
                #expect(await scene.send(.get, path, door: .peer).status.code == 404, "\(path)")
                #expect(await scene.send(.delete, path).status.code == 405, "\(path)")
            }
        }
        #expect(await get("Organization/9.9.9").status.code == 404)
        // No id of FHIR: it names nothing.
        #expect(await get("Organization/..%2f..%2fetc").status.code == 404)
    }

    @Test func `an unknown parameter is named, or refused where the caller is strict`() async throws {
        let lenient = try await get("Organization?colour=green").json()
        #expect(lenient["entry"]?.items.contains { $0["search"]?["mode"]?.string == "outcome" } == true)
        #expect(await scene.send(.get, "/fhir/Organization?colour=green", [.prefer: "handling=strict"]).status.code == 400)
    }

    @Test func `the CapabilityStatement names every type, parameter and inclusion`() async throws {
        let resources = try await get("metadata").json()["rest"]?.items.first?["resource"]?.items ?? []
        for type in CareServiceType.allCases {
            let resource = try #require(resources.first { $0["type"]?.string == type.rawValue })
            let codes = resource["interaction"]?.items.compactMap { $0["code"]?.string } ?? []
            #expect(Set(codes) == ["read", "search-type", "history-type"])
            #expect(resource["searchInclude"]?.items.isEmpty == false)
            for parameter in resource["searchParam"]?.items ?? [] {
                let name = try #require(parameter["name"]?.string)
                let value = parameter["type"]?.string == "date" ? "2026-01-01" : "x"
                #expect(await get("\(type.rawValue)?\(name)=\(value)").status.code == 200, "\(type.rawValue)?\(name)")
            }
        }
    }
}
