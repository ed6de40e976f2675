import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import PatientIndex
import XDSMetadata

extension Exchange {
    /// ITI-68 through this node: fetches a document from the community that holds it.
    ///
    /// `patient` is this node's own record, under whose key the disclosure is journaled.
    package func retrieveDocument(
        _ id: DocumentID, from community: CommunityID, of patient: PatientID, for context: AccessContext,
    ) async throws(ExchangeError) -> RetrievedDocument {
        try demandPurpose(context)
        if community == settings.community { return try await retrieveDocument(id, for: context) }
        guard context.door != .peer else { throw ExchangeError(.notFound, "there is no such document here") }
        guard let peer = directory.peers(at: world.now()).first(where: { $0.community == community }),
            try await read({ try await projection.patient(patient) }) != nil
        else { throw ExchangeError(.notFound, "there is no such document here") }
        let inquiry = InquiryRecord(transaction: "ITI-68", context: context, asked: [community])
        _ = try await journal.append(EntryDraft(kind: .inquiry, subject: patient, payload: inquiry.payload))
        let bounded = context.bounded(by: world.uptime() + .seconds(settings.limits.locateSecondsMax))
        for _ in 0..<settings.limits.decisionsMax {
            // Before the holder is asked: word of a refusal that comes meanwhile means asking again.
            let (_, position) = try await read { try await projection.directives(of: patient) }
            let content = try await peers.retrieve(id, at: peer, for: bounded)
            let access = AccessRecord(
                transaction: "ITI-68", context: context, factsPosition: position,
                decisions: [.init(documents: [id], isPermitted: true, rules: ["decided by \(community.urn)"])],
                communities: ["\(community.urn) answered"])
            if let (_, ticket) = try await self.record(access, about: patient, at: position) {
                return RetrievedDocument(
                    bytes: content.bytes, mimeType: content.mimeType, sha256: ContentDigest(content.bytes).sha256,
                    ticket: ticket)
            }
        }
        throw ExchangeError(.unavailable, "the patient's consent keeps changing; ask again")
    }
}
