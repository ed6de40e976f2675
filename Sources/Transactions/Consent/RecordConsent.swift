import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Journal
import PatientIndex

/// What came of a change that names the version it changes.
package enum ConsentUpdate: Sendable {
    /// It is recorded.
    case recorded(ConsentVersion)
    /// The directive has another version by now, this one; nothing was changed.
    case stale(current: Int)
}

extension Exchange {
    /// ITI-108: records a directive, new or in place of one with the same id.
    ///
    /// Returns once the entry is durable *and* no answer that it overtook can still send a byte (promise 2): answers
    /// about the patient under way are waited for, and cut after `drainSecondsMax`; communities that were shown documents
    /// and may be passing them on have sent their receipt, or their question is over.
    package func recordConsent(_ directive: ConsentDirective, for context: AccessContext) async throws(ExchangeError) {
        guard context.door != .peer else {
            throw ExchangeError(.forbidden, "consent is recorded at the facility that holds the documents")
        }
        guard try await read({ try await projection.patient(directive.patient) }) != nil else {
            throw Self.unknownPatient
        }
        _ = try await alone(directive.id) { () async throws(ExchangeError) in
            let last = try await versions(of: directive.id).first?.number ?? 0
            var next = directive
            next.version = last + 1
            return try await journal(next, as: ConsentMapping.json(next), for: context)
        }
    }

    /// ITI-108 create: records a FHIR Consent as version 1 of a new directive.
    ///
    /// - Parameter patient: whose it is, when the caller resolved it; nil takes the Consent's own reference.
    /// - Throws: `.forbidden` for a caller who may not, `.unknownPatient`, and `.badRequest` naming the element that
    ///   cannot be enforced; nothing was changed then.
    package func createConsent(_ consent: JSONObject, patient: PatientID? = nil, for context: AccessContext)
        async throws(ExchangeError) -> ConsentVersion
    {
        try ConsentAuthority.demand(context)
        var random = world.random
        let now = world.now()
        let patient = try await self.patient(of: consent, named: patient)
        let directive = try directive(
            of: consent, id: .ordered(at: now, using: &random), patient: patient, recorded: now, version: 1)
        return try await journal(directive, as: consent, for: context)
    }

    /// ITI-108 update: records a FHIR Consent as the next version of a directive, if it still has the version named.
    ///
    /// Of two that name the same version at once exactly one is recorded: the other gets `.conflict` or `.stale`.
    /// - Throws: as `createConsent`; `.notFound` when there is no such directive; `.badRequest` for another patient.
    package func updateConsent(
        _ id: DirectiveID, to consent: JSONObject, from version: Int, for context: AccessContext,
    ) async throws(ExchangeError) -> ConsentUpdate {
        try ConsentAuthority.demand(context)
        return try await alone(id) { () async throws(ExchangeError) in
            guard let last = try await versions(of: id).first else { throw Self.unknownConsent }
            try demandOwn(last.directive)
            guard last.number == version else { return .stale(current: last.number) }
            guard try await patient(of: consent, named: nil) == last.directive.patient else {
                throw ExchangeError(
                    .badRequest, "a directive stays with its patient; record another", at: "Consent.patient")
            }
            let directive = try directive(
                of: consent, id: id, patient: last.directive.patient, recorded: later(than: last),
                version: version + 1)
            return .recorded(try await journal(directive, as: consent, for: context))
        }
    }

    /// Revokes a directive: it stays recorded and counts no more. Safe to repeat. `.notFound` when there is none.
    package func revokeConsent(_ id: DirectiveID, for context: AccessContext) async throws(ExchangeError)
        -> ConsentVersion
    {
        try ConsentAuthority.demand(context)
        return try await alone(id) { () async throws(ExchangeError) in
            guard let last = try await versions(of: id).first else { throw Self.unknownConsent }
            try demandOwn(last.directive)
            guard last.directive.status == .active else { return last }
            var directive = last.directive
            directive.status = .inactive
            directive.recorded = later(than: last)
            directive.version = last.number + 1
            var consent = try last.json
            consent["status"] = "inactive"
            return try await journal(directive, as: consent, for: context)
        }
    }

    /// Every version of a directive, newest first; empty when there is none of that id.
    package func versions(of id: DirectiveID) async throws(ExchangeError) -> [ConsentVersion] {
        try await read { try await projection.versions(of: id) }
    }

    /// Another community's directive is changed there, as long as that community takes part.
    private func demandOwn(_ directive: ConsentDirective) throws(ExchangeError) {
        guard let origin = directive.origin?.community,
            directory.neighbours(at: world.now()).contains(where: { $0.community == origin })
        else { return }
        throw ExchangeError(.conflict, "this directive was recorded by \(origin.urn); it is changed and revoked there")
    }

    static let unknownPatient = ExchangeError(
        .unknownPatient, "no patient of that id is registered here; see hie patient find", at: "Consent.patient")
    static let unknownConsent = ExchangeError(
        .notFound, "no consent directive of that id is recorded here; see hie consent list")

    /// Runs a change of one directive while nobody else changes it; `.conflict` when somebody does.
    private func alone<Value: Sendable>(
        _ id: DirectiveID, _ change: () async throws(ExchangeError) -> Value,
    ) async throws(ExchangeError) -> Value {
        let held = ["consent \(id)"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "somebody else is changing this directive right now; read it again")
        }
        defer { submissions.end(held) }
        return try await change()
    }

    /// A time for the next version: never before the last one's, whatever the clock says.
    private func later(than last: ConsentVersion) -> Timestamp {
        max(world.now(), Timestamp(milliseconds: last.directive.recorded.milliseconds + 1))
    }

    /// The registered patient a Consent is about.
    func patient(of consent: JSONObject, named: PatientID?) async throws(ExchangeError) -> PatientID {
        let id: PatientID
        if let named {
            id = named
        } else {
            id = try await referredPatient(consent)
        }
        guard try await read({ try await projection.patient(id) }) != nil else { throw Self.unknownPatient }
        return id
    }

    private func referredPatient(_ consent: JSONObject) async throws(ExchangeError) -> PatientID {
        let reference = ConsentMapping.patientReference(consent)
        if let identifier = reference?.identifier, reference?.reference == nil {
            let found = try await activePatients(identifier: identifier)
            guard let first = found.first, found.count == 1 else { throw Self.unknownPatient }
            return first.id
        }
        switch reference?.target {
        case .relative("Patient", let text)?:
            guard let id = PatientID(text) else { throw Self.unknownPatient }
            return id
        case .absolute(let base, "Patient", let text)? where base == settings.clientBase:
            guard let id = PatientID(text) else { throw Self.unknownPatient }
            return id
        default:
            throw ExchangeError(.badRequest, "name the patient as Patient/id or by identifier", at: "Consent.patient")
        }
    }

    func directive(
        of consent: JSONObject, id: DirectiveID, patient: PatientID, recorded: Timestamp, version: Int,
    ) throws(ExchangeError) -> ConsentDirective {
        try DirectiveRules.check(sourceOf: consent)
        var directive = try ConsentMapping.directive(
            recording: consent, id: id, patient: patient, recorded: recorded, version: version)
        try DirectiveRules.check(directive, now: recorded)
        directive.origin = nil
        return directive
    }

    /// Writes one version and waits until no answer that it overtook can still send a byte.
    func journal(
        _ directive: ConsentDirective, as consent: JSONObject, for context: AccessContext,
    ) async throws(ExchangeError) -> ConsentVersion {
        let payload = JSONWriter.bytes(
            .object(ConsentStamp.stamped(consent, as: directive, by: context)))
        try DirectiveRules.check(size: payload.count)
        let receipt = try await journal.append(
            EntryDraft(kind: .consent, subject: directive.patient, payload: payload, value: directive))
        if directive.origin == nil { following.recorded(directive.id) }
        await answers.drain(
            [directive.patient], atMost: .seconds(settings.limits.drainSecondsMax), world: world)
        if directive.origin == nil { await heardByWhomWasShown(directive) }
        return ConsentVersion(
            directive: directive, number: directive.version, resource: payload, position: receipt.position)
    }

    /// Waits for the receipts of the communities that were shown the patient's documents a moment ago.
    ///
    /// They may be passing them on to their own users: a receipt says that nothing the directive forbids leaves there any
    /// more. Who cannot be reached is waited for until its question is over.
    private func heardByWhomWasShown(_ directive: ConsentDirective) async {
        while following.isRunning {
            let open = answers.passingOn(directive.patient, now: world.uptime())
            guard !open.isEmpty else { return }
            let deliveries = (try? await projection.deliveries(of: directive.id)) ?? []
            let heard = Set(deliveries.filter { $0.version >= directive.version }.map(\.community))
            guard !open.keys.allSatisfy(heard.contains), (try? await world.sleep(.milliseconds(20))) != nil else { return }
        }
    }
}
