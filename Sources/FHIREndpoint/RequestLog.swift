import ExchangeCore
import HTTPTypes
import Logging
import NIOCore
import Transactions

extension FHIRService {
    /// Counts a request, and writes one line: method, route pattern, status, duration, trace id, peer. Never the URI, the query or a token.
    func log(_ handled: Handled, channel: any Channel) {
        let elapsed = exchange.world.uptime() - handled.started
        figures.note(handled.route, status: handled.answer.status.code, took: elapsed)
        trace(handled, took: elapsed)
        let level: Logger.Level = handled.answer.status.code == 401 ? .warning : .info
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "method": .string(handled.method.rawValue), "route": .string(handled.route),
            "status": .stringConvertible(handled.answer.status.code),
            "dur_ms": .stringConvertible(elapsed.wholeMilliseconds), "trace_id": .string(handled.traceID),
            "door": .string(door.rawValue),
        ]
        if let peer = handled.peer { metadata["peer"] = .string(peer) }
        if let refusal = handled.refusal { metadata["refusal"] = .string(refusal) }
        if handled.answer.status.code == 401, let address = channel.remoteAddress?.ipAddress {
            metadata["address"] = .string(address)
        }
        logger.log(level: level, handled.refusal == nil ? "request" : "request refused", metadata: metadata)
    }

    /// The request as a span; a fault is what the node did wrong, not what it refused.
    private func trace(_ handled: Handled, took: Duration) {
        guard handled.span.isSampled else { return }
        let parent = handled.parent.flatMap { $0.traceID == handled.traceID ? $0.spanID : nil }
        traces.note(
            TraceSpan(
                traceID: handled.traceID, spanID: handled.span.spanID, parentID: parent,
                name: "\(handled.method.rawValue) \(handled.route)", kind: .server, ended: exchange.world.now(), took: took,
                attributes: [
                    ("http.request.method", .text(handled.method.rawValue)), ("http.route", .text(handled.route)),
                    ("http.response.status_code", .number(handled.answer.status.code)), ("hie.door", .text(door.rawValue)),
                ], isFailed: handled.answer.status.code >= 500))
    }
}
