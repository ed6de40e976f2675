import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import Logging
import PatientIndex
import XDSMetadata

extension Exchange {
    /// ITI-68 through this node: fetches a document from the community that holds it, and passes it on while it comes.
    ///
    /// The disclosure stands in the journal before the first byte is handed over. The bytes are held against what the
    /// holder's metadata states, and the last of them comes only when all is right: a wrong document never arrives whole.
    /// - Parameter patient: this node's own record, under whose key the disclosure is journaled; the document must be one
    ///   that its holder shows of that patient.
    package func retrieveDocument(
        _ id: DocumentID, from community: CommunityID, of patient: PatientID, for context: AccessContext,
    ) async throws(ExchangeError) -> PassingDocument {
        try Permissions.findDocuments.demand(context)
        if community == settings.community { return PassingDocument(try await retrieveDocument(id, for: context)) }
        guard context.door != .peer, let peer = directory.peers(at: world.now()).first(where: { $0.community == community }),
            let person = try await read({ try await projection.patient(patient) })
        else { throw Self.noSuchDocument }
        let inquiry = InquiryRecord(transaction: "ITI-68", context: context, asked: [community])
        _ = try await journal.append(EntryDraft(kind: .inquiry, subject: patient, payload: inquiry.payload))
        for _ in 0..<settings.limits.decisionsMax {
            // Before the holder is asked: word of a refusal that comes meanwhile means asking again.
            let facts = try await read { try await projection.standing(of: patient) }
            let entry = try await described(id, of: person, at: peer, for: context)
            let content = try await content(of: entry, at: peer, for: context)
            guard content.size == nil || entry.size < 0 || content.size == entry.size else {
                content.body.cancel()
                fail(DocumentCheck.damaged, from: community, context)
                throw DocumentCheck.damaged
            }
            let access = AccessRecord(
                transaction: "ITI-68", context: context, factsPosition: facts.position, together: facts.together,
                decisions: [.init(documents: [id], isPermitted: true, rules: ["decided by \(community.urn)"])],
                communities: ["\(community.urn) answered"])
            do throws(ExchangeError) {
                if let ticket = try await self.record(access, about: patient, on: facts) {
                    return passing(content, entry, ticket, for: context)
                }
            } catch {
                content.body.cancel()
                throw error
            }
            content.body.cancel()
        }
        throw ExchangeError(.unavailable, "the patient's consent keeps changing; ask again")
    }

    /// What the holder says of a document: as it was shown a moment ago, else asked anew.
    private func described(_ id: DocumentID, of person: PatientRecord, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> DocumentEntry
    {
        let limit = context.bounded(by: world.uptime() + .seconds(settings.limits.locateSecondsMax))
        if let known = shown.entry(id, at: peer.community, of: person.id, now: world.uptime()) { return known }
        let match = try await asking(peer, for: limit) { [peers] peer, context throws(ExchangeError) in
            try await peers.match(person, at: peer, for: context)
        }
        guard case .one(let theirs) = match else { throw Self.noSuchDocument }
        var query = DocumentQuery()
        query.identifiers = ["urn:uuid:\(id)"]
        // An id of another form than ours is known here by a name made from it, which the holder cannot look up.
        for query in [query, DocumentQuery()] {
            let found = try await asking(peer, for: limit) { [peers] peer, context throws(ExchangeError) in
                try await peers.findDocuments(of: theirs, matching: query, at: peer, for: context).entries
            }
            guard found.allSatisfy({ $0.home == peer.community }) else {
                throw ExchangeError(.badRequest, "the peer answered for another community")
            }
            shown.note(found, of: person.id, now: world.uptime())
            if let entry = found.first(where: { $0.id == id }) { return entry }
        }
        throw Self.noSuchDocument
    }

    private func asking<Answer: Sendable>(
        _ peer: PeerNode, for context: AccessContext,
        _ question: @escaping @Sendable (PeerNode, AccessContext) async throws(ExchangeError) -> Answer,
    ) async throws(ExchangeError) -> Answer {
        do throws(AskingFailure) {
            return try await request(to: peer, for: context, question)
        } catch {
            switch error {
            case .failed(let error): throw error
            case .breakerOpen: throw ExchangeError(.unavailable, "the facility does not answer; it is tried again shortly")
            case .busy: throw ExchangeError(.unavailable, "too many requests to the facility are under way")
            }
        }
    }

    /// Asks for the bytes at the first of the holder's addresses that takes the connection: never at two at once, since
    /// each answer is a disclosure there.
    private func content(of entry: DocumentEntry, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerContent
    {
        var failure = ExchangeError(.unavailable, "the facility has no address")
        for base in [peer.fhirBase] + peer.alternates {
            do throws(ExchangeError) {
                return try await peers.retrieve(entry, at: peer.at(base), for: context)
            } catch {
                switch error.code {
                // What its holder hides since it was shown reads as what was never there.
                case .notFound, .gone, .unknownPatient: throw Self.noSuchDocument
                case .unavailable: failure = error
                default: throw error
                }
            }
        }
        throw failure
    }

    private func passing(
        _ content: PeerContent, _ entry: DocumentEntry, _ ticket: AnswersUnderWay.Ticket, for context: AccessContext,
    ) -> PassingDocument {
        PassingDocument(
            mimeType: entry.mimeType, size: entry.size < 0 ? content.size : entry.size,
            sha256: entry.sha256.isEmpty ? nil : entry.sha256,
            body: DocumentCheck.checking(content.body, against: entry) { error in
                fail(error, from: entry.home, context)
            }, ticket: ticket)
    }

    private func fail(_ error: ExchangeError, from community: CommunityID, _ context: AccessContext) {
        logger.warning(
            "a document of another community did not pass whole",
            metadata: [
                "peer.community": "\(community)", "error.code": "\(error.code.rawValue)", "error": "\(error.message)",
                "trace_id": "\(context.traceID)",
            ])
    }

    /// The same words for what is unknown and what is hidden.
    private static let noSuchDocument = ExchangeError(.notFound, "there is no such document here")
}
