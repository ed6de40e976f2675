import ExchangeCore
import JSON

/// Who speaks in OTLP messages (opentelemetry-proto 1.x, JSON encoding: ids in hexadecimal, numbers of 64 bits as texts).
struct OTLPResource: Sendable {
    /// The community of the node.
    let community: CommunityID
    /// The program's version.
    let version: String

    /// An `ExportTraceServiceRequest`.
    func message(_ spans: [TraceSpan]) -> JSONValue {
        [
            "resourceSpans": [
                [
                    "resource": [
                        "attributes": [
                            Self.attribute("service.name", .text("hie")), Self.attribute("service.version", .text(version)),
                            Self.attribute("service.instance.id", .text(community.urn)),
                        ]
                    ],
                    "scopeSpans": [
                        [
                            "scope": ["name": "concordat", "version": .string(version)],
                            "spans": .array(spans.map(Self.span)),
                        ]
                    ],
                ]
            ]
        ]
    }

    private static func span(_ span: TraceSpan) -> JSONValue {
        let end = span.ended.milliseconds * 1_000_000
        let (seconds, attoseconds) = span.took.components
        let start = end - seconds * 1_000_000_000 - attoseconds / 1_000_000_000
        var object: JSONObject = ["traceId": .string(span.traceID), "spanId": .string(span.spanID)]
        object["parentSpanId"] = span.parentID.map { .string($0) }
        object["name"] = .string(span.name)
        object["kind"] = .number(String(span.kind.rawValue))
        object["startTimeUnixNano"] = .string(String(start))
        object["endTimeUnixNano"] = .string(String(end))
        object["attributes"] = .array(span.attributes.map { attribute($0.name, $0.value) })
        object["status"] = span.isFailed ? ["code": 2] : [:]
        return .object(object)
    }

    private static func attribute(_ name: String, _ value: TraceSpan.Value) -> JSONValue {
        switch value {
        case .text(let text): ["key": .string(name), "value": ["stringValue": .string(text)]]
        case .number(let number): ["key": .string(name), "value": ["intValue": .string(String(number))]]
        }
    }
}
