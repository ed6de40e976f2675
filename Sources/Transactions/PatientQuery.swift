import ConsentEngine
import ExchangeCore
import Journal
import PatientIndex
import XDSMetadata

/// Patients found, each with how sure the index is; every one has its journal entry.
package struct FoundPatients: Sendable {
    /// Matches, best first.
    package let matches: [MatchResult]
    /// Whether several people could be meant, so that none is named.
    package var isAmbiguous = false
    /// Names of attributes that would help to tell them apart; may be empty even then.
    package var needs: [String] = []
    /// To be ended when the answer has left.
    package let tickets: [AnswersUnderWay.Ticket]

    /// Nobody found, or nobody who may be known.
    static let nobody = FoundPatients(matches: [], tickets: [])
}

/// Persons that a question may be about.
package struct FoundPersons: Sendable {
    /// One of them.
    package struct Person: Sendable {
        /// The person.
        package let id: PersonID
        /// What may be done with it.
        package let grade: MatchGrade
        /// The score, field by field.
        package let explanation: MatchScore
        /// The line of the policy's table.
        package let rule: PolicyRule
        /// Its records, active or not, in order of arrival.
        package let records: [PatientID]

        /// The probability, 0 to 1.
        package var score: Double { explanation.probability }
    }

    /// At least possible, best first.
    package let persons: [Person]
    /// Whether several pass that cannot be told apart.
    package let isAmbiguous: Bool
}

extension Exchange {
    /// ITI-119 Patient Demographics Match: who may this be?
    ///
    /// `onlyCertain` with several candidates that cannot be shown to be one person is empty, with `needs` filled.
    /// What consent hides from the requester is as absent as what does not exist.
    package func matchPatients(
        _ demographics: Demographics, identifiers: [PatientIdentifier], onlyCertain: Bool, limit: Int,
        for context: AccessContext,
    ) async throws(ExchangeError) -> FoundPatients {
        try await admit(context)
        let answer = try await lookUp(demographics, identifiers: identifiers)
        if onlyCertain {
            let records = answer.matches.filter { $0.grade == .certain }
            if !records.isEmpty {
                if context.door == .peer {
                    for match in records { following.asked(context.community, about: match.record.id) }
                }
                // Another community asks on with one record; a client sees every record of the person.
                let several = context.door == .peer ? Array(records.prefix(1)) : records
                return try await self.answer(try await visible(several, for: context), transaction: "ITI-119", for: context)
            }
            guard answer.isAmbiguous || answer.matches.contains(where: { $0.grade == .probable }) else { return .nobody }
            // Said only when somebody who may be known is among them: else the hidden would show by their number.
            guard try await !visible(answer.matches, for: context).isEmpty else { return .nobody }
            return FoundPatients(
                matches: [], isAmbiguous: true, needs: Self.missingAttributes(demographics), tickets: [])
        }
        let ranked = try await visible(answer.matches, for: context)
        let count = min(max(limit, 1), settings.limits.patientsPerSearchMax)
        return try await self.answer(Array(ranked.prefix(count)), transaction: "ITI-119", for: context)
    }

    /// Everybody who is at least possible, record by record, best person first.
    ///
    /// Everybody, hidden or not: a namesake that consent hides must not make another look certain. Whatever the node
    /// links its own registrations by, who asks is answered by the strict policy.
    func lookUp(_ demographics: Demographics, identifiers: [PatientIdentifier]) async throws(ExchangeError)
        -> (matches: [MatchResult], isAmbiguous: Bool)
    {
        let found = try await desk.lookUp(PackedRecord(demographics, identifiers: identifiers))
        var matches: [MatchResult] = []
        for person in found.persons.prefix(settings.limits.matchCandidatesMax) {
            for id in person.records {
                guard let record = try await read({ try await projection.patient(id) }), record.isActive else { continue }
                matches.append(
                    MatchResult(record: record, grade: person.grade, score: person.score, explanation: person.explanation))
            }
        }
        return (matches, found.isAmbiguous)
    }

    /// What the question left out and matching could use (XCPD case 3), in the words of FHIR's Patient.
    private static func missingAttributes(_ demographics: Demographics) -> [String] {
        var missing: [String] = []
        if demographics.birthDate == nil { missing.append("birthDate") }
        if demographics.sex == nil { missing.append("gender") }
        if demographics.addresses.isEmpty { missing.append("address") }
        if demographics.phones.isEmpty && demographics.emails.isEmpty { missing.append("telecom") }
        return missing
    }

    /// ITI-78 by identifier, and the read of a patient by it: exact, no guess.
    package func findPatients(identifier: PatientIdentifier, for context: AccessContext) async throws(ExchangeError)
        -> FoundPatients
    {
        try await admit(context)
        let found = try await read { try await projection.patients(identifier: identifier) }
        let known = try await visible(found.filter(\.isActive).map(Self.exact), for: context)
        return try await answer(known, transaction: "ITI-78", for: context)
    }

    /// Reads one patient by this node's id; an empty answer when there is none or consent hides it.
    package func findPatient(_ id: PatientID, for context: AccessContext) async throws(ExchangeError) -> FoundPatients {
        try await admit(context)
        guard let found = try await read({ try await projection.patient(id) }) else {
            return .nobody
        }
        return try await answer(visible([Self.exact(found)], for: context), transaction: "ITI-78", for: context)
    }

    /// Leaves out whom the requester may not know to be a patient here.
    ///
    /// A facility's own staff may look up its own patients (purpose demanded). For another community, that somebody is a
    /// patient here is itself patient data: it is judged as a document with no attributes of its own, normally labelled.
    private func visible(_ matches: [MatchResult], for context: AccessContext) async throws(ExchangeError)
        -> [MatchResult]
    {
        guard context.door == .peer else { return matches }
        var visible: [MatchResult] = []
        for match in matches where try await isKnowable(match.record.id, for: context) { visible.append(match) }
        return visible
    }

    private static func exact(_ patient: PatientRecord) -> MatchResult {
        MatchResult(record: patient, grade: .certain, score: 1, explanation: MatchScore(fields: []))
    }

    /// - Parameter origin: a community whose own statements do not count, as when it asks what became of one.
    func isKnowable(_ patient: PatientID, for context: AccessContext, without origin: CommunityID? = nil)
        async throws(ExchangeError) -> Bool
    {
        let directives = try await read { try await projection.directives(of: patient).directives }
            .filter { origin == nil || $0.origin?.community != origin }
        let consent = CompiledConsent(directives, policy: settings.consentDefault, now: world.now())
        var random = world.random
        let existence = DocumentFacts(
            id: .random(using: &random), labels: SecurityLabels(confidentiality: .normal), home: settings.community)
        return consent.decide(context, document: existence).isPermitted
    }

    /// One journal entry for every patient in the answer (BALP: a result about several patients is one event each).
    private func answer(_ matches: [MatchResult], transaction: String, for context: AccessContext)
        async throws(ExchangeError) -> FoundPatients
    {
        try demandTime(context)
        var tickets: [AnswersUnderWay.Ticket] = []
        var shown: [MatchResult] = []
        for match in matches {
            let (_, position) = try await read { try await projection.directives(of: match.record.id) }
            if context.door == .peer, try await !isKnowable(match.record.id, for: context) { continue }
            let access = AccessRecord(
                transaction: transaction, context: context, factsPosition: position, decisions: [],
                policy: settings.consentDefault.rawValue, decided: world.now())
            // Consent that changed in between hides the patient rather than risk showing one: the requester may ask again.
            guard let (_, ticket) = try await record(access, about: match.record.id, at: position) else { continue }
            tickets.append(ticket)
            shown.append(match)
        }
        return FoundPatients(matches: shown, tickets: tickets)
    }
}
