import ExchangeCore
import Synchronization
import Transactions

/// One request to another node as a span of its trace, told once when its answer begins.
final class PeerSpan: Sendable {
    private let own: TraceParent
    private let parentID: String?
    private let name: String
    private let method: String
    private let community: CommunityID
    private let started: Duration
    private let traces: TraceRecorder
    private let world: World
    private let isTold = Mutex(false)

    init(_ request: ClientRequest, at peer: PeerNode, for context: AccessContext, traces: TraceRecorder, world: World) {
        own = TraceParent(
            traceID: context.traceID, spanID: world.newSpanID(),
            // Where nothing is recorded here, others may still: what the caller wished goes on.
            isSampled: context.span?.isSampled ?? (traces.percent == 0 || traces.samples(context.traceID)))
        parentID = context.span?.spanID
        method = request.method.rawValue
        name = Self.name(request.target)
        community = peer.community
        started = world.uptime()
        self.traces = traces
        self.world = world
    }

    /// The `traceparent` of the request.
    var header: String { own.header }

    /// The answer began.
    func end(_ status: Int) { tell([("http.response.status_code", .number(status))], isFailed: status >= 400) }

    /// There was none.
    func end(_ error: ExchangeError) { tell([("error.type", .text(error.code.rawValue))], isFailed: true) }

    private func tell(_ more: [(name: String, value: TraceSpan.Value)], isFailed: Bool) {
        guard own.isSampled, isTold.withLock({ told in defer { told = true }; return !told }) else { return }
        traces.note(
            TraceSpan(
                traceID: own.traceID, spanID: own.spanID, parentID: parentID, name: "\(method) \(name)", kind: .client,
                ended: world.now(), took: world.uptime() - started,
                attributes: [("http.request.method", .text(method)), ("hie.peer", .text(community.urn))] + more,
                isFailed: isFailed))
    }

    /// What is asked for, of a closed list: a path may hold an id of a patient's document.
    private static func name(_ target: String) -> String {
        let first = target.split(separator: "/").first.map { $0.prefix { $0 != "?" } } ?? ""
        return ["Patient", "DocumentReference", "Binary", "Consent", "AuditEvent"].first { $0 == first } ?? "other"
    }
}
