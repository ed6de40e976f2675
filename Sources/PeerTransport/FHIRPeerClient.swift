import DocumentExchange
import ExchangeCore
import FHIRModel
import GossipDirectory
import JSON
import Transactions
import Trust
import XDSMetadata

/// Asks other nodes in FHIR over mutual TLS: ITI-119, ITI-67, ITI-68, each with a signed assertion of who asks and why.
package struct FHIRPeerClient: PeerClient {
    /// Pages of one search that are read at the most.
    static let pagesMax = 64

    private let community: CommunityID
    private let connections: PeerConnections
    private let world: World
    private let limits: ExchangeLimits

    /// A client that asks in the name of `community`, this node's own.
    package init(
        community: CommunityID, connections: PeerConnections, world: World, limits: ExchangeLimits = ExchangeLimits(),
    ) {
        self.community = community
        self.connections = connections
        self.world = world
        self.limits = limits
    }

    package func match(_ person: PatientRecord, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerMatch
    {
        // Neither our record's id nor whether it is active concerns the peer.
        let patient = PatientMapping.resource(
            identifiers: person.identifiers, demographics: person.demographics)
        let question = Parameters([
            .init(name: "resource", resource: patient),
            .init("onlyCertainMatches", "valueBoolean", true), .init("count", "valueInteger", 2),
        ])
        var request = ClientRequest(
            .post, "/Patient/$match", body: JSONWriter.bytes(.object(question.json)), responseBytesMax: 1 << 20,
            isRepeatable: false)
        request.headers = [("Content-Type", "application/fhir+json"), ("Accept", "application/fhir+json")]
        let response = try await ask(request, at: peer, for: context)
        return try PeerAnswer.match(try PeerAnswer.bundle(response, limits: limits))
    }

    package func findDocuments(
        of patient: String, matching query: DocumentQuery, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> [DocumentEntry] {
        var found: [DocumentEntry] = []
        var page: String?
        var bytesLeft = limits.peerAnswerBytesMax
        for _ in 0..<Self.pagesMax {
            let form = PeerSearchForm.bytes(patient: patient, query: query, page: page)
            var request = ClientRequest(
                .post, "/DocumentReference/_search", body: form, responseBytesMax: bytesLeft, isRepeatable: false)
            request.headers = [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/fhir+json"),
            ]
            let response = try await ask(request, at: peer, for: context)
            bytesLeft -= response.body.count
            let bundle = try PeerAnswer.bundle(response, limits: limits)
            found += try PeerAnswer.documents(bundle, of: patient, at: peer.community)
            guard found.count <= limits.documentsPerSearchMax else {
                throw ExchangeError(.tooLarge, "the peer names more documents than one search may bring")
            }
            page = try PeerAnswer.nextPage(bundle)
            if page == nil { return found }
        }
        throw ExchangeError(.tooLarge, "the peer's answer has more pages than one search may bring")
    }

    package func retrieve(_ document: DocumentID, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerContent
    {
        var request = ClientRequest(
            .get, "/Binary/\(document)", responseBytesMax: limits.documentBytesMax, isRepeatable: false)
        // As it was published: nothing that asks for the FHIR form or an encoding of it.
        request.headers = [("Accept", "*/*")]
        let response = try await ask(request, at: peer, for: context)
        guard let mimeType = response.header("Content-Type"), !mimeType.isEmpty else {
            throw ExchangeError(.badRequest, "the peer sent a document without its media type")
        }
        return PeerContent(bytes: response.body, mimeType: mimeType)
    }

    /// Signs an assertion for this one request, sends it, and reads the status.
    ///
    /// - Parameter isBelowBase: false for what lies beside the FHIR base, not below it.
    func ask(_ request: ClientRequest, at peer: PeerNode, for context: AccessContext, isBelowBase: Bool = true)
        async throws(ExchangeError) -> ClientResponse
    {
        let root = isBelowBase ? peer.fhirBase : Self.root(of: peer.fhirBase)
        guard let url = EndpointURL(root) else {
            throw ExchangeError(.unavailable, "the peer's directory record has no usable address")
        }
        let left = context.deadline - world.uptime()
        guard left > .zero else { throw ExchangeError(.timeout, "no time left to ask the peer") }
        let identity = connections.identity
        let now = world.now()
        let assertion = PeerAssertion(
            issuer: community, user: context.user, audience: peer.community, issued: now, expires: now + .seconds(60),
            tokenID: Hexadecimal.encode(world.randomBytes(16)), certificate: identity.thumbprint,
            organization: context.organization, role: context.role, purpose: context.purpose,
            traceID: context.traceID, reason: context.reason)
        var request = request
        request.headers += [
            ("Authorization", "Bearer \(try assertion.signed(with: identity.key).compact)"),
            ("X-Request-Id", context.traceID),
            ("Request-Timeout", Self.seconds(left)),
        ]
        let response = try await connections.send(
            request, to: url, of: peer.community, deadline: context.deadline
        ).response
        try PeerAnswer.check(response.status)
        return response
    }

    /// A time as seconds with three decimals.
    private static func seconds(_ time: Duration) -> String {
        let milliseconds = max(50, time.wholeMilliseconds)
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }
}
