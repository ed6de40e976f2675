import ConsentEngine
import ExchangeCore
import JSON
import Journal
import PatientIndex

extension Exchange {
    /// ITI-108: records a directive, new or in place of one with the same id.
    ///
    /// Returns once the entry is durable *and* no answer that it overtook can still send a byte (promise 2): answers
    /// about the patient under way are waited for, and cut after `drainSecondsMax`.
    package func recordConsent(_ directive: ConsentDirective, for context: AccessContext) async throws(ExchangeError) {
        guard context.door != .peer else {
            throw ExchangeError(.forbidden, "consent is recorded at the facility that holds the documents")
        }
        guard try await read({ try await projection.patient(directive.patient) }) != nil else {
            throw ExchangeError(.unknownPatient, "no patient of that id is registered here; see hie patient find")
        }
        _ = try await journal.append(
            EntryDraft(
                kind: .consent, subject: directive.patient,
                payload: JSONWriter.bytes(.object(ConsentMapping.json(directive))), value: directive))
        await answers.drain(
            directive.patient, atMost: .seconds(settings.limits.drainSecondsMax), world: world)
    }

    /// Revokes a directive: it stays recorded and counts no more. Safe to repeat. `.notFound` when there is none.
    package func revokeConsent(_ id: DirectiveID, for context: AccessContext) async throws(ExchangeError)
        -> ConsentDirective
    {
        guard var directive = try await read({ try await projection.directive(id) }) else {
            throw ExchangeError(.notFound, "no consent directive of that id is recorded here; see hie consent list")
        }
        guard directive.status == .active else { return directive }
        directive.status = .inactive
        directive.recorded = world.now()
        try await recordConsent(directive, for: context)
        return directive
    }

    /// Every directive recorded for a patient, revoked ones included, newest first; for the administrator.
    package func consents(of patient: PatientID) async throws(ExchangeError) -> [ConsentDirective] {
        try await read { try await projection.directives(of: patient).directives }
            .sorted { ($1.recorded, $1.id) < ($0.recorded, $0.id) }
    }
}
