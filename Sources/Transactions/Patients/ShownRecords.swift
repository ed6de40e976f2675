import ExchangeCore
import Journal
import PatientIndex

extension IdentityDesk {
    /// The records of a record's person, in order of arrival; none for a record that is not known.
    package func records(ofPersonOf record: PatientID) async throws(ExchangeError) -> [PatientID] {
        try await read {
            try await projection.persons { snapshot in try snapshot.person(of: record).map(snapshot.members) ?? [] }
        }
    }

    /// Records as whoever holds the folder of a node at rest is shown them; that each was shown is durable before they are seen.
    package func show(_ ids: [PatientID], for context: AccessContext) async throws(ExchangeError) -> [PatientRecord] {
        var shown: [PatientRecord] = []
        var entries: [EntryDraft] = []
        for id in ids {
            guard let found = try await read({ try await projection.patient(id) }) else { continue }
            let facts = try await read { try await projection.standing(of: id) }
            let access = AccessRecord(
                transaction: "ITI-78", context: context, factsPosition: facts.position, together: facts.together, decisions: [])
            shown.append(found)
            entries.append(
                EntryDraft(
                    kind: .access, subject: id, payload: access.payload, consentUnchangedSince: facts.position,
                    watching: facts.watching, value: access))
        }
        if !entries.isEmpty { _ = try await journal.append(entries) }
        return shown
    }
}
