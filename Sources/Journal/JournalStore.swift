import ExchangeCore

/// Where a journal ends: its tree, and with it size and root.
package struct JournalHead: Sendable, Equatable {
    /// The tree over all entries.
    package let frontier: MerkleFrontier
    /// The leaf hash of the last entry, 32 bytes; empty when there is none.
    package let leaf: [UInt8]

    /// A head from its parts.
    package init(frontier: MerkleFrontier, leaf: [UInt8]) {
        self.frontier = frontier
        self.leaf = leaf
    }

    /// How many entries there are.
    package var size: JournalPosition { frontier.size }
}

/// A document's sealed bytes on their way to the store.
package struct SealedContent: Sendable {
    /// The document the bytes belong to.
    package let document: DocumentID
    /// The sealed bytes (`ContentSeal`).
    package let bytes: [UInt8]
    /// SHA-256 of the sealed bytes.
    package let digest: [UInt8]
}

/// An entry on its way to the store: sealed, hashed, not yet placed.
package struct SealedEntry: Sendable {
    /// The clear header.
    package let header: EntryHeader
    /// The bytes the leaf is made of: header and sealed payload.
    package let bytes: [UInt8]
    /// The leaf hash of `bytes`.
    package let leaf: [UInt8]
    /// The documents to be written before it, in the header's order.
    package let contents: [SealedContent]
}

/// Entries that are written with one write and made durable with one sync.
package struct JournalGroup: Sendable {
    /// The position of the first entry: the store's size before the group.
    package let firstPosition: JournalPosition
    /// The entries in order, at least one.
    package let entries: [SealedEntry]
    /// The tree behind the last entry.
    package let frontier: MerkleFrontier

    /// A group from its parts; `frontier` is the tree with the entries appended.
    package init(firstPosition: JournalPosition, entries: [SealedEntry], frontier: MerkleFrontier) {
        self.firstPosition = firstPosition
        self.entries = entries
        self.frontier = frontier
    }
}

/// Where the store put an entry.
package struct EntryLocation: Hashable, Sendable {
    /// The number of the segment.
    package let segment: UInt32
    /// The entry's frame, counted from the start of the segment.
    package let offset: UInt64

    /// A location from its parts.
    package init(segment: UInt32, offset: UInt64) {
        self.segment = segment
        self.offset = offset
    }
}

/// An entry as it lies in the store.
package struct StoredEntry: Sendable, Equatable {
    /// Its place in the journal.
    package let position: JournalPosition
    /// Where its frame lies.
    package let location: EntryLocation
    /// Header and sealed payload, exactly as written; the store has checked them against the leaf it keeps.
    package let bytes: [UInt8]

    /// An entry from its parts.
    package init(position: JournalPosition, location: EntryLocation, bytes: [UInt8]) {
        self.position = position
        self.location = location
        self.bytes = bytes
    }
}

/// The disk under a journal.
///
/// `append` is called by one caller at a time. The calls may run inside a cancelled task and must not heed the
/// cancellation. After an append that threw, the store refuses every further one until it is opened anew: a failed
/// sync is never retried (security.md L1).
package protocol JournalStore: Sendable {
    /// The log's origin: `oid/` and the community's dotted OID, another one after an accepted loss.
    var origin: String { get }

    /// Where the journal ends; everything before it is durable.
    func head() async throws(ExchangeError) -> JournalHead

    /// Writes a group and makes it durable before it returns where each entry lies. Throws `.unavailable`.
    func append(_ group: JournalGroup) async throws(ExchangeError) -> [EntryLocation]

    /// Up to `limit` entries from a position on: fewer at the end or when they are large, none only at the end. Throws
    /// `.corrupted` naming segment and offset.
    func read(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> [StoredEntry]

    /// A document's sealed bytes, checked against the digest. Throws `.corrupted`, `.notFound`, or `.gone` when erased.
    func readContent(_ reference: ContentReference) async throws(ExchangeError) -> [UInt8]

    /// Overwrites documents' sealed bytes with zeros for ever; durable when it returns, finished by the next start when it is
    /// cut off, safe to repeat. Only after the entry that says so is durable. Throws `.corrupted` where other bytes lie.
    func remove(_ contents: [ContentReference]) async throws(ExchangeError)

    /// Leaf hashes of the entries in a range, for proofs. Throws `.badRequest` beyond the end.
    func leaves(_ range: Range<JournalPosition>) async throws(ExchangeError) -> [[UInt8]]

    /// The text of the last checkpoint kept; nil when there is none.
    func checkpoint() async throws(ExchangeError) -> String?

    /// Keeps a signed checkpoint durably: from now on it vouches for the entries under it (security.md L2).
    func keepCheckpoint(_ text: String) async throws(ExchangeError)
}
