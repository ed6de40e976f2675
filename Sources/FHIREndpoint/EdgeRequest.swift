import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import Transactions
import XML

/// One request on its way through the edge: what was sent, and what has been found out about it so far.
struct EdgeRequest: Sendable {
    let request: Request
    let started: Duration
    var traceID: String
    /// The span that asks, where the caller says so.
    let parent: TraceParent?
    /// This request's own place in its trace.
    private(set) var span: TraceParent
    var query: RequestTarget?
    var route: Route?
    var id: String?
    var identity: ConnectionIdentity?
    var context: AccessContext?
    /// `_format` of a form, where it was read.
    var formFormat: String?
    /// Why the request was refused, for the log; never patient data.
    private(set) var refusal: String?
    private(set) var hasReadBody = false

    init(request: Request, traceID: String, span: TraceParent, started: Duration) {
        parent = RequestTrace.parent(request.headers)
        self.span = span
        self.request = request
        self.traceID = traceID
        self.started = started
    }

    /// Takes over who asks, and the trace that a signed assertion names.
    mutating func take(_ context: AccessContext) {
        traceID = context.traceID
        span = TraceParent(traceID: context.traceID, spanID: span.spanID, isSampled: span.isSampled)
        self.context = context.within(span)
    }

    /// Refuses whom the table of permissions does not name.
    func demand(_ permission: Permission) throws(EdgeRefusal) {
        let context = try asker()
        do throws(ExchangeError) { try permission.demand(context) } catch { throw .exchange(error) }
    }

    /// Who asks; a route that needs nobody has none.
    func asker() throws(EdgeRefusal) -> AccessContext {
        guard let context else { throw .unauthenticated(reason: "no user was established") }
        return context
    }

    /// The query's fields.
    func fields() throws(EdgeRefusal) -> [RequestField] {
        guard let query else { return [] }
        return try reading { () throws(ExchangeError) in try query.fields }
    }

    /// `_format` of the query.
    func format() throws(EdgeRefusal) -> String? {
        guard query.map({ !$0.query.isEmpty }) ?? false else { return nil }
        return try fields().first { $0.name == "_format" }?.value
    }

    /// The form the caller wants its answer in; JSON where what it says cannot be read.
    var wantedForm: Negotiation.Form {
        let asked = formFormat ?? (try? format()) ?? nil
        return Negotiation.form(request.headers, format: asked) ?? .json
    }

    /// The body, counted while it is read.
    mutating func body(_ reading: BodyReading) async throws(EdgeRefusal) -> [UInt8] {
        try reading.demandLength(request.headers)
        hasReadBody = true
        return try await reading.read(request)
    }

    /// The body as a resource, read once.
    mutating func resource(_ reading: BodyReading, limits: ExchangeLimits) async throws(EdgeRefusal) -> FHIRResource {
        try Negotiation.demandJSON(request.headers, format: try format())
        let form = try Negotiation.bodyForm(request.headers)
        let bytes = try await body(reading)
        return try self.reading { () throws(ExchangeError) in
            switch form {
            case .json: try FHIRResource.read(bytes, limits: JSONLimits(depthMax: limits.nestingMax))
            case .xml:
                try FHIRXML.read(
                    bytes, limits: XMLLimits(bytesMax: limits.requestBytesMax, depthMax: limits.nestingMax))
            }
        }
    }

    /// Turns an error of the exchange into a refusal of the edge.
    func reading<Value>(_ work: () throws(ExchangeError) -> Value) throws(EdgeRefusal) -> Value {
        do {
            return try work()
        } catch {
            throw .exchange(error)
        }
    }

    /// Keeps the reason of a refusal for the log.
    mutating func note(_ error: EdgeRefusal) {
        switch error {
        case .unauthenticated(let reason): refusal = reason
        case .exchange(let error): refusal = "\(error.code.rawValue): \(error.message)"
        case .unknownRoute, .otherMethod, .notSupported, .notAcceptable, .unsupportedMediaType, .slowBody,
            .preconditionFailed:
            break
        }
    }
}

/// Asks the exchange; its error becomes a refusal of the edge.
func asking<Value: Sendable>(_ question: () async throws(ExchangeError) -> Value) async throws(EdgeRefusal) -> Value {
    do {
        return try await question()
    } catch {
        throw .exchange(error)
    }
}
