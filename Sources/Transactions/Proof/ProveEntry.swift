import ExchangeCore
import JSON
import Journal

extension Exchange {
    /// The proof that entries stand in this node's log, under the newest head that covers them; the one with the most
    /// cosignatures where one does.
    ///
    /// - Parameter opens: whether the proof carries the key of each entry, so that its reader sees what it says; that is
    ///   a disclosure, and recorded as one.
    /// - Throws: `.notFound` for an entry that is not there, `.unavailable` while no head covers it, `.gone` when it is to
    ///   be opened and its patient was erased.
    package func prove(_ positions: [JournalPosition], opens: Bool, for context: AccessContext)
        async throws(ExchangeError) -> EntryProof
    {
        guard context.door == .administration else {
            throw ExchangeError(.forbidden, "proofs are made at the node's own socket: hie audit prove")
        }
        guard let witness else { throw ExchangeError(.unavailable, "this node signs no heads") }
        guard let last = positions.max() else { throw ExchangeError(.notFound, "there is nothing to prove") }
        guard positions.count <= EntryProof.entriesMax else {
            throw ExchangeError(.tooLarge, "a proof has at most \(EntryProof.entriesMax) entries")
        }
        guard last < journal.size else { throw ExchangeError(.notFound, "the journal has no entry \(last) yet") }
        let head = try await witness.head(covering: last)
        let size = try Checkpoint(text: head.text).size
        var items: [EntryProof.Item] = []
        var opened: Set<PatientID> = []
        for position in positions {
            let stored = try await reader.stored(position)
            let key = opens ? try await reader.payloadKey(of: stored) : nil
            if key != nil, let subject = EntryHeader.subject(of: stored.bytes) { opened.insert(subject) }
            items.append(
                EntryProof.Item(
                    position: position, entry: stored.bytes,
                    inclusion: try await witness.author.inclusion(of: position, at: size), key: key))
        }
        for patient in opened.sorted() {
            try await recordReading(of: patient, by: AccessRecord.export, for: context)
        }
        let cosigners = await witness.knownCosigners().filter { $0 != witness.key && $0.cosigned(head) != nil }
        return EntryProof(log: witness.key, witnesses: cosigners, checkpoint: head, items: items)
    }

    /// The proof of everything in this node's log about one patient, oldest first.
    package func prove(_ patient: PatientID, opens: Bool, for context: AccessContext) async throws(ExchangeError)
        -> EntryProof
    {
        guard let witness else { throw ExchangeError(.unavailable, "this node signs no heads") }
        // What no head covers yet is left for the next proof.
        let covered = try await witness.coveredSize()
        let positions = try await reader.positions(about: patient, limit: EntryProof.entriesMax).filter { $0 < covered }
        guard !positions.isEmpty else {
            throw ExchangeError(.unknownPatient, "nothing about such a patient is under a signed head here")
        }
        return try await prove(positions, opens: opens, for: context)
    }

    /// Writes down that somebody read what the journal says about a patient.
    func recordReading(of patient: PatientID, by transaction: String = "ITI-81", for context: AccessContext)
        async throws(ExchangeError)
    {
        let reading = AccessRecord(transaction: transaction, context: context, factsPosition: journal.size, decisions: [])
        do throws(ExchangeError) {
            _ = try await journal.append(
                EntryDraft(kind: .access, subject: patient, payload: reading.payload, value: reading))
        } catch  where error.code == .gone {
            // Nothing can be sealed for a patient who was erased; the reading stands without them.
            let payload: JSONValue = ["read": "audit", "user": .string(context.user), "trace": .string(context.traceID)]
            _ = try await journal.append(
                EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        }
    }
}

extension WitnessBook {
    /// A signed head over more than `position` entries: the cosigned one where it reaches, else the newest.
    func head(covering position: JournalPosition) async throws(ExchangeError) -> SignedNote {
        if let own = ownHead, own.checkpoint.size > position, own.note.signatures.count > 2 { return own.note }
        if let note = try await newest(), try Checkpoint(text: note.text).size > position { return note }
        throw ExchangeError(.unavailable, "no signed head covers entry \(position) yet; ask again in a second")
    }

    /// How many entries the newest signed head covers; 0 before the first.
    func coveredSize() async throws(ExchangeError) -> UInt64 {
        guard let note = try await newest() else { return 0 }
        return try Checkpoint(text: note.text).size
    }
}
