import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Synchronization
import Testing
import Transactions
import XDSMetadata

@testable import PeerTransport

/// ITI-66 asked of a peer: the form, the pages, and what voids an answer.
@Suite struct PeerListTests {
    let scene: TransportScene

    init() throws { scene = try TransportScene() }

    private static let patient = PatientID("0190aaaa-0000-4000-8000-000000000001")!

    private func context() -> AccessContext {
        AccessContext(
            door: .client, user: "dr.brattain", role: "physician", organization: "urn:oid:1.2.9", community: scene.west,
            purpose: "TREAT", deadline: scene.world.uptime() + .seconds(60), traceID: String(repeating: "b", count: 32))
    }

    /// A folder of one document, and the document.
    private func folder(_ number: Int, of patient: PatientID = Self.patient, home: CommunityID? = nil) -> (list: JSONObject, document: JSONObject) {
        var random = SystemRandomNumberGenerator()
        let entry = DocumentEntry(
            id: .random(using: &random), uniqueID: "urn:oid:1.2.3.\(number)", patient: patient, home: home ?? scene.east,
            mimeType: "text/xml", sha1: [UInt8](repeating: 1, count: 20), sha256: [UInt8](repeating: 2, count: 32), size: 9,
            registered: scene.now)
        let folder = Folder(id: .random(using: &random), uniqueID: "urn:oid:1.2.7.\(number)", patient: patient)
        let list = RegisteredList(.folder(folder), members: [.init(entry.id, added: scene.now)])
        return (
            DocumentListMapping.json(list, showing: [entry.id], home: home ?? scene.east),
            DocumentReferenceMapping.json(entry, base: "https://x/fhir")
        )
    }

    private func searchset(_ resources: [JSONObject], next: String? = nil) -> CannedAnswer {
        let bundle = Bundle.searchset(
            total: nil, links: next.map { [.init("next", $0)] } ?? [],
            entries: resources.map { BundleEntry(resource: $0, search: .init($0["resourceType"] == "List" ? .match : .include)) })
        return .answer(200, headers: [("Content-Type", "application/fhir+json")], body: JSONWriter.bytes(.object(bundle)))
    }

    private func ask(
        _ query: ListQuery = ListQuery(), withDocuments: Bool = false, _ answer: @escaping @Sendable (SeenRequest) -> CannedAnswer,
    ) async throws -> (lists: PeerLists, seen: [SeenRequest]) {
        let server = try await LoopbackServer.start(tls: scene.peerListener(), answer)
        let client = FHIRPeerClient(community: scene.west, connections: try scene.connections(), world: scene.world)
        let peer = PeerNode(community: scene.east, name: "East", fhirBase: "https://127.0.0.1:\(server.port)/fhir")
        do {
            let found = try await client.findLists(
                of: Self.patient.description, matching: query, withDocuments: withDocuments, at: peer, for: context())
            try await server.stop()
            return (found, server.seen.withLock { $0 })
        } catch {
            try await server.stop()
            throw error
        }
    }

    @Test func `lists of every page, and each document that came along once`() async throws {
        let (one, two) = (folder(1), folder(2))
        let found = try await ask(withDocuments: true) { request in
            String(decoding: request.body, as: UTF8.self).hasSuffix("_page=p1")
                ? self.searchset([two.list, two.document, one.document])
                : self.searchset([one.list, one.document], next: "https://x/fhir/List?patient=a&_page=p1")
        }
        #expect(found.lists.lists.map(\.uniqueID) == ["urn:oid:1.2.7.1", "urn:oid:1.2.7.2"])
        #expect(found.lists.documents.map(\.uniqueID) == ["urn:oid:1.2.3.1", "urn:oid:1.2.3.2"])
        #expect(found.seen.map(\.target) == ["/fhir/List/_search", "/fhir/List/_search"])
        #expect(found.seen.allSatisfy { !$0.target.contains(Self.patient.description) })
        let alone = try await ask { _ in self.searchset([one.list, one.document]) }
        #expect(alone.lists.documents.isEmpty, "what was not asked for is not taken")
    }

    @Test func `a query for lists goes into the form, escaped`() async throws {
        var query = ListQuery()
        query.kinds = [.folder]
        query.ids = ["a", "b"]
        query.designations = [.init(code: "a,b", system: "http://loinc.org")]
        query.identifiers = ["urn:oid:1.2"]
        query.sourceIDs = ["urn:oid:1.3"]
        query.sourceFamily = [.init("Ada", .exact)]
        query.sourceGiven = ["B"]
        query.date = [try #require(DateFilter("ne2026-03", asked: scene.now)), try #require(DateFilter("ge2026", asked: scene.now))]
        let form = String(
            decoding: PeerSearchForm.bytes(patient: "p1", query: query, withDocuments: true, page: "t"), as: UTF8.self)
        #expect(
            form == "patient=Patient%2Fp1&status=current&code=folder&_id=a%2Cb&designationType=http%3A%2F%2Floinc.org%7Ca%5C%2Cb"
                + "&identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Aoid%3A1.2&sourceId=urn%3Aietf%3Arfc%3A3986%7Curn%3Aoid%3A1.3"
                + "&source.family%3Aexact=Ada&source.given=B&date=ne2026-03&date=ge2026-01-01T00%3A00%3A00.000Z"
                + "&_include=List%3Aitem&_page=t")
        var nothing = ListQuery()
        (nothing.kinds, nothing.wantsCurrent) = ([], false)
        let none = String(decoding: PeerSearchForm.bytes(patient: "p", query: nothing, withDocuments: false, page: nil), as: UTF8.self)
        #expect(none == "patient=Patient%2Fp&status=retired&code=none")
    }

    @Test func `T9 T10 an answer of another community, about another patient, or with a list twice is void`() async throws {
        let good = folder(1)
        let stranger = PatientID("0190aaaa-0000-4000-8000-000000000002")!
        let (elsewhere, other) = (folder(2, home: scene.west), folder(3, of: stranger))
        var broken = good.list
        broken["id"] = "a/b"
        for resources in [
            [good.list, elsewhere.list], [good.list, other.list], [good.list, good.list], [broken], [good.list, elsewhere.document],
            [good.list, other.document],
        ] {
            await #expect(throws: ExchangeError(.badRequest, "")) {
                try await ask(withDocuments: true) { _ in self.searchset(resources) }
            }
        }
    }

    @Test(arguments: [(404, ExchangeError.Code.notFound), (403, .forbidden), (400, .badRequest), (500, .unavailable), (302, .badRequest)])
    func `a status says why there are none`(_ status: Int, _ code: ExchangeError.Code) async throws {
        await #expect(throws: ExchangeError(code, "")) {
            try await ask { _ in .answer(status, headers: [("Content-Type", "application/fhir+json")], body: Array("{}".utf8)) }
        }
    }
}
