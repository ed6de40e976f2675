import ExchangeCore

/// What each requester would gain and lose by other directives, before they are signed.
///
/// Judged with the evaluator that enforces; pure. A requester is compared over the same documents before and after.
package struct ConsentComparison: Hashable, Sendable {
    /// What changes for one requester; documents in the order they were given.
    package struct Change: Hashable, Sendable {
        /// Who would ask.
        package let requester: AccessContext
        /// Documents permitted after and not before.
        package let gained: [DocumentID]
        /// Documents permitted before and not after.
        package let lost: [DocumentID]
        /// How many are permitted after.
        package let permitted: Int

        /// Whether this requester sees the same as before.
        package var isNone: Bool { gained.isEmpty && lost.isEmpty }
    }

    /// One for each requester, in the order given.
    package let changes: [Change]

    /// Compares two sets of directives of one record at one moment.
    package init(
        before: [ConsentDirective], after: [ConsentDirective], requesters: [AccessContext],
        documents: [DocumentFacts], policy: ConsentPolicyDefault, now: Timestamp,
    ) {
        let old = CompiledConsent(before, policy: policy, now: now)
        let new = CompiledConsent(after, policy: policy, now: now)
        self.init(requesters, documents, { old.decide($0, documents: documents) }, { new.decide($0, documents: documents) })
    }

    /// Compares what a person has said before and after, over documents that stand at their records.
    package init(
        before: PersonConsent, after: PersonConsent, requesters: [AccessContext],
        documents: [(facts: DocumentFacts, record: PatientID)], policy: ConsentPolicyDefault,
        treating: TreatingPeriod = .usual, now: Timestamp,
    ) {
        let old = before.compiled(policy: policy, treating: treating, now: now)
        let new = after.compiled(policy: policy, treating: treating, now: now)
        self.init(
            requesters, documents.map(\.facts),
            { asker in documents.map { old.decide(asker, document: $0.facts, of: $0.record) } },
            { asker in documents.map { new.decide(asker, document: $0.facts, of: $0.record) } })
    }

    private init(
        _ requesters: [AccessContext], _ documents: [DocumentFacts], _ before: (AccessContext) -> [ConsentDecision],
        _ after: (AccessContext) -> [ConsentDecision],
    ) {
        changes = requesters.map { requester in
            let was = before(requester)
            let becomes = after(requester)
            var gained: [DocumentID] = []
            var lost: [DocumentID] = []
            for (index, document) in documents.enumerated() where was[index].effect != becomes[index].effect {
                if becomes[index].isPermitted { gained.append(document.id) } else { lost.append(document.id) }
            }
            return Change(
                requester: requester, gained: gained, lost: lost,
                permitted: becomes.count { $0.isPermitted })
        }
    }
}
