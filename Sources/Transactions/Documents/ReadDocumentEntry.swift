import ExchangeCore

/// One document's metadata on its way to who asked for it.
package struct ReadDocument: Sendable {
    /// The `DocumentReference` as FHIR JSON.
    package let reference: [UInt8]
    /// When this node registered it.
    package let registered: Timestamp
    /// To be ended when the answer has left.
    package let ticket: AnswersUnderWay.Ticket
}

extension Exchange {
    /// ITI-67 by id (FHIR read): the metadata of one document held by this node, superseded ones included.
    ///
    /// Decided and journaled as a search that finds it would be. Unknown and hidden are the same `.notFound`.
    package func readDocument(_ id: DocumentID, for context: AccessContext) async throws(ExchangeError) -> ReadDocument {
        try await admit(context, to: Permissions.findDocuments)
        let hidden = ExchangeError(.notFound, "there is no such document here")
        let disclosure = try await disclose(for: context, transaction: "ITI-67", records: { $0.documents.map(\.patient) }) {
            try await projection.facts(aboutDocument: id)
        }
        guard let disclosure else { throw hidden }
        guard let document = disclosure.documents.first else {
            disclosure.ticket.end()
            throw hidden
        }
        return ReadDocument(
            reference: document.reference, registered: document.registered, ticket: disclosure.ticket)
    }
}
