import ExchangeCore

/// Where the last consent entry about each patient stands, as far as a condition can ask for it.
struct ConsentPositions: Sendable {
    private var last: [PatientID: JournalPosition] = [:]
    /// Conditions from before this position are refused: what lies before it is not known any more.
    private var knownFrom: JournalPosition
    private static let patientsMax = 100_000

    init(knownFrom: JournalPosition = 0) { self.knownFrom = knownFrom }

    /// Whether the draft's condition holds: no consent entry about its subject at the position of its facts or later.
    func permits(_ draft: EntryDraft) -> Bool {
        guard let since = draft.consentUnchangedSince else { return true }
        guard since >= knownFrom else { return false }
        guard let subject = draft.subject, let changed = last[subject] else { return true }
        return changed < since
    }

    /// Takes note of an entry that was given its place.
    mutating func note(_ draft: EntryDraft, at position: JournalPosition) {
        guard draft.kind == .consent, let subject = draft.subject else { return }
        if last.count >= Self.patientsMax {
            // Bounded memory: forget, and have decisions older than this taken again.
            last = [:]
            knownFrom = position + 1
        }
        last[subject] = position
    }
}
