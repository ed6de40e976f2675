import ConsentEngine
import DocumentExchange
import ExchangeCore
import JSON
import Journal
import Logging
import PatientIndex
import XDSMetadata

extension Exchange {
    /// ITI-67 across communities: this node's documents and those every other community shows, in one list.
    ///
    /// Every community of the directory gets its line in the receipt (promise 3). The question is journaled before it is
    /// asked, because it discloses demographics; the answer before it is given. Only clients' questions go out: what a
    /// peer asks is answered by this node alone (T17).
    /// - Parameter only: ask only these communities; nil asks all.
    package func locateDocuments(
        of patient: PatientID, matching query: DocumentQuery, only: Set<CommunityID>? = nil,
        for context: AccessContext,
    ) async throws(ExchangeError) -> FoundDocuments {
        try demandPurpose(context)
        guard context.door != .peer else { return try await findDocuments(of: patient, matching: query, for: context) }
        let started = world.uptime()
        let (peers, unasked) = candidates(only: only)
        var person: PatientRecord?
        if !peers.isEmpty {
            person = try await read { try await projection.patient(patient) }
            guard person != nil else { return nobody(since: started) }
            let inquiry = InquiryRecord(transaction: "ITI-119", context: context, asked: peers.map(\.community))
            _ = try await journal.append(EntryDraft(kind: .inquiry, subject: patient, payload: inquiry.payload))
        }
        let bounded = bounded(context)
        let wantsOwn = only?.contains(settings.community) ?? true
        var others: [CommunityAnswer] = unasked
        var found: [DocumentEntry] = []
        let disclosure = try await disclose(
            for: context, transaction: "ITI-67",
            communities: { others.map { "\($0.community.urn) \($0.word)" } }
        ) {
            // Consent as it is known before the others are asked: when one of them sends word of a refusal meanwhile, what
            // it showed before does not hold any more, and all are asked again.
            let before = try await projection.directives(of: patient).position
            if let person {
                let answers = await ask(peers, about: person, matching: query, for: bounded)
                others = answers.map(\.answer) + unasked
                found = answers.flatMap(\.documents)
            }
            let facts = try await projection.facts(about: patient, matching: query)
            return PatientFacts(
                patient: facts.patient, documents: wantsOwn ? facts.documents : [], consent: facts.consent,
                position: min(before, facts.position))
        }
        if disclosure == nil, peers.isEmpty { return nobody(since: started) }
        let own = disclosure?.documents ?? []
        let merged = merge(own, found, patient: patient)
        return FoundDocuments(
            references: merged,
            receipt: CompletenessReceipt(
                others + [
                    wantsOwn
                        ? ownAnswer(count: own.count, since: started)
                        : CommunityAnswer(
                            community: settings.community, name: settings.name, state: .skipped("not asked for"),
                            elapsed: .zero)
                ]),
            ticket: disclosure?.ticket)
    }

    /// The answer about a patient whom this node does not know: nothing, and this node's own line.
    private func nobody(since started: Duration) -> FoundDocuments {
        FoundDocuments(
            references: [], receipt: CompletenessReceipt([ownAnswer(count: 0, since: started)]), ticket: nil)
    }

    /// Whom to ask, and a line for everyone who is not asked.
    func candidates(only: Set<CommunityID>?) -> (asked: [PeerNode], others: [CommunityAnswer]) {
        var asked: [PeerNode] = []
        var others: [CommunityAnswer] = []
        for (community, name, node) in directory.neighbours(at: world.now()) where community != settings.community {
            let state: CommunityAnswer.State
            if let only, !only.contains(community) {
                state = .skipped("not asked for")
            } else if let node, asked.count < settings.limits.fanOutMax {
                asked.append(node)
                continue
            } else {
                state = .unreachable
            }
            others.append(CommunityAnswer(community: community, name: name, state: state, elapsed: .zero))
        }
        return (asked, others)
    }

    private struct PeerAnswer: Sendable {
        let answer: CommunityAnswer
        let documents: [DocumentEntry]
    }

    /// Asks every peer at once under one deadline; every task returns its line, none throws.
    private func ask(
        _ peers: [PeerNode], about person: PatientRecord, matching query: DocumentQuery, for context: AccessContext,
    ) async -> [PeerAnswer] {
        await withTaskGroup(of: PeerAnswer.self) { group in
            for peer in peers {
                group.addTask { await self.ask(peer, about: person, matching: query, for: context) }
            }
            var answers: [PeerAnswer] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.answer.community < $1.answer.community }
        }
    }

    private func ask(
        _ peer: PeerNode, about person: PatientRecord, matching query: DocumentQuery, for context: AccessContext,
    ) async -> PeerAnswer {
        let started = world.uptime()
        var documents: [DocumentEntry] = []
        let state: CommunityAnswer.State
        do throws(ExchangeError) {
            switch try await peers.match(person, at: peer, for: context) {
            case .none: state = .none
            case .ambiguous(let needs): state = .ambiguous(needs: needs)
            case .one(let patient):
                documents = try await peers.findDocuments(of: patient, matching: query, at: peer, for: context)
                // T9: a peer speaks for its own community alone; anything else voids the whole answer.
                guard documents.allSatisfy({ $0.home == peer.community }) else {
                    throw ExchangeError(.badRequest, "the peer answered for another community")
                }
                shown.note(documents, of: person.id, now: world.uptime())
                state = documents.isEmpty ? .none : .answered(documents.count)
            }
        } catch {
            documents = []
            logger.warning(
                "a peer gave no answer",
                metadata: [
                    "peer.community": "\(peer.community)", "error.code": "\(error.code.rawValue)",
                    "error": "\(error.message)", "trace_id": "\(context.traceID)",
                ])
            state = Self.gap(error)
        }
        let answer = CommunityAnswer(
            community: peer.community, name: peer.name, state: state, elapsed: world.uptime() - started)
        return PeerAnswer(answer: answer, documents: documents)
    }

    static func gap(_ error: ExchangeError) -> CommunityAnswer.State {
        switch error.code {
        case .timeout: .timedOut
        case .forbidden, .unauthenticated: .denied
        case .notFound, .gone, .unknownPatient: .none
        case .badRequest, .conflict, .tooLarge, .unavailable, .corrupted, .internal: .unreachable
        }
    }

    /// The context with the deadline of a cross-community question: what is missing by then is named, not waited for.
    private func bounded(_ context: AccessContext) -> AccessContext {
        context.bounded(by: world.uptime() + .seconds(settings.limits.locateSecondsMax))
    }

    /// One list, newest first, ties by id: this node's references as they are, the others' rendered with links through
    /// this node.
    private func merge(_ own: [RegisteredDocument], _ others: [DocumentEntry], patient: PatientID) -> [[UInt8]] {
        var rows = own.map { (time: $0.registered, id: $0.facts.id, reference: $0.reference) }
        for entry in others {
            rows.append((entry.registered, entry.id, JSONWriter.bytes(.object(reference(entry, patient: patient)))))
        }
        return rows.sorted { ($1.time, $0.id) < ($0.time, $1.id) }.map(\.reference)
    }

    /// Another community's entry as this node shows it: its own patient, and a link that leads through this node.
    private func reference(_ entry: DocumentEntry, patient: PatientID) -> JSONObject {
        let base = settings.clientBase
        var reference = DocumentReferenceMapping.json(entry, base: base)
        reference["subject"] = ["reference": .string("\(base)/Patient/\(patient)")]
        guard case .array(var content) = reference["content"], var first = content.first?.object,
            var attachment = first["attachment"]?.object
        else { return reference }
        attachment["url"] = .string("\(base)/Binary/\(entry.id)?home=\(entry.home.urn)&patient=\(patient)")
        first["attachment"] = .object(attachment)
        content[0] = .object(first)
        reference["content"] = .array(content)
        return reference
    }
}
