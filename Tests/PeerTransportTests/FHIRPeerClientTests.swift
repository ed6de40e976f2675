import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Synchronization
import Testing
import Transactions
import Trust
import XDSMetadata

@testable import PeerTransport

@Suite struct FHIRPeerClientTests {
    let scene: TransportScene
    let person: PatientRecord
    let patient: PatientID

    init() throws {
        scene = try TransportScene()
        var random = SystemRandomNumberGenerator()
        patient = .random(using: &random)
        person = PatientRecord(
            id: .random(using: &random),
            identifiers: [try #require(PatientIdentifier(system: "urn:oid:1.2.3", value: "MRN-1"))],
            demographics: Demographics(
                names: [PersonName(family: "Mohr", given: ["Alice"])], birthDate: PartialDate("1958-01-30"), sex: .female))
    }

    private func client() throws -> FHIRPeerClient {
        FHIRPeerClient(community: scene.west, connections: try scene.connections(), world: scene.world)
    }

    private func peer(_ server: LoopbackServer) -> PeerNode {
        PeerNode(community: scene.east, name: "East", fhirBase: "https://127.0.0.1:\(server.port)/fhir")
    }

    private func context(_ seconds: Int = 300) -> AccessContext {
        AccessContext(
            door: .client, user: "dr.brattain", role: "physician", organization: "urn:oid:1.2.9", community: scene.west,
            purpose: "TREAT", deadline: scene.world.uptime() + .seconds(seconds), traceID: String(repeating: "b", count: 32))
    }

    private func entry(home: CommunityID? = nil, of owner: PatientID? = nil) -> DocumentEntry {
        var random = SystemRandomNumberGenerator()
        return DocumentEntry(
            id: .random(using: &random), uniqueID: "urn:oid:1.2.3.4", patient: owner ?? patient, home: home ?? scene.east,
            mimeType: "text/xml", sha1: [UInt8](repeating: 1, count: 20), sha256: [UInt8](repeating: 2, count: 32), size: 9,
            registered: scene.now)
    }

    private func searchset(_ resources: [JSONObject], next: String? = nil) -> CannedAnswer {
        let bundle = Bundle.searchset(
            total: nil, links: next.map { [.init("next", $0)] } ?? [],
            entries: resources.map { BundleEntry(resource: $0, search: .init(.match, score: 1, grade: "certain")) })
        return .answer(
            200, headers: [("Content-Type", "application/fhir+json")], body: JSONWriter.bytes(.object(bundle)))
    }

    private func serve(_ answer: @escaping @Sendable (SeenRequest) -> CannedAnswer) async throws -> LoopbackServer {
        try await LoopbackServer.start(tls: scene.peerListener(), answer)
    }

    @Test func `each question carries an assertion of its own, bound to the connection's certificate`() async throws {
        let reference = DocumentReferenceMapping.json(entry(), base: "https://x/fhir")
        let patient = patient
        let server = try await serve { request in
            switch request.target {
            case "/fhir/Patient/$match":
                self.searchset([["resourceType": "Patient", "id": .string(patient.description)]])
            case "/fhir/DocumentReference/_search": self.searchset([reference])
            default: .answer(200, headers: [("Content-Type", "text/xml")], body: Array("<a/>".utf8))
            }
        }
        let client = try client()
        let peer = peer(server)
        #expect(try await client.match(person, at: peer, for: context()) == .one(patient: patient.description))
        let found = try await client.findDocuments(
            of: patient.description, matching: DocumentQuery(), at: peer, for: context())
        #expect(found.entries.map(\.home) == [scene.east] && !found.isIncomplete)
        let content = try await client.retrieve(try #require(found.entries.first), at: peer, for: context())
        #expect(content.mimeType == "text/xml" && content.size == 4)
        var bytes: [UInt8] = []
        for try await piece in content.body { bytes += piece }
        #expect(bytes == Array("<a/>".utf8))
        var seen = SeenTokens(startedAt: scene.now - .seconds(1))
        let expectation = TokenExpectation(
            now: scene.now, audiences: [scene.east.urn], certificate: scene.westNode.thumbprint)
        for request in server.seen.withLock({ $0 }) {
            let bearer = try #require(request.header("Authorization"))
            let assertion = try PeerAssertion(verifying: String(bearer.dropFirst(7)), from: scene.west) { _, _ in
                scene.westNode.key.publicKey
            }
            #expect(assertion.refusal(expectation) == nil)
            #expect(seen.admit(assertion, now: scene.now) == nil)
            #expect(assertion.user == "dr.brattain" && assertion.purpose == "TREAT")
            #expect(request.header("X-Request-Id") == String(repeating: "b", count: 32))
            #expect(!request.target.contains("Mohr") && !request.target.contains(patient.description))
        }
        #expect(seen.count == 3)
        #expect(server.connections.withLock { $0 } == 1)
        try await server.stop()
    }

    @Test func `a match says none, one or ambiguous`() async throws {
        let outcome = OperationOutcome([
            .init(.warning, "multiple-matches", details: "x", expression: ["Patient.birthDate", "Patient.address"])
        ])
        let one: JSONObject = ["resourceType": "Patient", "id": "a"]
        let two: JSONObject = ["resourceType": "Patient", "id": "b"]
        let cases: [([JSONObject], PeerMatch)] = [
            ([], .none), ([one], .one(patient: "a")), ([one, two], .ambiguous(needs: [])),
            ([outcome.json], .ambiguous(needs: ["birthDate", "address"])),
        ]
        for (resources, expected) in cases {
            let server = try await serve { _ in self.searchset(resources) }
            #expect(try await client().match(person, at: peer(server), for: context()) == expected)
            let body = try #require(server.seen.withLock { $0 }.first?.body)
            let json = try #require(try JSONReader.read(body).object)
            let question = try #require(Parameters(json: json))
            #expect(question.parameter(named: "onlyCertainMatches")?.value == true)
            #expect(question.parameter(named: "resource")?.resource?["id"] == nil)
            try await server.stop()
        }
    }

    @Test func `T9 T10 an answer of another community or about another patient is void`() async throws {
        var random = SystemRandomNumberGenerator()
        let good = entry()
        for wrong in [entry(home: scene.west), entry(of: .random(using: &random))] {
            let references = [good, wrong].map { DocumentReferenceMapping.json($0, base: "https://x/fhir") }
            let server = try await serve { _ in self.searchset(references) }
            await #expect(throws: ExchangeError(.badRequest, "")) {
                try await client().findDocuments(
                    of: patient.description, matching: DocumentQuery(), at: peer(server), for: context())
            }
            try await server.stop()
        }
    }

    @Test func `a peer that says its answer has gaps is believed`() async throws {
        func issue(_ severity: OperationOutcome.Severity, _ code: String) -> JSONObject {
            OperationOutcome([.init(severity, code, details: "x")]).json
        }
        let said: [(JSONObject, Bool)] = [
            (issue(.warning, "incomplete"), true), (issue(.error, "timeout"), true),
            (issue(.information, "incomplete"), false), (issue(.information, "suppressed"), false),
            (issue(.warning, "not-supported"), false),
        ]
        for (outcome, isIncomplete) in said {
            let reference = DocumentReferenceMapping.json(entry(), base: "https://x/fhir")
            let server = try await serve { _ in self.searchset([reference, outcome]) }
            let found = try await client().findDocuments(
                of: patient.description, matching: DocumentQuery(), at: peer(server), for: context())
            #expect(found.entries.count == 1)
            #expect(found.isIncomplete == isIncomplete)
            try await server.stop()
        }
    }

    @Test func `every page is read, and of a link its token alone`() async throws {
        let pages = (0..<3).map { _ in DocumentReferenceMapping.json(entry(), base: "https://x/fhir") }
        let server = try await serve { request in
            let form = String(decoding: request.body, as: UTF8.self)
            return if form.hasSuffix("_page=p2") {
                self.searchset([pages[2]])
            } else if form.hasSuffix("_page=p1") {
                self.searchset([pages[1]], next: "https://evil.example.org/x?_page=p2&y=z")
            } else {
                self.searchset([pages[0]], next: "https://x/fhir/DocumentReference?patient=a&_page=p1")
            }
        }
        let found = try await client().findDocuments(
            of: patient.description, matching: DocumentQuery(), at: peer(server), for: context())
        #expect(found.entries.count == 3)
        #expect(Set(server.seen.withLock { $0 }.map(\.target)) == ["/fhir/DocumentReference/_search"])
        try await server.stop()
        for link in ["https://x/y", "https://x/y?_page=", "https://x/y?_page=%2e", "?a=b"] {
            let server = try await serve { _ in self.searchset([pages[0]], next: link) }
            await #expect(throws: ExchangeError(.badRequest, "")) {
                try await client().findDocuments(
                    of: patient.description, matching: DocumentQuery(), at: peer(server), for: context())
            }
            try await server.stop()
        }
        let count = Mutex(0)
        let endless = try await serve { _ in
            let number = count.withLock { count -> Int in
                count += 1
                return count
            }
            let fresh = DocumentReferenceMapping.json(self.entry(), base: "https://x/fhir")
            return self.searchset([fresh], next: "https://x/y?_page=\(number)")
        }
        await #expect(throws: ExchangeError(.tooLarge, "")) {
            try await client().findDocuments(
                of: patient.description, matching: DocumentQuery(), at: peer(endless), for: context(60))
        }
        try await endless.stop()
        let circle = try await serve { _ in
            let fresh = DocumentReferenceMapping.json(self.entry(), base: "https://x/fhir")
            return self.searchset([fresh], next: "https://x/y?_page=again")
        }
        await #expect(throws: ExchangeError(.badRequest, "")) {
            try await client().findDocuments(
                of: patient.description, matching: DocumentQuery(), at: peer(circle), for: context(60))
        }
        try await circle.stop()
    }

    @Test(arguments: [
        (401, ExchangeError.Code.forbidden), (403, .forbidden), (404, .notFound), (410, .notFound), (408, .timeout),
        (504, .timeout), (413, .tooLarge), (301, .badRequest), (302, .badRequest), (303, .badRequest), (307, .badRequest), (308, .badRequest), (400, .badRequest),
        (422, .badRequest), (500, .unavailable), (503, .unavailable), (204, .unavailable),
    ])
    func `T23 a status means one error each, and no redirect is followed`(status: Int, code: ExchangeError.Code)
        async throws
    {
        let server = try await serve { _ in
            .answer(status, headers: [("Location", "https://127.0.0.1:1/fhir/Binary/x")])
        }
        let error = await #expect(throws: ExchangeError.self) {
            try await client().retrieve(entry(), at: peer(server), for: context())
        }
        #expect(error?.code == code)
        #expect(server.seen.withLock { $0 }.count == 1)
        try await server.stop()
    }

    @Test(arguments: ["", "{}", "[]", "{\"resourceType\":\"Bundle\",\"type\":\"batch\"}", "<Bundle/>", "{\"a\":1,\"a\":2}"])
    func `an answer that is no searchset is refused`(body: String) async throws {
        let server = try await serve { _ in .answer(200, body: Array(body.utf8)) }
        await #expect(throws: ExchangeError(.badRequest, "")) {
            try await client().match(person, at: peer(server), for: context())
        }
        try await server.stop()
    }

    @Test func `a silent peer times out at the deadline, a missing one is unavailable`() async throws {
        let server = try await serve { _ in .silence }
        await #expect(throws: ExchangeError(.timeout, "")) {
            try await client().match(person, at: peer(server), for: context(1))
        }
        try await server.stop()
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await client().match(person, at: peer(server), for: context())
        }
        let wrong = PeerNode(community: scene.east, name: "East", fhirBase: "http://127.0.0.1/fhir")
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await client().match(person, at: wrong, for: context())
        }
        await #expect(throws: ExchangeError(.timeout, "")) {
            try await client().match(person, at: peer(server), for: context(0))
        }
    }

    @Test(arguments: DateFilter.Prefix.allCases, ["0001", "9999", "9999-12-31T23:59:59.999Z", "0001-01-01"])
    func `a date that is sent on is one that FHIR can write`(_ prefix: DateFilter.Prefix, _ date: String) throws {
        var query = DocumentQuery()
        query.creation = [try #require(DateFilter("\(prefix)\(date)", asked: scene.now))]
        let form = String(decoding: PeerSearchForm.bytes(patient: "p", query: query, page: nil), as: UTF8.self)
        for field in form.split(separator: "&").dropFirst() {
            let value = field.dropFirst("creation=".count).replacing("%3A", with: ":")
            #expect(DateFilter(String(value), asked: scene.now) != nil, "\(value)")
        }
    }

    @Test func `a query goes into the form, escaped`() throws {
        var query = DocumentQuery()
        query.statuses = [.current]
        query.typeCodes = [.init(code: "18842-5", system: "http://loinc.org"), .init(code: "a,b|c")]
        query.authorFamily = ["O'Neill & Söhne"]
        query.registered = try ["ge\(scene.now)", "lt\(scene.now + .seconds(1))", "ap\(scene.now + .seconds(3600))"].map {
            try #require(DateFilter($0, asked: scene.now))
        }
        query.creation = try ["ne2026-02", "2026", "gt2025", "le2025", "sa2025", "eb2025"].map {
            try #require(DateFilter($0, asked: scene.now))
        }
        let form = String(decoding: PeerSearchForm.bytes(patient: "p1", query: query, page: nil), as: UTF8.self)
        #expect(
            form == "patient=Patient%2Fp1&status=current&type=http%3A%2F%2Floinc.org%7C18842-5%2Ca%5C%2Cb%5C%7Cc"
                + "&author.family=O%27Neill%20%26%20S%C3%B6hne&creation=ne2026-02&creation=2026"
                + "&creation=ge2026-01-01T00%3A00%3A00.000Z&creation=lt2026-01-01T00%3A00%3A00.000Z"
                + "&creation=sa2025-12-31T23%3A59%3A59.999Z&creation=eb2025-01-01T00%3A00%3A00.000Z"
                + "&date=ge2026-03-02T10%3A00%3A00.000Z&date=lt2026-03-02T10%3A00%3A01.000Z"
                // An hour ahead, a tenth of it on both sides.
                + "&date=ge2026-03-02T10%3A54%3A00.000Z&date=lt2026-03-02T11%3A06%3A00.001Z")
    }
}
