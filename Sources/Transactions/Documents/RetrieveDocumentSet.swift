import ConsentEngine
import Crypto
import DocumentExchange
import ExchangeCore
import Journal
import XDSMetadata

/// A document on its way to who asked for it.
package struct RetrievedDocument: Sendable {
    /// The bytes as they were published.
    package let bytes: [UInt8]
    /// The media type of the metadata.
    package let mimeType: String
    /// SHA-256 of the bytes, 32 bytes: the strong ETag.
    package let sha256: [UInt8]
    /// To be ended when the bytes have left.
    package let ticket: AnswersUnderWay.Ticket
}

extension Exchange {
    /// ITI-43, ITI-68: one document held by this node.
    ///
    /// Unknown and hidden are the same `.notFound`. The bytes are checked against the metadata before they leave.
    package func retrieveDocument(_ id: DocumentID, for context: AccessContext) async throws(ExchangeError)
        -> RetrievedDocument
    {
        try await admit(context, to: Permissions.findDocuments)
        let hidden = ExchangeError(.notFound, "there is no such document here")
        let disclosure = try await disclose(for: context, transaction: "ITI-68", records: { $0.documents.map(\.patient) }) {
            try await projection.facts(aboutDocument: id)
        }
        guard let disclosure else { throw hidden }
        guard let document = disclosure.documents.first else {
            disclosure.ticket.end()
            throw hidden
        }
        do {
            let bytes = try await reader.document(document.content, of: document.patient)
            guard Array(SHA256.hash(data: bytes)) == document.sha256 else {
                throw ExchangeError(.corrupted, "a stored document no longer has the digest of its metadata")
            }
            return RetrievedDocument(
                bytes: bytes, mimeType: document.mimeType, sha256: document.sha256, ticket: disclosure.ticket)
        } catch let error as ExchangeError where error.code == .gone {
            disclosure.ticket.end()
            // Erased since the facts were read; bytes that are missing while the tables know the document are damage.
            guard try await read({ try await projection.facts(aboutDocument: id) }) != nil else { throw hidden }
            throw ExchangeError(.corrupted, "a document was removed from the journal, and nothing says why: hie audit verify")
        } catch let error as ExchangeError {
            disclosure.ticket.end()
            throw error
        } catch {
            disclosure.ticket.end()
            throw ExchangeError(.unavailable, "the document cannot be read now")
        }
    }
}
