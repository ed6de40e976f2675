import CDA
import Crypto
import ExchangeCore
import HTTPTypes
import HummingbirdCore
import NIOCore
import Transactions
import XML

/// A document as a page for browsers: our own rendering, never the source's markup (security.md T110).
enum DocumentPage {
    /// Bytes of a page at the most.
    static let bytesMax = 16 * 1024 * 1024

    /// The page; nil for a document that cannot be shown as text.
    static func bytes(of document: [UInt8], mimeType: String, limits: ExchangeLimits) -> [UInt8]? {
        let bounds = XMLLimits(bytesMax: limits.documentBytesMax, depthMax: limits.nestingMax)
        guard let rendered = try? DocumentRendering.render(document, mimeType: mimeType, limits: bounds) else { return nil }
        return HTMLWriting.page(rendered, bytesMax: bytesMax)
    }

    /// Nothing is loaded, nothing runs, nobody frames it; the one style is known by its digest.
    static let headers: HTTPFields = {
        let digest = Base64.encode(Array(SHA256.hash(data: Array(HTMLWriting.style.utf8))))
        var headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'; sandbox", .vary: "Accept",
        ]
        headers[.referrerPolicy] = "no-referrer"
        return headers
    }()
}

extension FHIRService {
    /// The page of a document, where one is wanted and can be made; the same decision and the same entry stand behind it as behind
    /// the bytes.
    func page(
        of bytes: [UInt8], type: String, _ tickets: [AnswersUnderWay.Ticket], to exchanged: EdgeRequest, format: String?,
    ) -> Answer? {
        let accept = exchanged.request.headers[.accept]
        guard DocumentForm.wantsPage(accept: accept, format: format, mimeType: type),
            let page = DocumentPage.bytes(of: bytes, mimeType: type, limits: exchange.settings.limits)
        else { return nil }
        var answer = Answer(.ok, json: ByteBuffer(bytes: page), tickets: tickets)
        answer.headers = DocumentPage.headers
        return answer
    }

    /// The page of another community's document, which has to be here whole for that; nil, and nothing read, where its bytes are
    /// wanted.
    func page(of passing: PassingDocument, to exchanged: EdgeRequest, format: String?) async throws(EdgeRefusal) -> Answer? {
        let accept = exchanged.request.headers[.accept]
        guard DocumentForm.wantsPage(accept: accept, format: format, mimeType: passing.mimeType),
            passing.size ?? 0 <= exchange.settings.limits.documentBytesMax
        else { return nil }
        let bytes: [UInt8]
        do {
            bytes = try await passing.collected()
        } catch {
            passing.ticket.end()
            throw .exchange(error as? ExchangeError ?? ExchangeError(.unavailable, "the document cannot be read now"))
        }
        let page = page(of: bytes, type: passing.mimeType, [passing.ticket], to: exchanged, format: format)
        // Its bytes have been read: what cannot be shown is had by asking for them.
        guard let page else {
            passing.ticket.end()
            throw .notAcceptable
        }
        return page
    }
}
