import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Journal
import Logging
import PatientIndex

/// What a draft would change at another community, or why that is not known.
package struct CommunityPreview: Sendable {
    /// The community's line.
    package let answer: CommunityAnswer
    /// What it said; nil when it gave no answer.
    package let preview: ConsentPreview?
}

extension Exchange {
    /// Asks every other community what a draft would change there, for the same requesters; each gets its line.
    ///
    /// The question discloses demographics, as one for documents does, so the intent is journaled before it is asked.
    /// - Parameter consent: the draft as FHIR, as it would travel.
    package func previewElsewhere(
        _ draft: ConsentDirective, as consent: JSONObject, requesters: [AccessContext], for context: AccessContext,
    ) async throws(ExchangeError) -> [CommunityPreview] {
        try ConsentAuthority.demand(context)
        let (peers, unasked) = everybodyElse()
        let others = unasked.map { CommunityPreview(answer: $0, preview: nil) }
        guard !peers.isEmpty else { return others }
        guard requesters.count <= ConsentDraft.askersMax else {
            throw ExchangeError(
                .tooLarge,
                "\(requesters.count) combinations of community, role and purpose are too many to compare elsewhere; "
                    + "name fewer, or compare only here")
        }
        guard let patient = try await read({ try await projection.patient(draft.patient) }) else {
            throw Self.unknownPatient
        }
        let inquiry = InquiryRecord(transaction: "consent preview", context: context, asked: peers.map(\.community))
        _ = try await journal.append(EntryDraft(kind: .inquiry, subject: patient.id, payload: inquiry.payload))
        let question = ConsentDraft(
            directive: draft.version > 1 ? draft.id : nil,
            consent: PortableConsent.leaving(consent, patient: patient.id),
            subject: PatientMapping.resource(identifiers: patient.identifiers, demographics: patient.demographics),
            askers: requesters.map { ConsentDraft.Asker($0) })
        let bounded = context.bounded(by: world.uptime() + .seconds(settings.limits.locateSecondsMax))
        let answers = await withTaskGroup(of: CommunityPreview.self) { group in
            for peer in peers { group.addTask { await self.preview(question, at: peer, for: bounded) } }
            return await group.reduce(into: [CommunityPreview]()) { $0.append($1) }
        }
        return (answers + others).sorted { $0.answer.community < $1.answer.community }
    }

    private func preview(_ draft: ConsentDraft, at peer: PeerNode, for context: AccessContext) async -> CommunityPreview {
        let started = world.uptime()
        var preview: ConsentPreview?
        let state: CommunityAnswer.State
        do throws(ExchangeError) {
            let said = try await peers.preview(draft, at: peer, for: context)
            preview = said
            state = said.documents == 0 ? .none : .answered(said.documents)
        } catch where error.code == .notFound {
            state = .skipped(.notOffered)
        } catch {
            logger.info(
                "a community does not say what a directive would change",
                metadata: ["peer.community": "\(peer.community)", "error": "\(error.message)"])
            state = Self.gap(error)
        }
        return CommunityPreview(
            answer: CommunityAnswer(
                community: peer.community, name: peer.name, state: state, elapsed: world.uptime() - started),
            preview: preview)
    }
}
