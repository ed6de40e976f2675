import ExchangeCore

/// What a log says of itself: its origin, how many entries it has, and the root over them (C2SP tlog-checkpoint).
package struct Checkpoint: Sendable, Equatable {
    /// Which log.
    package let origin: String
    /// How many entries.
    package let size: UInt64
    /// The root hash over them, 32 bytes.
    package let root: [UInt8]

    /// A checkpoint from its parts.
    package init(origin: String, size: UInt64, root: [UInt8]) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// Reads the text of a note: exactly three lines. Throws `.badRequest`.
    package init(text: String) throws(ExchangeError) {
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty, !lines[0].isEmpty else {
            throw ExchangeError(.badRequest, "checkpoint does not have three lines")
        }
        let digits = lines[1]
        guard let first = digits.first, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            first != 0x30 || digits.count == 1, let size = UInt64(String(decoding: digits, as: UTF8.self))
        else { throw ExchangeError(.badRequest, "checkpoint has no tree size", at: "line 2") }
        guard let root = Base64.decode(String(decoding: lines[2], as: UTF8.self)), root.count == 32 else {
            throw ExchangeError(.badRequest, "checkpoint has no root hash", at: "line 3")
        }
        origin = String(decoding: lines[0], as: UTF8.self)
        self.size = size
        self.root = root
    }

    /// The text that is signed.
    package var text: String { "\(origin)\n\(size)\n\(Base64.encode(root))\n" }
}

/// Signs heads of the journal, each only after the entries under it were read back and hashed again (security.md T51).
///
/// A bit that flips between hashing and signing would otherwise be signed for ever.
package actor CheckpointAuthor {
    private let store: any JournalStore
    private let signer: NoteSigner
    private let now: (@Sendable () -> Timestamp)?
    private var verified: MerkleFrontier
    private var isSigning = false
    /// The time of the last cosignature, in seconds: it never goes back, whatever the clock does.
    private var time: UInt64 = 0

    /// An author that goes on from the head of a store that was just opened, and whose tail was checked by that.
    ///
    /// - Parameter now: the clock by which it cosigns what it signs (`Cosignature`); nil leaves that out.
    package init(
        store: any JournalStore, signer: NoteSigner, now: (@Sendable () -> Timestamp)? = nil,
    ) async throws(ExchangeError) {
        self.store = store
        self.signer = signer
        self.now = now
        verified = try await store.head().frontier
        if let kept = try await store.checkpoint(), let note = try? SignedNote(parsing: kept) {
            time = signer.verifier.cosigned(note) ?? 0
        }
    }

    /// Signs the present head and keeps it in the store. Throws `.corrupted` when the stored bytes do not give the
    /// head's root: nothing is signed then, and nothing may be served any more.
    package func publish() async throws(ExchangeError) -> SignedNote {
        guard !isSigning else { throw ExchangeError(.conflict, "a checkpoint is being signed already") }
        isSigning = true
        defer { isSigning = false }
        let head = try await store.head()
        var frontier = verified
        while frontier.size < head.size {
            let left = Int(clamping: head.size - frontier.size)
            let entries = try await store.read(from: frontier.size, limit: min(256, left))
            guard !entries.isEmpty else { break }
            for entry in entries { frontier.append(MerkleHash.leaf(entry.bytes)) }
        }
        guard frontier == head.frontier else {
            throw ExchangeError(
                .corrupted,
                "the stored entries do not give the journal's root; stop the node and run `hie audit verify`",
                at: "entries \(verified.size) to \(head.size)")
        }
        verified = frontier
        let checkpoint = Checkpoint(origin: store.origin, size: head.size, root: frontier.root)
        var note = try signer.sign(checkpoint.text)
        if let now {
            time = max(time, UInt64(clamping: now().seconds))
            note = note.adding([try signer.cosign(note.text, time: time)])
        }
        try await store.keepCheckpoint(note.description)
        return note
    }
}
