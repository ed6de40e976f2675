import ConsentEngine
import ExchangeCore
import Journal
import Logging

extension Exchange {
    /// Erases one document for ever: its sealed bytes go from the segments, its rows from the tables. The entry that says
    /// so names what the bytes hashed to, and can be proven; the tree stays whole.
    ///
    /// What was once said of it in the entry that registered it stays sealed under the patient's key.
    ///
    /// - Throws: `.notFound` where there is no such document; `.conflict` while the record is under legal hold.
    package func eraseDocument(_ document: DocumentID, ground: Erasure.Ground, for context: AccessContext)
        async throws(ExchangeError) -> EntryReceipt
    {
        try demandKeeper(context)
        guard let patient = try await registered(document)?.patient else { throw Self.noSuchDocument }
        return try await alone(with: patient) { () async throws(ExchangeError) in
            // Read again: somebody may have erased it, or placed a hold, meanwhile.
            guard let found = try await registered(document) else { throw Self.noSuchDocument }
            try await demandNoHold(on: patient)
            let erasure = DocumentErasure(
                patient: patient, contents: [found.document.content], ground: ground, user: context.user)
            // Durable before the bytes go: a node that stops between the two finishes it when it starts.
            let receipt = try await journal.append(
                EntryDraft(
                    kind: .erasure, subject: nil, payload: erasure.payload, removes: erasure.contents, value: erasure))
            try await reader.remove(erasure.contents)
            try await read { try await projection.purge() }
            logger.notice("a document was erased", metadata: ["journal.position": "\(receipt.position)"])
            return receipt
        }
    }

    /// Refuses while a record is under legal hold.
    func demandNoHold(on patient: PatientID) async throws(ExchangeError) {
        guard try await read({ try await projection.legalHold(of: patient) }) == nil else {
            throw ExchangeError(.conflict, "the record is under legal hold, which beats every erasure")
        }
    }

    private func registered(_ id: DocumentID) async throws(ExchangeError)
        -> (patient: PatientID, document: RegisteredDocument)?
    {
        guard let facts = try await read({ try await projection.facts(aboutDocument: id) }), let patient = facts.patient,
            let document = facts.documents.first(where: { $0.facts.id == id })
        else { return nil }
        return (patient, document)
    }

    private static let noSuchDocument = ExchangeError(.notFound, "no document of that id is registered here")
}
