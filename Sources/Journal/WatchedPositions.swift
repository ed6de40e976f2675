import ExchangeCore

/// Where the last entry that changed each record's consent, or each person's records, stands, as far as a condition can
/// ask for it.
struct WatchedPositions: Sendable {
    private var last: [Watched: JournalPosition] = [:]
    /// Conditions from before this position are refused: what lies before it is not known any more.
    private var knownFrom: JournalPosition
    private static let countMax = 100_000

    init(knownFrom: JournalPosition = 0) { self.knownFrom = knownFrom }

    /// Whether the draft's condition holds: nothing it rests on changed at the position of its facts or later.
    func permits(_ draft: EntryDraft) -> Bool {
        guard let since = draft.consentUnchangedSince else { return true }
        guard since >= knownFrom else { return false }
        func isUnchanged(_ watched: Watched) -> Bool { last[watched].map { $0 < since } ?? true }
        return draft.watching.allSatisfy(isUnchanged) && (draft.subject.map { isUnchanged(.record($0)) } ?? true)
    }

    /// Takes note of an entry that was given its place.
    mutating func note(_ draft: EntryDraft, at position: JournalPosition) {
        var changed = draft.changing
        // Who treats decides as what was said does.
        if draft.kind == .consent || draft.kind == .encounter, let subject = draft.subject { changed.append(.record(subject)) }
        guard !changed.isEmpty else { return }
        if last.count >= Self.countMax {
            // Bounded memory: forget, and have decisions older than this taken again.
            last = [:]
            knownFrom = position + 1
        }
        for watched in changed { last[watched] = position }
    }
}
