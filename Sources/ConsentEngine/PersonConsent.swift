import ExchangeCore

/// What one person has said, at each of the records that are theirs here; read once.
///
/// A document is judged by what stands at its own record and by the community's default. What stands at the person's
/// other records can then deny and never permit: the stricter wins until somebody decides. So no link shows anybody what
/// either record hid before it, and one that was wrong shows nothing of a stranger's.
package struct PersonConsent: Sendable {
    /// What stands at one record.
    package struct Part: Sendable {
        /// The record.
        package let record: PatientID
        /// Its directives.
        package let consent: PatientConsent

        /// A record and its directives.
        package init(_ record: PatientID, _ consent: PatientConsent) {
            self.record = record
            self.consent = consent
        }
    }

    /// The records, in order of arrival.
    package let parts: [Part]

    /// What a person has said, record by record.
    package init(_ parts: [Part]) { self.parts = parts }

    /// Every directive, record by record.
    package var directives: [ConsentDirective] { parts.flatMap(\.consent.directives) }

    /// The records.
    package var records: [PatientID] { parts.map(\.record) }

    /// The same with a directive in the place of the one with its id, or beside the others of its record.
    package func with(_ draft: ConsentDirective) -> PersonConsent {
        PersonConsent(
            parts.map { part in
                guard part.record == draft.patient else { return part }
                return Part(
                    part.record, PatientConsent(
                        part.consent.directives.filter { $0.id != draft.id } + [draft], care: part.consent.care,
                        hasOwnCare: part.consent.hasOwnCare))
            })
    }

    /// The same without what a community stated.
    package func without(_ community: CommunityID) -> PersonConsent {
        PersonConsent(
            parts.map { part in
                Part(
                    part.record,
                    PatientConsent(
                        part.consent.directives.filter { $0.origin?.community != community }, care: part.consent.care,
                        hasOwnCare: part.consent.hasOwnCare))
            })
    }

    /// The directives under a community's default, ready for judging at a moment.
    package func compiled(policy: ConsentPolicyDefault, treating: TreatingPeriod = .usual, now: Timestamp)
        -> CompiledPersonConsent
    {
        CompiledPersonConsent(
            parts.map { .init($0.record, $0.consent.compiled(policy: policy, treating: treating, now: now)) })
    }
}

/// A person's directives ready for judging documents of any of their records.
package struct CompiledPersonConsent: Sendable {
    /// The directives of one record.
    package struct Part: Sendable {
        /// The record.
        package let record: PatientID
        /// Its directives and the community's default.
        package let consent: CompiledConsent

        /// A record and its compiled directives.
        package init(_ record: PatientID, _ consent: CompiledConsent) {
            self.record = record
            self.consent = consent
        }
    }

    /// The records, in order of arrival.
    package let parts: [Part]

    /// A person's directives, record by record.
    package init(_ parts: [Part]) { self.parts = parts }

    /// Judges a document that stands at one of the records; total, and denies on doubt.
    package func decide(_ request: AccessContext, document: DocumentFacts, of record: PatientID) -> ConsentDecision {
        guard let own = parts.first(where: { $0.record == record }) else { return Self.stranger }
        let decision = own.consent.decide(request, document: document)
        guard parts.count > 1, decision.isPermitted else { return decision }
        return objecting(request, document, but: record)?.objection(to: request, document: document) ?? decision
    }

    /// Judges a document like `decide`, with the chain of rules of the record that decided.
    package func explain(_ request: AccessContext, document: DocumentFacts, of record: PatientID) -> ConsentExplanation {
        guard let own = parts.first(where: { $0.record == record }) else {
            return ConsentExplanation(effect: .deny, steps: Self.stranger.rules, wouldChange: [])
        }
        let explanation = own.consent.explain(request, document: document)
        guard explanation.effect == .permit, let other = objecting(request, document, but: record) else {
            return explanation
        }
        let stricter = other.explain(request, document: document)
        return ConsentExplanation(
            effect: .deny,
            steps: explanation.steps + ["another record of the same person is stricter, and decides:"] + stricter.steps,
            wouldChange: stricter.wouldChange + ["if the two records were not one person's: it would be permitted"])
    }

    private func objecting(_ request: AccessContext, _ document: DocumentFacts, but record: PatientID)
        -> CompiledConsent?
    {
        parts.first { $0.record != record && $0.consent.objection(to: request, document: document) != nil }?.consent
    }

    private static let stranger = ConsentDecision(.deny, rules: ["the document is at none of the person's records"])
}

extension CompiledConsent {
    /// What these directives forbid of a document at another record of the same person; nil where they do not speak, or
    /// permit: silence here is no refusal there.
    func objection(to request: AccessContext, document: DocumentFacts) -> ConsentDecision? {
        if rules.contains(where: { $0.failing(request, document) == nil }) {
            let stated = decideAlone(request, document: document)
            if !stated.isPermitted { return stated }
        }
        return denier(request, document)?.decideAlone(request, document: document)
    }
}
