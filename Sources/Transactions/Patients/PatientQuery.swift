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
    /// How many a search found; more than `matches` where this is one page.
    package var total: Int?
    /// To be ended when the answer has left.
    package let tickets: [AnswersUnderWay.Ticket]
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
        try await admit(context, to: Permissions.findPatients)
        // What no registration holds is no question either; an impossible date would be compared like another.
        try RegistrationRules.check(identifiers, demographics, now: world.now())
        if context.door == .peer {
            try discovery.count(
                DiscoveryBudget.person(demographics, identifiers), for: context, limits: settings.limits,
                now: world.uptime())
            // Too little to tell people apart by: said of the question, whoever is here.
            guard DecidingAttributes.weight(of: demographics, identifiers: identifiers) >= DecidingAttributes.weightMin else {
                return try await unclear(demographics, identifiers, for: context)
            }
        }
        let answer = try await lookUp(demographics, identifiers: identifiers)
        // Another community gets the one person it can only mean, or nobody.
        guard onlyCertain || context.door == .peer else {
            let count = min(max(limit, 1), settings.limits.patientsPerSearchMax)
            return try await self.answer(Array(answer.matches.prefix(count)), transaction: "ITI-119", for: context)
        }
        let records = answer.matches.filter { $0.grade == .certain }
        if !records.isEmpty {
            if context.door == .peer {
                for match in records { following.asked(context.community, about: match.record.id) }
            }
            // Another community asks on with one record, and is shown those of all; a client sees every record of the person.
            let known = try await visible(records, for: context)
            let shown = context.door == .peer ? Array(known.prefix(1)) : known
            return try await self.answer(shown, transaction: "ITI-119", for: context)
        }
        // Said only when somebody who may be known is among them: else the hidden would show by their number.
        guard answer.isAmbiguous || answer.matches.contains(where: { $0.grade == .probable }),
            try await !visible(answer.matches, for: context).isEmpty
        else { return try await self.answer([], transaction: "ITI-119", for: context) }
        return try await unclear(demographics, identifiers, for: context)
    }

    /// Several could be meant, or too little was said: nobody, and what would tell.
    private func unclear(_ demographics: Demographics, _ identifiers: [PatientIdentifier], for context: AccessContext)
        async throws(ExchangeError) -> FoundPatients
    {
        try await recordMiss("ITI-119", context)
        return FoundPatients(
            matches: [], isAmbiguous: true,
            needs: DecidingAttributes.missing(from: demographics, identifiers: identifiers), tickets: [])
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
                    MatchResult(
                        record: record, grade: person.grade, score: person.score, explanation: person.explanation,
                        rule: person.rule, model: found.model))
            }
        }
        return (matches, found.isAmbiguous)
    }

    /// ITI-78 by identifier, and the read of a patient by it: exact, no guess.
    package func findPatients(identifier: PatientIdentifier, for context: AccessContext) async throws(ExchangeError)
        -> FoundPatients
    {
        try await admit(context, to: Permissions.findPatients)
        if context.door == .peer {
            try discovery.count(
                DiscoveryBudget.person(Demographics(), [identifier]), for: context, limits: settings.limits,
                now: world.uptime())
        }
        let found = try await read { try await projection.patients(identifier: identifier) }
        let known = try await visible(found.filter(Self.isListed).map(Self.exact), for: context)
        return try await answer(known, transaction: "ITI-78", for: context)
    }

    /// Reads one patient by this node's id; an empty answer when there is none or consent hides it.
    package func findPatient(_ id: PatientID, for context: AccessContext) async throws(ExchangeError) -> FoundPatients {
        try await admit(context, to: Permissions.findPatients)
        guard let found = try await read({ try await projection.patient(id) }) else {
            return try await answer([], transaction: "ITI-78", for: context)
        }
        return try await answer(visible([Self.exact(found)], for: context), transaction: "ITI-78", for: context)
    }

    /// Records in use, and those that another took the place of, which say so; not those that were withdrawn.
    static func isListed(_ record: PatientRecord) -> Bool { record.isActive || record.survivor != nil }

    /// Leaves out whom the requester may not know to be a patient here.
    ///
    /// A facility's own staff may look up its own patients (purpose demanded). For another community, that somebody is a
    /// patient here is itself patient data: it is judged as a document with no attributes of its own, normally labelled.
    func visible(_ matches: [MatchResult], for context: AccessContext) async throws(ExchangeError)
        -> [MatchResult]
    {
        guard context.door == .peer else { return matches }
        var visible: [MatchResult] = []
        for match in matches where try await isKnowable(match.record.id, for: context) { visible.append(match) }
        return visible
    }

    static func exact(_ patient: PatientRecord) -> MatchResult {
        MatchResult(record: patient, grade: .certain, score: 1, explanation: MatchScore(fields: []))
    }

    /// - Parameter origin: a community whose own statements do not count, as when it asks what became of one.
    func isKnowable(_ patient: PatientID, for context: AccessContext, without origin: CommunityID? = nil)
        async throws(ExchangeError) -> Bool
    {
        isKnowable(patient, try await read { try await projection.standing(of: patient) }, for: context, without: origin)
    }

    private func isKnowable(
        _ patient: PatientID, _ facts: PatientFacts, for context: AccessContext, without origin: CommunityID? = nil,
    ) -> Bool {
        let consent = origin.map { facts.consent.without($0) } ?? facts.consent
        var random = world.random
        let existence = DocumentFacts(
            id: .random(using: &random), labels: SecurityLabels(confidentiality: .normal), home: settings.community)
        return consent.compiled(policy: settings.consentDefault, treating: settings.treating, now: world.now())
            .decide(context, document: existence, of: patient).isPermitted
    }

    /// One journal entry for every patient in the answer (BALP: a result about several patients is one event each), recorded
    /// together: the wait is that of one sync, however many consent lets be seen.
    ///
    /// An answer without anybody has its entry, too: it takes as long, and who asked is known (T82, T20).
    func answer(_ matches: [MatchResult], transaction: String, for context: AccessContext)
        async throws(ExchangeError) -> FoundPatients
    {
        for _ in 0..<settings.limits.decisionsMax {
            try demandTime(context)
            var shown: [MatchResult] = []
            var entries: [AccessEntry] = []
            for match in matches {
                let facts = try await read { try await projection.standing(of: match.record.id) }
                if context.door == .peer, !isKnowable(match.record.id, facts, for: context) { continue }
                shown.append(match)
                entries.append(
                    AccessEntry(
                        about: match.record.id,
                        access: AccessRecord(
                            transaction: transaction, context: context, factsPosition: facts.position,
                            together: facts.together, decisions: [], policy: settings.consentDefault.rawValue,
                            treating: settings.treating, decided: world.now()), facts: facts))
            }
            guard !entries.isEmpty else {
                try await recordMiss(transaction, context)
                return FoundPatients(matches: [], tickets: [])
            }
            if let ticket = try await record(entries) { return FoundPatients(matches: shown, tickets: [ticket]) }
        }
        throw Self.consentMoves
    }
}
