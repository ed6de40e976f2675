import ExchangeCore

/// What a node knows of the logs of others, and the judgement on each head it is shown.
///
/// Pure: it says what to keep, the shell keeps it durably and only then answers (security.md T60). A head is taken when
/// it provably continues the last one (RFC 9162); what contradicts is kept as evidence.
package struct Witness: Sendable, Equatable {
    /// The judgement on a submission, in the terms of C2SP tlog-witness.
    package enum Verdict: Sendable, Equatable {
        /// It continues what is known: keep the head, then cosign it (200).
        case accepted(WitnessedHead)
        /// The log's own key did not sign it (403).
        case untrusted
        /// The old size is not the one known, or the same size has another root (409); the size known.
        case conflict(UInt64)
        /// The proof does not show that it continues the head known (422).
        case unproven
        /// It says what cannot be: an old size beyond the new one, a time in the future (400).
        case malformed(String)
    }

    /// What came of a head that somebody else passed on.
    package enum Hearing: Sendable, Equatable {
        /// Nothing new, or not the log's own.
        case nothing
        /// Keep the head: it is the first, or the same with more signatures.
        case keep(WitnessedHead)
        /// It is larger than the one known: ask the log to prove that it continues it.
        case askForProof(WitnessedHead)
    }

    /// How far ahead of our clock a log's own time may be, in seconds.
    package static let aheadMax: UInt64 = 60
    /// Logs of one community that are remembered.
    package static let incarnationsMax = 16
    private static let evidenceOfOneMax = 4

    /// The largest head of each log, by origin.
    package private(set) var heads: [String: WitnessedHead] = [:]
    /// What was found against logs, in the order it was found.
    package internal(set) var evidence: [WitnessEvidence] = []

    /// A witness that remembers what was kept.
    package init(heads: [WitnessedHead] = [], evidence: [WitnessEvidence] = []) {
        for head in heads { self.heads[head.checkpoint.origin] = head }
        self.evidence = evidence
    }

    /// Judges a submission of the log whose key is given; changes nothing but the evidence.
    package mutating func judge(_ submission: CheckpointSubmission, key: NoteVerifier, now: Timestamp) -> Verdict {
        let checkpoint = submission.checkpoint
        guard checkpoint.origin == key.name, key.verifies(submission.note) else { return .untrusted }
        let time = key.cosigned(submission.note)
        if let time, time > UInt64(clamping: now.seconds) + Self.aheadMax {
            return .malformed("the checkpoint is dated in the future")
        }
        guard submission.old <= checkpoint.size else { return .malformed("the old size is beyond the new one") }
        guard let head = try? WitnessedHead(key: key, note: submission.note, seen: now) else { return .untrusted }
        guard let known = heads[checkpoint.origin] else {
            guard submission.old == 0, submission.proof.isEmpty else { return .conflict(0) }
            return hasRoom(checkpoint.origin) ? .accepted(head) : .malformed("too many logs of one community")
        }
        compare(known, head, now: now)
        guard submission.old == known.checkpoint.size else { return .conflict(known.checkpoint.size) }
        if checkpoint.size == known.checkpoint.size {
            guard checkpoint.root == known.checkpoint.root else { return .conflict(known.checkpoint.size) }
            guard let same = try? WitnessedHead(key: key, note: known.note.adding(head.note.signatures), seen: now) else {
                return .untrusted
            }
            return .accepted(same)
        }
        guard continues(known, head, submission.proof) else {
            note(.unproven, known, head, now: now)
            return .unproven
        }
        return .accepted(head)
    }

    /// Takes a head that was accepted and kept, unless a larger one was taken meanwhile.
    package mutating func take(_ head: WitnessedHead) {
        if let known = heads[head.checkpoint.origin], known.checkpoint.size > head.checkpoint.size { return }
        heads[head.checkpoint.origin] = head
    }

    /// Hears of a head from somebody else; signatures of `cosigners` on it are kept, those of strangers are not.
    package mutating func hear(
        _ note: SignedNote, key: NoteVerifier, cosigners: [NoteVerifier], now: Timestamp,
    ) -> Hearing {
        guard let checkpoint = try? Checkpoint(text: note.text), checkpoint.origin == key.name, key.verifies(note),
            (key.cosigned(note) ?? 0) <= UInt64(clamping: now.seconds) + Self.aheadMax,
            let head = try? WitnessedHead(key: key, note: Self.known(note, key, cosigners), seen: now)
        else { return .nothing }
        guard let known = heads[checkpoint.origin] else { return hasRoom(checkpoint.origin) ? .keep(head) : .nothing }
        compare(known, head, now: now)
        if checkpoint.size > known.checkpoint.size { return .askForProof(head) }
        guard checkpoint.size == known.checkpoint.size, checkpoint.root == known.checkpoint.root,
            let merged = try? known.adding(
                head.note.signatures.filter { line in
                    !known.note.signatures.contains { $0.keyID == line.keyID && $0.name == line.name }
                }), merged != known
        else { return .nothing }
        return .keep(merged)
    }

    /// Judges the proof a log gave for a head heard of; true when it continues the one known and may be kept.
    package mutating func prove(_ head: WitnessedHead, _ proof: [[UInt8]], now: Timestamp) -> Bool {
        guard let known = heads[head.checkpoint.origin], known.checkpoint.size < head.checkpoint.size else { return false }
        guard continues(known, head, proof) else {
            note(.unproven, known, head, now: now)
            return false
        }
        return true
    }

    /// Whether anything stands against a log.
    package func isAccused(_ origin: String) -> Bool { evidence.contains { $0.origin == origin } }

    private func continues(_ known: WitnessedHead, _ head: WitnessedHead, _ proof: [[UInt8]]) -> Bool {
        MerkleProof.isConsistent(
            first: known.checkpoint.size, firstRoot: known.checkpoint.root, second: head.checkpoint.size,
            secondRoot: head.checkpoint.root, proof: proof)
    }

    private mutating func compare(_ known: WitnessedHead, _ head: WitnessedHead, now: Timestamp) {
        let (one, other) = (known.checkpoint, head.checkpoint)
        // Only under one key: evidence is two words of one.
        guard known.key == head.key else { return }
        if one.size == other.size, one.root != other.root { note(.fork, known, head, now: now) }
        if WitnessEvidence.isRollback(one, known.time, other, head.time) {
            note(.rollback, known, head, now: now)
        }
    }

    private mutating func note(_ kind: WitnessEvidence.Kind, _ one: WitnessedHead, _ other: WitnessedHead, now: Timestamp) {
        let found = WitnessEvidence(kind: kind, key: other.key, first: one.note, second: other.note, found: now)
        let before = evidence.filter { $0.origin == found.origin }
        guard before.count < Self.evidenceOfOneMax, !before.contains(where: { $0.kind == kind }) else { return }
        evidence.append(found)
    }

    private func hasRoom(_ origin: String) -> Bool {
        guard let log = LogOrigin(origin) else { return false }
        return heads.keys.count { LogOrigin($0)?.community == log.community } < Self.incarnationsMax
    }

    private static func known(_ note: SignedNote, _ key: NoteVerifier, _ cosigners: [NoteVerifier]) -> SignedNote {
        let own = note.signatures.filter { $0.name.utf8.elementsEqual(key.name.utf8) }
        var lines: [SignedNote.Signature] = []
        for cosigner in cosigners where cosigner != key && cosigner.cosigned(note) != nil {
            let id = cosigner.cosigningKeyID
            lines += note.signatures.filter { $0.keyID == id && $0.name.utf8.elementsEqual(cosigner.name.utf8) }
        }
        return SignedNote(text: note.text, signatures: own + lines)
    }
}
