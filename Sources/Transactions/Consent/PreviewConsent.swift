import ConsentEngine
import ExchangeCore
import PatientIndex
import Trust

/// A preview on its way to the community that asked.
package struct AnsweredPreview: Sendable {
    /// What is said.
    package let preview: ConsentPreview
    /// To be ended when it has left.
    package let tickets: [AnswersUnderWay.Ticket]
}

extension Exchange {
    /// Says what another community's draft would change here, in numbers (POST `/consent-statements/preview`).
    ///
    /// It is judged as the statement it might become, by the evaluator that enforces. Only documents count that the
    /// community which asks may be shown at present: whom consent hides from it is nobody here, as in every answer.
    /// Throws `.forbidden`, before anybody is looked up, when it does not say that its consent office asks.
    package func previewConsent(_ draft: ConsentDraft, for context: AccessContext) async throws(ExchangeError)
        -> AnsweredPreview
    {
        try ConsentAuthority.demandAbroad(context)
        let patients = try await certainRecords(draft.subject).sorted()
        var total = 0
        var changes = [ConsentPreview.Change](
            repeating: .init(gained: 0, lost: 0, permitted: 0), count: draft.askers.count)
        var tickets: [AnswersUnderWay.Ticket] = []
        do throws(ExchangeError) {
            for patient in patients {
                guard let (found, ticket) = try await compare(draft, about: patient, for: context) else { continue }
                tickets.append(ticket)
                total += found.documents
                changes = zip(changes, found.changes).map {
                    .init(
                        gained: $0.gained + $1.gained, lost: $0.lost + $1.lost, permitted: $0.permitted + $1.permitted)
                }
            }
            // A miss takes as long as what consent hides (T82).
            if tickets.isEmpty { try await recordMiss("consent preview", context) }
        } catch {
            for ticket in tickets { ticket.end() }
            throw error
        }
        return AnsweredPreview(preview: ConsentPreview(documents: total, changes: changes), tickets: tickets)
    }

    /// The comparison for one record; nil when nothing of it may be shown to the community that asks.
    private func compare(_ draft: ConsentDraft, about patient: PatientID, for context: AccessContext)
        async throws(ExchangeError) -> (preview: ConsentPreview, ticket: AnswersUnderWay.Ticket)?
    {
        for _ in 0..<settings.limits.decisionsMax {
            let facts = try await facts(of: patient)
            let now = world.now()
            let before = facts.consent.compiled(policy: settings.consentDefault, treating: settings.treating, now: now)
            let directive = try draftDirective(draft, patient, from: context.community)
            let after = facts.consent.with(directive).compiled(policy: settings.consentDefault, treating: settings.treating, now: now)
            // The person's other records are asked about on their own.
            let documents = facts.ownDocuments
            var shown: Set<DocumentID> = []
            let changes = draft.askers.map { asker -> ConsentPreview.Change in
                let visible = visible(documents, to: asker, before, context)
                shown.formUnion(visible.map(\.facts.id))
                return Self.change(for: requester(asker, context), of: visible, before, after)
            }
            guard !shown.isEmpty else { return nil }
            let access = AccessRecord(
                transaction: "consent preview", context: context, factsPosition: facts.position,
                decisions: [
                    .init(
                        documents: shown.sorted(), isPermitted: true, rules: ["numbers only, compared with a draft"])
                ])
            if let ticket = try await record(access, about: patient, on: facts) {
                return (ConsentPreview(documents: shown.count, changes: changes), ticket)
            }
        }
        throw Self.consentMoves
    }

    /// What the community that asks may be shown now, in the asker's role and for their purpose.
    private func visible(
        _ documents: [RegisteredDocument], to asker: ConsentDraft.Asker, _ consent: CompiledPersonConsent,
        _ context: AccessContext,
    ) -> [RegisteredDocument] {
        let itself = AccessContext(
            door: .peer, user: "", role: asker.role, organization: context.community.urn, community: context.community,
            purpose: asker.purpose, deadline: context.deadline, traceID: context.traceID)
        return documents.filter { consent.decide(itself, document: $0.facts, of: $0.patient).isPermitted }
    }

    private func requester(_ asker: ConsentDraft.Asker, _ context: AccessContext) -> AccessContext {
        AccessContext(
            door: asker.community == settings.community ? .client : .peer, user: "", role: asker.role,
            organization: asker.organization, community: asker.community, purpose: asker.purpose,
            deadline: context.deadline, traceID: context.traceID)
    }

    private static func change(
        for requester: AccessContext, of documents: [RegisteredDocument], _ before: CompiledPersonConsent,
        _ after: CompiledPersonConsent,
    ) -> ConsentPreview.Change {
        let pairs = documents.map { document in
            (
                was: before.decide(requester, document: document.facts, of: document.patient).isPermitted,
                becomes: after.decide(requester, document: document.facts, of: document.patient).isPermitted
            )
        }
        return .init(
            gained: pairs.count { !$0.was && $0.becomes }, lost: pairs.count { $0.was && !$0.becomes },
            permitted: pairs.count(where: \.becomes))
    }

    /// The draft as the directive its statement would become here.
    private func draftDirective(_ draft: ConsentDraft, _ patient: PatientID, from community: CommunityID)
        throws(ExchangeError) -> ConsentDirective
    {
        var random = world.random
        let statement = ConsentStatement(
            issuer: community, audience: settings.community, issued: world.now(),
            directive: draft.directive ?? .ordered(at: world.now(), using: &random), version: 1, consent: draft.consent,
            subject: draft.subject)
        var directive = try directive(statement, patient)
        // As if it were signed this moment: newer than all that stands.
        directive.recorded = world.now()
        return directive
    }
}
