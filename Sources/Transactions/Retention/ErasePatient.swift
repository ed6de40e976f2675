import ExchangeCore
import Journal
import Logging
import PatientIndex

extension Exchange {
    /// Holds a patient's record for a legal case, or releases it: nothing under hold is erased by anybody.
    ///
    /// - Throws: `.unknownPatient`; `.conflict` when it is held already, or not held.
    package func hold(_ patient: PatientID, isHeld: Bool, reason: String, for context: AccessContext)
        async throws(ExchangeError) -> EntryReceipt
    {
        try demandKeeper(context)
        try LegalHold.demandReason(reason)
        return try await alone(with: patient) { () async throws(ExchangeError) in
            guard try await read({ try await projection.patient(patient) }) != nil else { throw Self.unknownHere }
            let present = try await read { try await projection.legalHold(of: patient) }
            guard (present != nil) != isHeld else {
                throw ExchangeError(.conflict, isHeld ? "the record is under hold already" : "the record is not under hold")
            }
            let hold = LegalHold(patient: patient, isHeld: isHeld, reason: reason, user: context.user)
            return try await journal.append(
                EntryDraft(kind: .administration, subject: patient, payload: hold.payload))
        }
    }

    /// Erases a patient for ever: their key is destroyed, so that journal and copies of it cannot be read about them any
    /// more, and their rows go from the tables. The entry that says so stays, and can be proven.
    ///
    /// - Throws: `.unknownPatient`; `.conflict` while the record is under legal hold.
    package func erasePatient(_ patient: PatientID, ground: Erasure.Ground, for context: AccessContext)
        async throws(ExchangeError) -> EntryReceipt
    {
        try demandKeeper(context)
        return try await alone(with: patient) { () async throws(ExchangeError) in
            guard let record = try await read({ try await projection.patient(patient) }) else { throw Self.unknownHere }
            try await demandNoHold(on: patient)
            // Before the entry: afterwards nobody knows by which numbers to look for them.
            try await refusedMessages.forget(record.identifiers)
            try await restate(without: patient, actor: context.user)
            let erasure = Erasure(patient: patient, ground: ground, user: context.user)
            // Durable before the key goes: a node that stops between the two finishes it when it starts.
            let receipt = try await journal.append(
                EntryDraft(
                    kind: .administration, subject: nil, payload: erasure.payload, changing: [.record(patient)],
                    value: erasure))
            try await finishErasures(of: [patient])
            try await refusedMessages.forget(record.identifiers)
            logger.notice("a patient was erased", metadata: ["journal.position": "\(receipt.position)"])
            return receipt
        }
    }

    /// Destroys the keys of everybody the journal says was erased, and what SQLite still holds of their rows; at start,
    /// before anything is served, and after each erasure.
    package func finishErasures(of patients: [PatientID]? = nil) async throws(ExchangeError) {
        let named = try await read { try await projection.erasedPatients() }
        for patient in patients ?? named {
            try await reader.destroyKey(of: patient)
            forget(elsewhere: patient)
        }
        let documents = try await read { try await projection.erasedDocuments() }
        if !(patients ?? named).isEmpty || !documents.isEmpty { try await read { try await projection.purge() } }
    }

    func alone<Value>(
        with patient: PatientID, _ work: () async throws(ExchangeError) -> Value,
    ) async throws(ExchangeError) -> Value {
        let held = ["lifecycle \(patient)"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "somebody else changes this record's hold or erases it right now; try again")
        }
        defer { submissions.end(held) }
        return try await work()
    }

    private static let unknownHere = ExchangeError(.unknownPatient, "no such patient is registered here")

    func demandKeeper(_ context: AccessContext) throws(ExchangeError) {
        guard context.door == .administration else {
            throw ExchangeError(.forbidden, "records are held and erased at the node's own socket: hie retention")
        }
    }
}
