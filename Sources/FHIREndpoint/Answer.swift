import ExchangeCore
import FHIRModel
import HTTPTypes
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
    /// The body instead of `body`, where it is passed on while it comes.
    var passing: PassingBody?
    /// The connection ends after this answer: what the caller still sends is not worth reading.
    var closesConnection = false
    /// How long the caller may take nothing of it.
    var patience = TimeAmount.seconds(30)

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

    /// The same resource in FHIR's XML form; an answer that is no FHIR JSON stays as it is. False for a resource of which that
    /// form is not known here.
    mutating func becomeXML() -> Bool {
        guard headers[.contentType] == Negotiation.fhirJSON, passing == nil, body.readableBytes > 0 else { return true }
        guard
            let json = try? JSONReader.read(
                Array(body.readableBytesView), limits: JSONLimits(nodesMax: 20_000_000)),
            let xml = json.object.flatMap({ FHIRXML.bytes($0) })
        else { return false }
        body = ByteBuffer(bytes: xml)
        headers[.contentType] = Negotiation.fhirXML
        return true
    }

    /// Ends every ticket, and lets go of a body that is passed on; safe to call twice.
    func end() {
        passing?.stream.cancel()
        for ticket in tickets { ticket.end() }
    }

    /// Whether a revocation overtook the answer: no further byte may leave.
    var isCut: Bool { tickets.contains(where: \.isCut) }

    private static let emptyHeaders: HTTPFields = [.cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
    private static let jsonHeaders: HTTPFields = [
        .contentType: Negotiation.fhirJSON, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
    ]
}
