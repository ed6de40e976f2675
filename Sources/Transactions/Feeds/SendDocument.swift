import Crypto
import DocumentExchange
import ExchangeCore
import Journal
import PatientIndex
import XDSMetadata

/// A document on its way to a receiver that did not ask for it just now: permitted, and journaled.
package struct SentDocument: Sendable {
    /// Its metadata.
    package let entry: DocumentEntry
    /// Whose it is, by the record in use now.
    package let patient: PatientRecord
    /// Its bytes as they were published, checked against the metadata.
    package let bytes: [UInt8]
    /// `uniqueId` of the document it replaces or adds to: a part of its metadata, as every search shows it.
    package let parent: String?
    /// How it relates to that.
    package let parentKind: RelationKind?
    /// To be ended when the bytes have left, or will not be sent.
    package let ticket: AnswersUnderWay.Ticket
}

extension Exchange {
    /// A document for a receiver of the facility: decided by the consent in force now, with the receiver as who asks, and
    /// journaled before this returns. Nil when consent forbids it, or when it is here no more.
    ///
    /// - Parameter transaction: what the journal calls the disclosure.
    package func sendDocument(_ id: DocumentID, by transaction: String, for context: AccessContext)
        async throws(ExchangeError) -> SentDocument?
    {
        try Permissions.findDocuments.demand(context)
        let disclosure = try await disclose(for: context, transaction: transaction, records: { $0.documents.map(\.patient) }) {
            try await projection.facts(aboutDocument: id)
        }
        guard let disclosure else { return nil }
        guard let document = disclosure.documents.first else {
            disclosure.ticket.end()
            return nil
        }
        do throws(ExchangeError) {
            let entry = try DocumentEntry(reference: document.reference)
            let bytes = try await reader.document(document.content, of: document.patient)
            guard Array(SHA256.hash(data: bytes)) == document.sha256 else {
                throw ExchangeError(.corrupted, "a stored document no longer has the digest of its metadata")
            }
            guard let known = try await read({ try await projection.patient(document.patient) }) else {
                disclosure.ticket.end()
                return nil
            }
            let relation = entry.relations.first { $0.kind == .replaces || $0.kind == .appends }
            let parent: DocumentEntry? =
                if let relation { try await read { try await projection.entry(relation.target) } } else { nil }
            return SentDocument(
                entry: entry, patient: try await survivor(of: known) ?? known, bytes: bytes, parent: parent?.uniqueID,
                parentKind: parent == nil ? nil : relation?.kind, ticket: disclosure.ticket)
        } catch {
            disclosure.ticket.end()
            // Erased since the facts were read.
            if error.code == .gone { return nil }
            throw error
        }
    }
}
