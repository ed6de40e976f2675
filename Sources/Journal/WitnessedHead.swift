import ExchangeCore

/// The largest head of one log that a witness knows, with everybody's signatures on it.
package struct WitnessedHead: Sendable, Equatable {
    /// The log's key.
    package let key: NoteVerifier
    /// The signed head.
    package let note: SignedNote
    /// What it says.
    package let checkpoint: Checkpoint
    /// When the witness took it.
    package let seen: Timestamp

    /// A head from its parts. Throws `.badRequest` when the note's text is no checkpoint.
    package init(key: NoteVerifier, note: SignedNote, seen: Timestamp) throws(ExchangeError) {
        self.key = key
        self.note = note
        self.seen = seen
        checkpoint = try Checkpoint(text: note.text)
    }

    /// When the log itself cosigned it; nil when it did not.
    package var time: UInt64? { key.cosigned(note) }

    /// The same head with further signatures on it.
    package func adding(_ lines: [SignedNote.Signature]) throws(ExchangeError) -> WitnessedHead {
        try WitnessedHead(key: key, note: note.adding(lines), seen: seen)
    }

    /// As it is kept: key and time in a line each, then the note.
    package var text: String { "\(key.text)\n\(seen.milliseconds)\n\(note.description)" }

    /// Reads what was kept. Throws `.badRequest`.
    package init(text: String) throws(ExchangeError) {
        let parts = text.utf8.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let key = NoteVerifier(text: String(decoding: parts[0], as: UTF8.self)),
            let seen = Int64(String(decoding: parts[1], as: UTF8.self))
        else { throw ExchangeError(.badRequest, "this is no witnessed head") }
        try self.init(
            key: key, note: SignedNote(parsing: String(decoding: parts[2], as: UTF8.self)),
            seen: Timestamp(milliseconds: seen))
    }
}

/// Where a witness keeps what it must not forget: one small text under each name, replaced as a whole.
package protocol WitnessStore: Sendable {
    /// Every text kept, by name.
    func texts() async throws(ExchangeError) -> [String: String]

    /// Keeps a text durably before it returns: a witness that forgets can be made to sign two stories.
    func keep(_ text: String, as name: String) async throws(ExchangeError)
}
