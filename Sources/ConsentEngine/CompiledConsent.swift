package import ExchangeCore

/// One patient's directives and the community's default, made ready for judging many documents.
package struct CompiledConsent: Sendable {
    /// Compiles what is in force at a moment.
    package init(_ directives: [ConsentDirective], policy: ConsentPolicyDefault, now: Timestamp) {}

    /// Judges one document for one requester; total, and denies on doubt.
    package func decide(_ request: AccessContext, document: DocumentFacts) -> ConsentDecision {
        ConsentDecision(.deny, rules: [])
    }
}

/// The judge of promise 2: may they see it? Pure, total, denies on doubt.
package enum ConsentEvaluator {
    /// Judges one document; for many of one patient, compile once (`CompiledConsent`).
    package static func decide(
        _ request: AccessContext, document: DocumentFacts, directives: [ConsentDirective],
        policy: ConsentPolicyDefault, now: Timestamp,
    ) -> ConsentDecision {
        CompiledConsent(directives, policy: policy, now: now).decide(request, document: document)
    }
}
