import ConsentEngine
import ExchangeCore
import JSON
import Journal
import PatientIndex
import XDSMetadata

/// A search for directives as understood (ITI-108): of one patient, or by id.
package struct ConsentQuery: Sendable {
    /// Whose.
    package var patient: PatientID?
    /// Which; empty is any.
    package var ids: [DirectiveID] = []
    /// FHIR's words for the status; empty is any.
    package var statuses: [String] = []
    /// Whom a provision must name, as references or `system|value`; empty is anybody.
    package var actors: [String] = []
    /// When the newest version was recorded.
    package var updated: [DateFilter] = []

    /// A search for everything.
    package init() {}

    /// Whether a version is meant.
    func matches(_ version: ConsentVersion) throws(ExchangeError) -> Bool {
        if let patient, version.directive.patient != patient { return false }
        if !ids.isEmpty, !ids.contains(version.directive.id) { return false }
        guard updated.hold(at: version.directive.recorded) else { return false }
        guard !statuses.isEmpty || !actors.isEmpty else { return true }
        let consent = try version.json
        if !statuses.isEmpty, !(consent["status"]?.string.map(statuses.contains) ?? false) { return false }
        return actors.isEmpty || Self.names(in: consent["provision"]).contains { actors.contains($0) }
    }

    /// Every way a provision and its exceptions name their actors.
    private static func names(in provision: JSONValue?) -> [String] {
        let provisions = [provision].compactMap { $0 } + (provision?["provision"]?.items ?? [])
        return provisions.flatMap { $0["actor"]?.items ?? [] }.flatMap { actor -> [String] in
            var names: [String] = []
            if let text = actor["reference"]?["reference"]?.string {
                names.append(text)
                let parts = text.split(separator: "/")
                if parts.count > 2 { names.append(parts.suffix(2).joined(separator: "/")) }
                if let last = parts.last { names.append(String(last)) }
            }
            let identifier = actor["reference"]?["identifier"]
            if let value = identifier?["value"]?.string {
                names += [(identifier?["system"]?.string ?? "") + "|" + value, value]
            }
            return names
        }
    }
}

/// Directives on their way to who asked for them; each patient's disclosure stands in the journal.
package struct FoundConsents: Sendable {
    /// The versions meant, newest first.
    package let versions: [ConsentVersion]
    /// To be ended when the answer has left.
    package let tickets: [AnswersUnderWay.Ticket]
}

extension Exchange {
    /// ITI-108 search: the newest version of each directive meant, newest first; empty for a patient unknown here.
    package func findConsents(_ query: ConsentQuery, for context: AccessContext) async throws(ExchangeError)
        -> FoundConsents
    {
        try ConsentAuthority.demand(context)
        var patients: Set<PatientID> = []
        if let patient = query.patient {
            patients = [patient]
        } else {
            for id in query.ids.prefix(64) {
                if let version = try await versions(of: id).first { patients.insert(version.directive.patient) }
            }
        }
        var found: [ConsentVersion] = []
        var tickets: [AnswersUnderWay.Ticket] = []
        for patient in patients.sorted() {
            guard try await read({ try await projection.patient(patient) }) != nil else { continue }
            let (versions, ticket) = try await shown(of: patient, for: context) { versions throws(ExchangeError) in
                var meant: [ConsentVersion] = []
                for version in versions where try query.matches(version) { meant.append(version) }
                return meant
            }
            found += versions
            tickets.append(ticket)
        }
        return FoundConsents(versions: found.sorted(by: Self.isNewer), tickets: tickets)
    }

    /// ITI-108 read and vread: one version of a directive, the newest when none is named. `.notFound` when there is none.
    package func readConsent(_ id: DirectiveID, version number: Int? = nil, for context: AccessContext)
        async throws(ExchangeError) -> FoundConsents
    {
        let history = try await consentHistory(id, for: context)
        let wanted = number.map { number in history.versions.first { $0.number == number } } ?? history.versions.first
        guard let wanted else {
            for ticket in history.tickets { ticket.end() }
            throw Self.unknownConsent
        }
        return FoundConsents(versions: [wanted], tickets: history.tickets)
    }

    /// ITI-108 history: every version of a directive, newest first. `.notFound` when there is none.
    package func consentHistory(_ id: DirectiveID, for context: AccessContext) async throws(ExchangeError)
        -> FoundConsents
    {
        try ConsentAuthority.demand(context)
        guard let patient = try await versions(of: id).first?.directive.patient else { throw Self.unknownConsent }
        let (_, ticket) = try await shown(of: patient, for: context) { versions throws(ExchangeError) in
            versions.filter { $0.directive.id == id }
        }
        do {
            return FoundConsents(versions: try await versions(of: id), tickets: [ticket])
        } catch {
            ticket.end()
            throw error
        }
    }

    /// Every directive recorded for a patient in its newest version, revoked ones included, newest first.
    package func consents(of patient: PatientID) async throws(ExchangeError) -> [ConsentVersion] {
        try await read { try await projection.consents(of: patient).versions }.sorted(by: Self.isNewer)
    }

    private static func isNewer(_ left: ConsentVersion, than right: ConsentVersion) -> Bool {
        (right.directive.recorded, right.directive.id) < (left.directive.recorded, left.directive.id)
    }

    /// Facts, choice, and the entry that says which directives were shown; anew while consent changes under it.
    private func shown(
        of patient: PatientID, for context: AccessContext,
        _ choose: ([ConsentVersion]) throws(ExchangeError) -> [ConsentVersion],
    ) async throws(ExchangeError) -> ([ConsentVersion], AnswersUnderWay.Ticket) {
        for _ in 0..<settings.limits.decisionsMax {
            let facts = try await read { try await projection.standing(of: patient) }
            let versions = try await read { try await projection.consents(of: patient).versions }
            let chosen = try choose(versions)
            let access = AccessRecord(
                transaction: "ITI-108", context: context, factsPosition: facts.position,
                decisions: [
                    .init(
                        documents: [], isPermitted: true,
                        rules: chosen.map { "directive \($0.directive.id) version \($0.number) shown" })
                ])
            if let ticket = try await record(access, about: patient, on: facts) { return (chosen, ticket) }
        }
        throw ExchangeError(.unavailable, "the patient's consent keeps changing; ask again")
    }
}
