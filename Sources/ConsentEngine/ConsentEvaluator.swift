import ExchangeCore

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
