import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Journal
import XDSMetadata

/// What would be decided about one document, and why.
package struct ExplainedDocument: Sendable {
    /// What consent judges of it.
    package let document: DocumentFacts
    /// The decision, its rules in sentences, and what would change it.
    package let explanation: ConsentExplanation
}

extension Exchange {
    /// What each of a patient's documents here would be to a requester, and why: the evaluator that enforces.
    ///
    /// That it was explained, and to whom, stands in the patient's access log.
    /// - Parameters:
    ///   - document: only this one; `.notFound` when the patient has none of that id.
    ///   - requester: who is supposed to ask.
    package func explainConsent(
        of patient: PatientID, document: DocumentID? = nil, to requester: AccessContext, for context: AccessContext,
    ) async throws(ExchangeError) -> (documents: [ExplainedDocument], ticket: AnswersUnderWay.Ticket) {
        try ConsentAuthority.demand(context)
        for _ in 0..<settings.limits.decisionsMax {
            let facts = try await facts(of: patient)
            let meant = facts.documents.map(\.facts).filter { document == nil || $0.id == document }
            guard document == nil || !meant.isEmpty else {
                throw ExchangeError(.notFound, "the patient has no such document here; see hie document find")
            }
            let consent = facts.consent.compiled(policy: settings.consentDefault, now: world.now())
            let explained = meant.map {
                ExplainedDocument(document: $0, explanation: consent.explain(requester, document: $0))
            }
            if let (_, ticket) = try await record(
                told(meant, "explained for user \(requester.user)", facts, to: context), about: patient,
                at: facts.position)
            {
                return (explained, ticket)
            }
        }
        throw Self.consentMoves
    }

    /// What each requester would gain and lose if a directive were recorded; nothing is recorded but that it was asked.
    ///
    /// A draft with the id of one of the patient's directives takes its place, any other stands beside them.
    package func compareConsent(
        of patient: PatientID, with draft: ConsentDirective, requesters: [AccessContext], for context: AccessContext,
    ) async throws(ExchangeError) -> (
        comparison: ConsentComparison, documents: [DocumentFacts], ticket: AnswersUnderWay.Ticket
    ) {
        try ConsentAuthority.demand(context)
        for _ in 0..<settings.limits.decisionsMax {
            let facts = try await facts(of: patient)
            let documents = facts.documents.map(\.facts)
            let comparison = ConsentComparison(
                before: facts.directives, after: facts.directives.filter { $0.id != draft.id } + [draft],
                requesters: requesters, documents: documents, policy: settings.consentDefault, now: world.now())
            if let (_, ticket) = try await record(
                told(documents, "compared with a draft", facts, to: context), about: patient, at: facts.position)
            {
                return (comparison, documents, ticket)
            }
        }
        throw Self.consentMoves
    }

    /// The directive a Consent would be, checked like one to be recorded; its own id when that is one of the patient's.
    package func draftConsent(_ consent: JSONObject, patient named: PatientID? = nil, for context: AccessContext)
        async throws(ExchangeError) -> ConsentDirective
    {
        try ConsentAuthority.demand(context)
        let patient = try await patient(of: consent, named: named)
        var random = world.random
        var now = world.now()
        var id = DirectiveID.ordered(at: now, using: &random)
        var version = 1
        if let text = consent["id"]?.string, let known = DirectiveID(text),
            let last = try await versions(of: known).first, last.directive.patient == patient
        {
            id = known
            version = last.number + 1
            now = max(now, Timestamp(milliseconds: last.recorded.milliseconds + 1))
        }
        return try directive(of: consent, id: id, patient: patient, recorded: now, version: version)
    }

    func facts(of patient: PatientID) async throws(ExchangeError) -> PatientFacts {
        let facts = try await read { try await projection.facts(about: patient, matching: DocumentQuery()) }
        guard facts.patient != nil else { throw Self.unknownPatient }
        return facts
    }

    private func told(_ documents: [DocumentFacts], _ what: String, _ facts: PatientFacts, to context: AccessContext)
        -> AccessRecord
    {
        AccessRecord(
            transaction: "consent", context: context, factsPosition: facts.position,
            decisions: [.init(documents: documents.map(\.id), isPermitted: true, rules: ["metadata only, " + what])])
    }

    static let consentMoves = ExchangeError(.unavailable, "the patient's consent keeps changing; ask again")
}
