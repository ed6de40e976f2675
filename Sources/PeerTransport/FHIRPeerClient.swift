import DocumentExchange
import ExchangeCore
import FHIRModel
import GossipDirectory
import JSON
import Transactions
import Trust
import XDSMetadata

/// Asks other nodes in FHIR over mutual TLS: ITI-119, ITI-67, ITI-66, ITI-68, each with a signed assertion of who asks and why.
package struct FHIRPeerClient: PeerClient {
    /// Pages of one search that are read at the most.
    static let pagesMax = 64

    private let community: CommunityID
    private let connections: PeerConnections
    private let world: World
    private let traces: TraceRecorder
    let limits: ExchangeLimits

    /// A client that asks in the name of `community`, this node's own.
    package init(
        community: CommunityID, connections: PeerConnections, world: World, limits: ExchangeLimits = ExchangeLimits(),
        traces: TraceRecorder = .none,
    ) {
        self.traces = traces
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
    ) async throws(ExchangeError) -> PeerDocuments {
        var found: [DocumentEntry] = []
        var seen: Set<DocumentID> = []
        let isIncomplete = try await pages(
            of: "/DocumentReference/_search", at: peer, for: context,
            form: { PeerSearchForm.bytes(patient: patient, query: query, page: $0) }
        ) { bundle throws(ExchangeError) in
            found += try PeerAnswer.documents(bundle, of: patient, at: peer, seen: &seen)
            return found.count
        }
        return PeerDocuments(found, isIncomplete: isIncomplete)
    }

    package func findLists(
        of patient: String, matching query: ListQuery, withDocuments: Bool, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerLists {
        var lists: [RegisteredList] = []
        var documents: [DocumentEntry] = []
        var (seen, known): (Set<String>, Set<DocumentID>) = ([], [])
        let isIncomplete = try await pages(
            of: "/List/_search", at: peer, for: context,
            form: { PeerSearchForm.bytes(patient: patient, query: query, withDocuments: withDocuments, page: $0) }
        ) { bundle throws(ExchangeError) in
            lists += try PeerAnswer.lists(bundle, of: patient, at: peer, seen: &seen)
            if withDocuments {
                // A document that is in lists of two pages comes along with each of them.
                var onPage: Set<DocumentID> = []
                let along = try PeerAnswer.documents(bundle, of: patient, at: peer, seen: &onPage)
                documents += along.filter { known.insert($0.id).inserted }
            }
            // Of lists there may be more than of documents; what bounds them is the bytes of the answer.
            return documents.count
        }
        return PeerLists(lists, documents: documents, isIncomplete: isIncomplete)
    }

    /// Reads an answer page by page; whether the peer says that something is missing in it.
    ///
    /// - Parameters:
    ///   - form: the question, with the token of a page.
    ///   - take: takes one page in; how many documents there are by now.
    private func pages(
        of path: String, at peer: PeerNode, for context: AccessContext, form: (String?) -> [UInt8],
        _ take: (JSONObject) throws(ExchangeError) -> Int,
    ) async throws(ExchangeError) -> Bool {
        var isIncomplete = false
        var pages: Set<PeerAnswer.Page> = []
        var page: PeerAnswer.Page?
        var bytesLeft = limits.peerAnswerBytesMax
        for _ in 0..<Self.pagesMax {
            let response = try await ask(Self.request(path, page, form, bytesMax: bytesLeft), at: peer, for: context)
            bytesLeft -= response.body.count
            let bundle = try PeerAnswer.bundle(response, limits: limits)
            isIncomplete = isIncomplete || PeerAnswer.admitsGaps(bundle)
            guard try take(bundle) <= limits.documentsPerSearchMax else {
                throw ExchangeError(.tooLarge, "the peer names more documents than one search may bring")
            }
            page = try PeerAnswer.nextPage(bundle, base: peer.fhirBase)
            guard let page else { return isIncomplete }
            guard pages.insert(page).inserted else {
                throw ExchangeError(.badRequest, "the peer's pages lead back to one that was read")
            }
        }
        throw ExchangeError(.tooLarge, "the peer's answer has more pages than one search may bring")
    }

    /// The request for one page of an answer.
    private static func request(_ path: String, _ page: PeerAnswer.Page?, _ form: (String?) -> [UInt8], bytesMax: Int)
        -> ClientRequest
    {
        var request: ClientRequest
        switch page {
        case .place(let place):
            request = ClientRequest(.get, place, responseBytesMax: bytesMax, isRepeatable: false)
            request.headers = [("Accept", "application/fhir+json")]
        case .token, nil:
            var token: String?
            if case .token(let text)? = page { token = text }
            request = ClientRequest(.post, path, body: form(token), responseBytesMax: bytesMax, isRepeatable: false)
            request.headers = [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/fhir+json"),
            ]
        }
        return request
    }

    /// Signs an assertion for this one request, sends it, and reads the status.
    ///
    /// - Parameter isBelowBase: false for what lies beside the FHIR base, not below it.
    func ask(_ request: ClientRequest, at peer: PeerNode, for context: AccessContext, isBelowBase: Bool = true)
        async throws(ExchangeError) -> ClientResponse
    {
        let shown = connections.identity.thumbprint
        let span = PeerSpan(request, at: peer, for: context, traces: traces, world: world)
        let (url, signed) = try prepared(request, for: peer, context, span, isBelowBase: isBelowBase)
        do throws(ExchangeError) {
            var response = try await connections.send(
                signed, to: url, of: peer.community, deadline: context.deadline
            ).response
            if response.status == 401, isRenewed(since: shown) {
                let (url, again) = try prepared(request, for: peer, context, span, isBelowBase: isBelowBase)
                response = try await connections.send(again, to: url, of: peer.community, deadline: context.deadline).response
            }
            span.end(response.status)
            try PeerAnswer.check(response.status)
            return response
        } catch {
            span.end(error)
            throw error
        }
    }

    /// The same, with the answer handed over while it comes; its status is for the caller to read.
    func stream(_ request: ClientRequest, from peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> ClientStreamedResponse
    {
        let shown = connections.identity.thumbprint
        let span = PeerSpan(request, at: peer, for: context, traces: traces, world: world)
        do throws(ExchangeError) {
            let (url, signed) = try prepared(request, for: peer, context, span, isBelowBase: true)
            var answer = try await connections.stream(signed, to: url, of: peer.community, deadline: context.deadline)
            if answer.head.status == 401, isRenewed(since: shown) {
                answer.body.cancel()
                let (place, again) = try prepared(request, for: peer, context, span, isBelowBase: true)
                answer = try await connections.stream(again, to: place, of: peer.community, deadline: context.deadline)
            }
            span.end(answer.head.status)
            return answer
        } catch {
            span.end(error)
            throw error
        }
    }

    /// Whether the node's certificate was renewed between signing and sending: the assertion is bound to the one before, and
    /// was refused before anything was done.
    private func isRenewed(since shown: Thumbprint) -> Bool { connections.identity.thumbprint != shown }

    private func prepared(
        _ request: ClientRequest, for peer: PeerNode, _ context: AccessContext, _ span: PeerSpan, isBelowBase: Bool,
    ) throws(ExchangeError) -> (EndpointURL, ClientRequest) {
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
            // W3C Trace Context: the same trace, a span of its own for this request, sampled.
            ("traceparent", span.header),
            ("Request-Timeout", Self.seconds(left)),
        ]
        return (url, request)
    }

    /// A time as seconds with three decimals.
    private static func seconds(_ time: Duration) -> String {
        let milliseconds = max(50, time.wholeMilliseconds)
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }
}
