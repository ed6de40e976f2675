import ConsentEngine
import ExchangeCore
import GossipDirectory
import HTTPTypes
import HummingbirdCore
import JSON
import Journal
import Logging
import NIOCore
import Simulation
import Synchronization
import Terminology
import Testing
import Transactions
import Trust
import X509
import XDSMetadata

@testable import FHIREndpoint

/// Lets everybody in whose token is `Bearer good`, as the purpose the test turned to.
struct OpenDoor: RequestAuthenticator {
    let door: AccessContext.Door
    let community: CommunityID
    let purpose: String?
    var role = "physician"

    func judge(_ certificate: Certificate) async -> TrustPolicy.Verdict { .refused(.noCertificate) }

    func refusal(of certificate: TrustedCertificate) -> String? { nil }

    func authenticate(_ credentials: RequestCredentials) -> Authentication {
        guard credentials.token == "good" else { return .refused("not the good token") }
        return .context(
            AccessContext(
                door: door, user: "dr.brattain", role: role, organization: "urn:oid:1.2.3", community: community,
                purpose: purpose, deadline: credentials.deadline, traceID: credentials.traceID,
                reason: credentials.reason))
    }
}

/// No other node answers.
struct NoPeers: PeerClient {
    func match(_ person: PatientRecord, at peer: PeerNode, for context: AccessContext) async throws(ExchangeError)
        -> PeerMatch
    { throw ExchangeError(.unavailable, "no such host") }

    func findDocuments(
        of patient: String, matching query: DocumentQuery, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerDocuments { throw ExchangeError(.unavailable, "no such host") }

    func findLists(
        of patient: String, matching query: ListQuery, withDocuments: Bool, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerLists { throw ExchangeError(.unavailable, "no such host") }

    func retrieve(_ document: DocumentEntry, at peer: PeerNode, for context: AccessContext) async throws(ExchangeError)
        -> PeerContent
    { throw ExchangeError(.unavailable, "no such host") }

    func offer(_ statement: String, to peer: PeerNode, for context: AccessContext) async throws(ExchangeError) -> String {
        throw ExchangeError(.unavailable, "no such host")
    }

    func pendingStatements(receipts: [String], at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> [String]
    { throw ExchangeError(.unavailable, "no such host") }

    func preview(_ draft: ConsentDraft, at peer: PeerNode, for context: AccessContext) async throws(ExchangeError)
        -> ConsentPreview
    { throw ExchangeError(.unavailable, "no such host") }
}

/// Keeps every log line in plain text.
struct KeptLog: LogHandler {
    final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.all.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}

/// One node over memory ports behind its client door or its peer door.
struct EdgeScene: Sendable {
    static let base = "https://a.example.org:8443/fhir"
    static let mrn = "urn:oid:1.3.6.1.4.1.21367.13.20.1000"

    let exchange: Exchange
    let own: CommunityID
    let identity: ConnectionIdentity
    let lines: KeptLog.Lines
    let patient: PatientRecord
    /// The key of the network's authority.
    let authority: SigningKey

    init(
        limits: ExchangeLimits = ExchangeLimits(), default policy: ConsentPolicyDefault = .optOut,
        withheldNotice: Bool = false, terminology: TerminologyReleases = TerminologyReleases(),
    ) async throws {
        let clock = Mutex(Int64(0))
        let world = World(
            now: {
                clock.withLock { clock in
                    clock += 1
                    return Timestamp(milliseconds: 1_772_445_600_000 + clock)
                }
            }, uptime: { .milliseconds(clock.withLock { $0 }) },
            randomBits: {
                var random = SystemRandomNumberGenerator()
                return random.next()
            }, sleep: { _ in })
        let own = try #require(CommunityID("1.3.6.1.4.1.21367.2026.10"))
        let store = MemoryJournalStore(origin: "a.example.org/journal", world: world)
        let keyring = MemoryKeyring(world: world)
        let projection = MemoryProjection(base: Self.base)
        let reader = JournalReader(store: store, keyring: keyring)
        _ = try await reader.bringUpToDate(projection)
        let lines = KeptLog.Lines()
        let logger = Logger(label: "edge") { _ in KeptLog(lines: lines) }
        let authority = SigningKey()
        self.authority = authority
        exchange = Exchange(
            settings: ExchangeSettings(
                community: own, name: "Eastside", clientBase: Self.base, consentDefault: policy,
                withheldNotice: withheldNotice, limits: limits),
            world: world,
            journal: try await JournalWriter(store: store, keyring: keyring, projection: projection, world: world),
            reader: reader, projection: projection,
            directory: DirectoryBook(
                DirectoryState(
                    identity: DirectoryIdentity(
                        authorities: [authority.publicKey], community: own, key: SigningKey()), store: 1),
                world: world), peers: NoPeers(), terminology: terminology, logger: logger)
        self.own = own
        self.lines = lines
        identity = try await Self.identity(now: world.now())
        let context = AccessContext(
            door: .administration, user: "root", role: nil, organization: own.urn, community: own, purpose: "HOPERAT",
            deadline: .seconds(1_000_000), traceID: String(repeating: "0", count: 32))
        let identifier = try #require(PatientIdentifier(system: Self.mrn, value: "IHERED-994"))
        patient = try await exchange.registerPatient(
            PatientRegistration(
                identifiers: [identifier],
                demographics: Demographics(
                    names: [PersonName(family: "MOHR", given: ["ALICE"])], birthDate: PartialDate("1958-01-30"),
                    sex: .female)), for: context)
    }

    private static func identity(now: Timestamp) async throws -> ConnectionIdentity {
        var random = SystemRandomNumberGenerator()
        let facility = try CertificateAuthority(name: "facility", key: SigningKey(), now: now, using: &random)
        let certificate = try facility.issueClient(
            name: "ehr", organization: "Eastside", key: SigningKey().publicKey, now: now, using: &random)
        let verdict = await TrustPolicy(roots: [facility.certificate]).judge(chain: [certificate], as: .client, now: now)
        guard case .trusted(let trusted) = verdict else { throw ExchangeError(.internal, "\(verdict)") }
        return ConnectionIdentity(certificate: trusted)
    }

    func service(_ door: AccessContext.Door = .client, purpose: String? = "TREAT", role: String = "physician")
        -> FHIRService
    {
        FHIRService(
            exchange: exchange, door: door,
            authenticator: OpenDoor(door: door, community: own, purpose: purpose, role: role),
            logger: exchange.logger, base: Self.base)
    }

    /// Sends one request and gives back what came of it.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = [:], body: [UInt8] = [],
        door: AccessContext.Door = .client, purpose: String? = "TREAT", role: String = "physician",
        token: String? = "good", host: String? = "a",
    ) async -> Answer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        if method == .post || method == .put, headers[.contentType] == nil { headers[.contentType] = "application/fhir+json" }
        let request = Request(
            head: HTTPRequest(method: method, scheme: "https", authority: host, path: path, headerFields: headers),
            body: RequestBody(buffer: ByteBuffer(bytes: body)))
        let handled = await service(door, purpose: purpose, role: role).handle(request) { .identity(identity) }
        handled.answer.end()
        return handled.answer
    }

    /// Registers another patient.
    func register(_ number: String, family: String) async throws {
        let context = AccessContext(
            door: .administration, user: "root", role: nil, organization: own.urn, community: own, purpose: "HOPERAT",
            deadline: .seconds(1_000_000), traceID: String(repeating: "0", count: 32))
        let identifier = try #require(PatientIdentifier(system: Self.mrn, value: number))
        _ = try await exchange.registerPatient(
            PatientRegistration(
                identifiers: [identifier],
                demographics: Demographics(
                    names: [PersonName(family: family, given: ["IDA"])], birthDate: PartialDate("1971-05-06"), sex: .female)),
            for: context)
    }

    /// A simplified publish of one discharge summary; its id.
    func publish(_ text: String = "<summary xmlns=\"urn:example:edge\"/>", type: String = "text/xml") async throws
        -> String
    {
        let answer = await send(.post, "/fhir/DocumentReference", body: Self.reference(text, type: type))
        #expect(answer.status.code == 201, "\(String(buffer: answer.body))")
        return try #require(try answer.json()["id"]?.string)
    }

    static func reference(_ text: String, type: String = "text/xml") -> [UInt8] {
        let reference: JSONValue = [
            "resourceType": "DocumentReference", "status": "current",
            "type": ["coding": [["system": "http://loinc.org", "code": "18842-5"]]],
            "category": [["coding": [["system": "http://loinc.org", "code": "11490-0"]]]],
            "securityLabel": [
                ["coding": [["system": .string(CodeSystems.confidentiality), "code": "N"]]],
            ],
            "subject": ["identifier": ["system": .string(mrn), "value": "IHERED-994"]],
            "content": [
                [
                    "attachment": [
                        "contentType": .string(type), "title": "Discharge summary",
                        "data": .string(Base64.encode(Array(text.utf8))),
                    ],
                ],
            ],
        ]
        return JSONWriter.bytes(reference)
    }
}

extension Answer {
    /// The body as JSON.
    func json() throws -> JSONValue { try JSONReader.read(Array(body.readableBytesView)) }

    /// The entries of a searchset that answer the question.
    func matches() throws -> [JSONValue] {
        try json()["entry"]?.items.filter { $0["search"]?["mode"]?.string == "match" } ?? []
    }
}
