import ExchangeCore
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import Transactions

/// The FHIR service of one door: reads requests, asks the exchange, writes its answers. It decides nothing itself.
///
/// `HTTPServerBuilder.buildServer(...)` takes `responder`; the listener, its TLS and its timeouts are ExchangeNode's.
package struct FHIRService: Sendable {
    let exchange: Exchange
    let door: AccessContext.Door
    let authenticator: any RequestAuthenticator
    let logger: Logger
    let base: String
    let bodies: BodyReading
    let tokens: TokenDesk?
    private let shares: AskerShares
    private let isStopping: @Sendable () -> Bool
    private let connections: ConnectionIdentities
    let figures: RequestFigures
    let traces: TraceRecorder
    private let dates = HTTPDate()
    private let capabilities: ByteBuffer
    private let description: ByteBuffer

    /// The service of one listener.
    ///
    /// - Parameters:
    ///   - exchange: whom it asks.
    ///   - door: whose listener it is, `.client` or `.peer`.
    ///   - authenticator: who may use it.
    ///   - logger: for requests and refusals; gets no query, no identifier and no token.
    ///   - base: the listener's base URL, such as `https://a.example.org:8443/fhir`, without a slash at its end.
    ///   - tokens: gives tokens to the facility's own systems; nil where nobody does.
    ///   - connections: who is at the other end of its connections, to close some of them.
    ///   - figures: where its requests are counted.
    ///   - traces: where its requests are noted as spans.
    ///   - shares: who has questions under way, where somebody else wants to see it.
    ///   - isStopping: true once the node goes down: from then on every answer is its connection's last.
    package init(
        exchange: Exchange, door: AccessContext.Door, authenticator: any RequestAuthenticator, logger: Logger,
        base: String, tokens: TokenDesk? = nil, connections: ConnectionIdentities = ConnectionIdentities(),
        figures: RequestFigures = RequestFigures(), traces: TraceRecorder = .none,
        shares: AskerShares? = nil, isStopping: @escaping @Sendable () -> Bool = { false },
    ) {
        self.isStopping = isStopping
        self.tokens = tokens
        self.figures = figures
        self.traces = traces
        self.connections = connections
        self.exchange = exchange
        self.door = door
        self.authenticator = authenticator
        self.logger = logger
        self.base = base
        self.shares = shares ?? AskerShares(door, limits: exchange.settings.limits)
        bodies = BodyReading(limits: exchange.settings.limits, uptime: exchange.world.uptime)
        description = OpenAPIDescription(door: door, base: base, name: exchange.settings.name).bytes
        capabilities = CapabilityStatement(
            door: door, base: base, name: exchange.settings.name, date: exchange.world.now(),
            tokenEndpoint: tokens.flatMap { $0.isOpen ? $0.endpoint : nil }
        ).bytes
    }

    /// Answers the requests of a listener: what `HTTPServerBuilder.buildServer` asks for.
    package var responder: HTTPChannelHandler.Responder {
        { request, _, channel in
            try await respond(to: request, on: channel) {
                await connections.identity(of: channel) { await authenticator.judge($0) }
            }
        }
    }

    /// Answers one request of whoever `identity` says; throws only to close the connection.
    package func respond(
        to request: Request, on channel: any Channel, identity: () async -> ConnectionIdentities.Outcome,
    ) async throws {
        var handled = await handle(request, identity: identity)
        handled.answer.headers[.date] = dates.text(exchange.world.now())
        if handled.answer.status.kind != .successful, !handled.hasReadBody, BodyReading.isLong(request.headers) {
            handled.answer.closesConnection = true
        }
        // The server asks idle connections to close once; one that was still in its handshake has not heard it.
        if isStopping() { handled.answer.closesConnection = true }
        handled.answer.patience = .seconds(Int64(exchange.settings.limits.idleSecondsMax))
        log(handled, channel: channel)
        let isHead = request.method == .head
        do {
            if let passing = handled.answer.passing {
                return try await AnswerSending.pass(passing, of: handled.answer, isHead: isHead, on: channel)
            }
            try await AnswerSending.send(handled.answer, isHead: isHead, on: channel)
        } catch let error as SlowReader {
            logger.notice(
                "an answer was not read and was cut",
                metadata: ["route": "\(handled.route)", "trace_id": "\(handled.traceID)", "peer": "\(handled.peer ?? "")"])
            throw error
        }
    }

    /// A request answered, with what the request log says of it.
    struct Handled: Sendable {
        var answer: Answer
        var method: HTTPRequest.Method
        var route: String
        var traceID: String
        var started: Duration
        var peer: String?
        var refusal: String?
        var hasReadBody: Bool
        var span: TraceParent
        var parent: TraceParent?
    }

    /// Takes a request to its answer; every failure becomes one.
    func handle(_ request: Request, identity: () async -> ConnectionIdentities.Outcome) async -> Handled {
        let started = exchange.world.uptime()
        let traceID = RequestTrace.id(request.headers) ?? exchange.world.newTraceID()
        let span = TraceParent(
            traceID: traceID, spanID: exchange.world.newSpanID(),
            isSampled: RequestTrace.parent(request.headers)?.isSampled ?? traces.samples(traceID))
        var exchanged = EdgeRequest(request: request, traceID: traceID, span: span, started: started)
        var answer: Answer
        do {
            answer = try await dispatch(&exchanged, identity: identity)
        } catch {
            answer = OutcomeMapping.answer(to: error)
            exchanged.note(error)
        }
        if exchanged.wantedForm == .xml, !answer.becomeXML() {
            // What is done stays done; that it cannot be shown in this form is all that is said.
            let tickets = answer.tickets
            answer = OutcomeMapping.answer(to: .notAcceptable)
            answer.tickets = tickets
        }
        answer.headers[.requestID] = exchanged.traceID
        return Handled(
            answer: answer, method: request.method, route: exchanged.route?.pattern ?? "none",
            traceID: exchanged.traceID, started: started, peer: exchanged.identity?.name, refusal: exchanged.refusal,
            hasReadBody: exchanged.hasReadBody, span: exchanged.span, parent: exchanged.parent)
    }

    private func dispatch(_ exchanged: inout EdgeRequest, identity: () async -> ConnectionIdentities.Outcome)
        async throws(EdgeRefusal) -> Answer
    {
        // RFC 9112 section 3.2: a request without Host is refused; Hummingbird would let it pass.
        guard let host = exchanged.request.head.authority, !host.isEmpty else {
            throw .exchange(ExchangeError(.badRequest, "the request names no host"))
        }
        let target = try exchanged.reading { () throws(ExchangeError) in
            try RequestTarget(exchanged.request.head.path ?? "")
        }
        exchanged.query = target
        switch RouteTable.match(exchanged.request.method, target.segments, door: door) {
        case .unknown: throw .unknownRoute
        case .notSupported: throw .notSupported
        case .otherMethod(let allowed): throw .otherMethod(allowed)
        case .route(let route, let id):
            exchanged.route = route
            exchanged.id = id
            try bodies.demandLength(exchanged.request.headers)
            if route.credential != .none { try await authenticate(&exchanged, route: route, identity: identity) }
            guard route.operation.isQuestion, let context = exchanged.context else {
                return try await perform(route.operation, &exchanged)
            }
            var asked = exchanged
            defer { exchanged = asked }
            return try await shares.during(context) { () async throws(EdgeRefusal) in
                try await perform(route.operation, &asked)
            }
        }
    }

    private func authenticate(
        _ exchanged: inout EdgeRequest, route: Route, identity: () async -> ConnectionIdentities.Outcome,
    ) async throws(EdgeRefusal) {
        switch await identity() {
        case .refused(let reason): throw .unauthenticated(reason: reason)
        case .identity(let identity):
            exchanged.identity = identity
            if let reason = authenticator.refusal(of: identity.certificate) { throw .unauthenticated(reason: reason) }
        }
        guard route.credential == .token, let identity = exchanged.identity else { return }
        guard let token = BearerHeader.token(exchanged.request.headers) else {
            throw .unauthenticated(reason: "no Authorization header with one bearer token")
        }
        let deadline = exchanged.started + RequestTrace.timeout(exchanged.request.headers)
        let credentials = RequestCredentials(
            connection: identity, token: token, traceID: exchanged.traceID, deadline: deadline, route: route,
            reason: try EmergencyHeader.reason(exchanged.request.headers))
        switch authenticator.authenticate(credentials) {
        case .refused(let reason): throw .unauthenticated(reason: reason)
        case .outOfScope: throw .exchange(ExchangeError(.forbidden, "the token's scopes do not cover this"))
        case .context(let context):
            exchanged.take(context)
        }
    }

    private func perform(_ operation: EdgeOperation, _ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        switch operation {
        case .capabilities:
            try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
            var answer = Answer(.ok, json: capabilities)
            answer.headers[.cacheControl] = "max-age=300"
            return answer
        case .provideBundle: return try await provideBundle(&exchanged)
        case .simplifiedPublish: return try await simplifiedPublish(&exchanged)
        case .generateMetadata: return try await generateMetadata(&exchanged)
        case .searchDocuments: return try await searchDocuments(&exchanged)
        case .readDocument: return try await readDocument(&exchanged)
        case .searchLists: return try await searchLists(&exchanged)
        case .readList: return try await readList(&exchanged)
        case .retrieveDocument: return try await retrieveDocument(&exchanged)
        case .readPatient, .readPatientVersion: return try await readPatient(&exchanged)
        case .patientHistory: return try await patientHistory(&exchanged)
        case .crossReference: return try await crossReference(&exchanged)
        case .feedPatient: return try await feedPatient(&exchanged)
        case .withdrawPatient: return try await withdrawPatient(&exchanged)
        case .searchPatients: return try await searchPatients(&exchanged)
        case .matchPatients: return try await matchPatients(&exchanged)
        case .queryLinks: return try await queryLinks(&exchanged)
        case .linkHistory: return try await linkHistory(&exchanged)
        case .decideLink: return try await decideLink(&exchanged)
        case .createConsent: return try await createConsent(&exchanged)
        case .updateConsent: return try await updateConsent(&exchanged)
        case .readConsent, .readConsentVersion: return try await readConsent(&exchanged)
        case .consentHistory: return try await consentHistory(&exchanged)
        case .searchConsents: return try await searchConsents(&exchanged)
        case .createSubscription: return try await createSubscription(&exchanged)
        case .readSubscription: return try await readSubscription(&exchanged)
        case .deleteSubscription: return try await deleteSubscription(&exchanged)
        case .searchSubscriptions: return try await searchSubscriptions(&exchanged)
        case .recordAuditEvent: return try await recordAuditEvent(&exchanged)
        case .searchAuditEvents: return try await searchAuditEvents(&exchanged)
        case .readCareService: return try await readCareService(&exchanged)
        case .searchCareServices: return try await searchCareServices(&exchanged)
        case .careServiceHistory: return try await careServiceHistory(&exchanged)
        case .receiveStatement: return try await receiveStatement(&exchanged)
        case .pendingStatements: return try await pendingStatements(&exchanged)
        case .addCheckpoint: return try await answerWitness(.addCheckpoint, &exchanged)
        case .exchangeHeads: return try await answerWitness(.exchangeHeads, &exchanged)
        case .proveConsistency: return try await answerWitness(.proveConsistency, &exchanged)
        case .previewConsent: return try await previewConsent(&exchanged)
        case .issueToken: return try await issueToken(&exchanged)
        case .smartConfiguration: return try smartConfiguration()
        case .tokenKeys: return try tokenKeys()
        case .validateCode: return try await validateCode(&exchanged)
        case .lookUpCode: return try await lookUpCode(&exchanged)
        case .expandValueSet: return try await expandValueSet(&exchanged)
        case .openAPI:
            var answer = Answer(.ok, json: description)
            answer.headers[.contentType] = "application/json"
            answer.headers[.cacheControl] = "max-age=300"
            return answer
        }
    }
}
