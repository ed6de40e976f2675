import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import Transactions

/// One answer, complete: status, headers, bytes, and the tickets that end when the bytes have left.
///
/// Whoever makes one with tickets hands it to `send`, or calls `end`.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: ByteBuffer
    var tickets: [AnswersUnderWay.Ticket]
    /// The connection ends after this answer: what the caller still sends is not worth reading.
    var closesConnection = false

    /// An answer of FHIR JSON.
    init(_ status: HTTPResponse.Status, json body: ByteBuffer, tickets: [AnswersUnderWay.Ticket] = []) {
        self.status = status
        headers = Self.jsonHeaders
        self.body = body
        self.tickets = tickets
    }

    /// An answer of one resource.
    init(_ status: HTTPResponse.Status, resource: JSONObject, tickets: [AnswersUnderWay.Ticket] = []) {
        self.init(status, json: ByteBuffer(bytes: JSONWriter.bytes(.object(resource))), tickets: tickets)
    }

    /// An answer that says what went wrong or is worth knowing.
    init(_ status: HTTPResponse.Status, outcome: OperationOutcome) { self.init(status, resource: outcome.json) }

    /// An answer without a body: only for what HTTP wants empty.
    init(empty status: HTTPResponse.Status, tickets: [AnswersUnderWay.Ticket] = []) {
        self.status = status
        headers = Self.emptyHeaders
        body = ByteBuffer()
        self.tickets = tickets
    }

    /// Ends every ticket; safe to call twice.
    func end() { for ticket in tickets { ticket.end() } }

    /// Whether a revocation overtook the answer: no further byte may leave.
    var isCut: Bool { tickets.contains(where: \.isCut) }

    private static let emptyHeaders: HTTPFields = [.cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
    private static let jsonHeaders: HTTPFields = [
        .contentType: Negotiation.fhirJSON, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
    ]
}

/// Thrown to end a connection: the answer was cut, or the rest of the request is not wanted.
struct ConnectionEnds: Error {}

/// Sending an answer so that a revocation can cut it, and its tickets end when its bytes are gone.
enum AnswerSending {
    /// Bytes between two looks at whether the answer was cut.
    static let chunkBytes = 64 * 1024
    /// Bytes of an unwanted request body read and thrown away, so that the caller gets to read the refusal.
    static let drainBytesMax = 16 * 1024 * 1024

    /// Writes an answer. Throws when it was cut, which closes the connection.
    static func send(
        _ answer: Answer, isHead: Bool, to writer: consuming ResponseWriter, unread body: RequestBody?,
        on channel: any Channel,
    ) async throws {
        defer { answer.end() }
        guard !answer.isCut else { throw ConnectionEnds() }
        var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
        if answer.status != .notModified { head.headerFields[.contentLength] = String(answer.body.readableBytes) }
        if answer.closesConnection { head.headerFields[.connection] = "close" }
        if isHead || answer.body.readableBytes == 0 {
            try await writer.writeResponse(head)
        } else if answer.body.readableBytes <= chunkBytes {
            try await writer.write(response: head, body: ResponseBody(byteBuffer: answer.body))
        } else {
            try await stream(answer, head: head, to: writer, on: channel)
        }
        guard answer.closesConnection else { return }
        answer.end()
        if let body { try await drain(body) }
        throw ConnectionEnds()
    }

    /// Sends in chunks; a watcher closes the channel when the answer is cut while a slow reader holds up a write.
    private static func stream(
        _ answer: Answer, head: HTTPResponse, to writer: consuming ResponseWriter, on channel: any Channel,
    ) async throws {
        let watch = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(100), delay: .milliseconds(100)
        ) { _ in
            if answer.isCut { channel.close(promise: nil) }
        }
        defer { watch.cancel() }
        var rest = answer.body
        var body: any ResponseBodyWriter = try await writer.writeHead(head)
        while let chunk = rest.readSlice(length: min(chunkBytes, rest.readableBytes)), chunk.readableBytes > 0 {
            guard !answer.isCut else { throw ConnectionEnds() }
            try await body.write(chunk)
        }
        try await body.finish(nil)
    }

    private static func drain(_ body: RequestBody) async throws {
        var read = 0
        for try await chunk in body {
            read += chunk.readableBytes
            guard read <= drainBytesMax else { return }
        }
    }
}
