import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import Transactions

extension FHIRService {
    /// ITI-68 Retrieve Document: `GET Binary/[id]`, with `home` and `patient` for one that another community holds.
    ///
    /// A 304 tells as much as a 200: it is decided and journaled first, like one.
    func retrieveDocument(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try exchanged.fields()
        guard let id = exchanged.id.flatMap({ DocumentID($0) }) else { throw Self.hidden }
        let home = try home(in: fields)
        let format = fields.first { $0.name == "_format" }?.value
        if let home, home != exchange.settings.community {
            let patient = try patient(in: fields)
            let passing = try await asking { () throws(ExchangeError) in
                try await exchange.retrieveDocument(id, from: home, of: patient, for: context)
            }
            if let page = try await page(of: passing, to: exchanged, format: format) { return page }
            return answer(passing, id: id, to: exchanged, format: format)
        }
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.retrieveDocument(id, for: context)
        }
        return answer(found, id: id, to: exchanged, format: format)
    }

    /// ITI-67 by id: `GET DocumentReference/[id]`, for a document held here.
    func readDocument(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let subset = try subset(of: exchanged)
        guard let id = exchanged.id.flatMap({ DocumentID($0) }) else { throw Self.hidden }
        let found = try await asking { () throws(ExchangeError) in try await exchange.readDocument(id, for: context) }
        let etag = "W/\"\(Self.version(of: found.reference))\""
        var answer: Answer
        if let condition = exchanged.request.headers[.ifNoneMatch], EntityTag.isNamed(etag, by: condition) {
            answer = Answer(empty: .notModified, tickets: [found.ticket])
        } else {
            answer = Answer(.ok, json: ByteBuffer(bytes: subset.bytes(of: found.reference)), tickets: [found.ticket])
            answer.headers[.lastModified] = HTTPDate.format(found.registered)
        }
        answer.headers[.eTag] = etag
        return answer
    }

    /// The same words as the exchange's, so that a malformed id is not told from an unknown one.
    private static let hidden = EdgeRefusal.exchange(ExchangeError(.notFound, "there is no such document here"))

    private func home(in fields: [RequestField]) throws(EdgeRefusal) -> CommunityID? {
        guard let text = fields.first(where: { $0.name == "home" })?.value else { return nil }
        guard let home = CommunityID(text) else {
            throw .exchange(ExchangeError(.badRequest, "home is the community's urn:oid:", at: "home"))
        }
        return home
    }

    private func patient(in fields: [RequestField]) throws(EdgeRefusal) -> PatientID {
        guard let text = fields.first(where: { $0.name == "patient" })?.value else {
            throw .exchange(
                ExchangeError(.badRequest, "a document of another community needs patient, as its link has it"))
        }
        guard let patient = PatientID(text) else { throw Self.hidden }
        return patient
    }

    func answer(_ found: RetrievedDocument, id: DocumentID, to exchanged: EdgeRequest, format: String?) -> Answer {
        let headers = exchanged.request.headers
        let etag = "\"\(Hexadecimal.encode(found.sha256))\""
        if let page = page(of: found.bytes, type: found.mimeType, [found.ticket], to: exchanged, format: format) { return page }
        guard let form = DocumentForm(accept: headers[.accept], format: format, mimeType: found.mimeType) else {
            found.ticket.end()
            return OutcomeMapping.answer(to: .notAcceptable)
        }
        if let condition = headers[.ifNoneMatch], form == .bytes, EntityTag.isNamed(etag, by: condition) {
            var answer = Answer(empty: .notModified, tickets: [found.ticket])
            answer.headers[.eTag] = etag
            return answer
        }
        switch form {
        case .bytes:
            var answer = Answer(.ok, json: ByteBuffer(bytes: found.bytes), tickets: [found.ticket])
            answer.headers = Self.documentHeaders
            answer.headers[.contentType] = DocumentForm.safeType(found.mimeType)
            answer.headers[.eTag] = etag
            return answer
        case .resource:
            let binary: JSONObject = [
                "resourceType": "Binary", "id": .string(id.description), "contentType": .string(found.mimeType),
                "data": .string(Base64.encode(found.bytes)),
            ]
            return Answer(.ok, resource: binary, tickets: [found.ticket])
        }
    }

    /// A document of another community: passed on while it comes.
    private func answer(_ passing: PassingDocument, id: DocumentID, to exchanged: EdgeRequest, format: String?) -> Answer {
        let headers = exchanged.request.headers
        let etag = passing.sha256.map { "\"\(Hexadecimal.encode($0))\"" }
        guard let form = DocumentForm(accept: headers[.accept], format: format, mimeType: passing.mimeType) else {
            passing.body.cancel()
            passing.ticket.end()
            return OutcomeMapping.answer(to: .notAcceptable)
        }
        if let condition = headers[.ifNoneMatch], let etag, form == .bytes, EntityTag.isNamed(etag, by: condition) {
            passing.body.cancel()
            var answer = Answer(empty: .notModified, tickets: [passing.ticket])
            answer.headers[.eTag] = etag
            return answer
        }
        var answer = Answer(.ok, json: ByteBuffer(), tickets: [passing.ticket])
        switch form {
        case .bytes:
            answer.passing = PassingBody(stream: passing.body, length: passing.size)
            answer.headers = Self.documentHeaders
            answer.headers[.contentType] = DocumentForm.safeType(passing.mimeType)
            answer.headers[.eTag] = etag
        case .resource:
            answer.passing = PassingBody(
                binary: id.description, mimeType: passing.mimeType, of: passing.body, length: passing.size)
        }
        return answer
    }

    /// A document is never rendered by a browser: attachment, no sniffing, no scripts (security.md T110, T111).
    private static let documentHeaders: HTTPFields = [
        .cacheControl: "no-store", .xContentTypeOptions: "nosniff", .contentDisposition: "attachment",
        .contentSecurityPolicy: "sandbox", .acceptRanges: "none",
    ]
}
