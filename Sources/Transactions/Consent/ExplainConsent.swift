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
            let meant = facts.documents.filter { document == nil || $0.facts.id == document }
            guard document == nil || !meant.isEmpty else {
                throw ExchangeError(.notFound, "the patient has no such document here; see hie document find")
            }
            let consent = facts.consent.compiled(policy: settings.consentDefault, treating: settings.treating, now: world.now())
            let explained = meant.map {
                ExplainedDocument(
                    document: $0.facts, explanation: consent.explain(requester, document: $0.facts, of: $0.patient))
            }
            if let ticket = try await record(told(meant, "explained for user \(requester.user)", facts, to: context)) {
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
            let comparison = ConsentComparison(
                before: facts.consent, after: facts.consent.with(draft), requesters: requesters,
                documents: facts.documents.map { ($0.facts, $0.patient) }, policy: settings.consentDefault,
                treating: settings.treating, now: world.now())
            if let ticket = try await record(told(facts.documents, "compared with a draft", facts, to: context)) {
                return (comparison, facts.documents.map(\.facts), ticket)
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

    /// One entry for the record that was named, and one for each other of the person whose documents were told of.
    private func told(_ documents: [RegisteredDocument], _ what: String, _ facts: PatientFacts, to context: AccessContext)
        -> [AccessEntry]
    {
        facts.consent.records.compactMap { record in
            let own = documents.filter { $0.patient == record }
            guard !own.isEmpty || record == facts.patient else { return nil }
            let access = AccessRecord(
                transaction: "consent", context: context, factsPosition: facts.position, together: facts.together,
                decisions: [.init(documents: own.map(\.facts.id), isPermitted: true, rules: ["metadata only, " + what])])
            return AccessEntry(about: record, access: access, facts: facts)
        }
    }

    static let consentMoves = ExchangeError(.unavailable, "the patient's consent keeps changing; ask again")
}
