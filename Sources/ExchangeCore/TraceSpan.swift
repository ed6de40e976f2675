/// One piece of work within a trace (OpenTelemetry's span): what, when, how long, how it ended. Names and attributes are of
/// closed lists; nothing of a patient, a user or a question is ever among them.
package struct TraceSpan: Sendable, Equatable {
    /// Which side of a request it is.
    package enum Kind: Int, Sendable {
        /// A request that is answered here.
        case server = 2
        /// A request to another node.
        case client = 3
    }

    /// A value of an attribute.
    package enum Value: Sendable, Equatable {
        /// A text.
        case text(String)
        /// A whole number.
        case number(Int)
    }

    /// The trace, 32 lower-case hexadecimal digits.
    package let traceID: String
    /// Its own id, 16 lower-case hexadecimal digits.
    package let spanID: String
    /// The span it is part of; nil for the first of a trace.
    package let parentID: String?
    /// What was done: a route's pattern or a transaction.
    package let name: String
    /// Which side.
    package let kind: Kind
    /// When it ended, on the node's wall clock.
    package let ended: Timestamp
    /// How long it took.
    package let took: Duration
    /// What else is known, by OpenTelemetry's names.
    package let attributes: [(name: String, value: Value)]
    /// Whether it failed for a reason of its own side.
    package let isFailed: Bool

    /// A span from its parts.
    package init(
        traceID: String, spanID: String, parentID: String?, name: String, kind: Kind, ended: Timestamp, took: Duration,
        attributes: [(name: String, value: Value)], isFailed: Bool,
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentID = parentID
        self.name = name
        self.kind = kind
        self.ended = ended
        self.took = took
        self.attributes = attributes
        self.isFailed = isFailed
    }

    package static func == (one: TraceSpan, other: TraceSpan) -> Bool {
        one.traceID == other.traceID && one.spanID == other.spanID && one.parentID == other.parentID && one.name == other.name
            && one.kind == other.kind && one.ended == other.ended && one.took == other.took && one.isFailed == other.isFailed
            && one.attributes.map(\.name) == other.attributes.map(\.name)
            && one.attributes.map(\.value) == other.attributes.map(\.value)
    }
}

/// Where work stands in its trace: what a W3C `traceparent` says.
package struct TraceParent: Sendable, Hashable {
    /// The trace, 32 lower-case hexadecimal digits.
    package let traceID: String
    /// The span that asks, 16 lower-case hexadecimal digits.
    package let spanID: String
    /// Whether whoever began the trace wants it recorded.
    package let isSampled: Bool

    /// A parent from its parts.
    package init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// The header's value (W3C Trace Context, version 00).
    package var header: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }
}

/// The port to whoever records spans; nobody unless an exporter is configured.
package struct TraceRecorder: Sendable {
    /// How many of a hundred traces that begin here are recorded.
    package let percent: Int
    /// Takes a span; never waits.
    package let note: @Sendable (TraceSpan) -> Void

    /// A recorder.
    package init(percent: Int, note: @escaping @Sendable (TraceSpan) -> Void) {
        self.percent = percent
        self.note = note
    }

    /// Records nothing.
    package static let none = TraceRecorder(percent: 0) { _ in }

    /// Whether a trace that begins here is recorded: by its id, so that every node that is asked the same decides the same.
    package func samples(_ traceID: String) -> Bool {
        guard percent > 0 else { return false }
        guard percent < 100 else { return true }
        let low = UInt64(traceID.suffix(8), radix: 16) ?? 0
        return low % 100 < UInt64(percent)
    }
}
