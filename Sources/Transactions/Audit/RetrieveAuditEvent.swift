import ConsentEngine
import ExchangeCore
import Journal
import PatientIndex

/// One line of a patient's access log.
package struct AccessEvent: Sendable {
    /// The journal entry it was read from.
    package let position: JournalPosition
    /// When the entry was made.
    package let time: Timestamp
    /// Who asked, why, what they got, which rules decided.
    package let record: AccessRecord

    /// A line from its parts.
    package init(position: JournalPosition, time: Timestamp, record: AccessRecord) {
        self.position = position
        self.time = time
        self.record = record
    }
}

extension Exchange {
    /// ITI-81 for one patient: who looked, from where, why, what they got, which consent rule decided; newest first.
    ///
    /// Reading the log is itself recorded. At most 10,000 lines.
    ///
    /// - Parameter exports: whether it is written into a file, which the record then says.
    package func accessLog(of patient: PatientID, limit: Int, exports: Bool = false, for context: AccessContext)
        async throws(ExchangeError) -> [AccessEvent]
    {
        guard context.door == .administration else {
            throw ExchangeError(.forbidden, "the access log is read at the node's own socket: hie audit patient")
        }
        guard try await read({ try await projection.patient(patient) }) != nil else {
            throw ExchangeError(.unknownPatient, "no patient of that id is registered here; see hie patient find")
        }
        let events = try await read { try await projection.accesses(to: patient, limit: min(max(limit, 1), 10_000)) }
        let (_, position) = try await read { try await projection.directives(of: patient) }
        let reading = AccessRecord(
            transaction: exports ? AccessRecord.export : "ITI-81", context: context, factsPosition: position, decisions: [])
        _ = try await journal.append(
            EntryDraft(kind: .access, subject: patient, payload: reading.payload, value: reading))
        return events
    }
}
