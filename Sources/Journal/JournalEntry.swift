import ExchangeCore

/// The index of an entry, which is its leaf index in the tree: the first entry has 0.
package typealias JournalPosition = UInt64

/// Where a document's sealed bytes lie in the segments.
package struct ContentLocation: Hashable, Sendable {
    /// The number of the segment.
    package let segment: UInt32
    /// The first sealed byte, counted from the start of the segment.
    package let offset: UInt64
    /// How many sealed bytes there are; the frame around them is not counted.
    package let length: UInt32

    /// A location from its parts.
    package init(segment: UInt32, offset: UInt64, length: UInt32) {
        self.segment = segment
        self.offset = offset
        self.length = length
    }
}

/// A document's sealed bytes as an entry names them: which document, what they hash to, where they lie.
package struct ContentReference: Hashable, Sendable {
    /// The document the bytes belong to.
    package let document: DocumentID
    /// SHA-256 of the sealed bytes, 32 bytes; the entry's leaf binds it.
    package let sealedDigest: [UInt8]
    /// Where the sealed bytes lie.
    package let location: ContentLocation

    /// A reference from its parts.
    package init(document: DocumentID, sealedDigest: [UInt8], location: ContentLocation) {
        self.document = document
        self.sealedDigest = sealedDigest
        self.location = location
    }
}

/// A document's bytes in clear, to be sealed and written beside an entry.
package struct DraftContent: Sendable {
    /// The document the bytes belong to.
    package let document: DocumentID
    /// The bytes as they were published.
    package let bytes: [UInt8]

    /// A document and its bytes.
    package init(document: DocumentID, bytes: [UInt8]) {
        self.document = document
        self.bytes = bytes
    }
}

/// Something that decisions rest on and that entries change.
package enum Watched: Hashable, Sendable {
    /// What is said about a record: its consent.
    case record(PatientID)
    /// Which records are one person's; the 16 bytes of the person's name.
    case person([UInt8])
}

/// What a transaction wants recorded.
package struct EntryDraft: Sendable {
    /// What the entry is about.
    package let kind: EntryKind
    /// The patient whose key seals payload and contents; nil when no patient is in them, and they stand in clear.
    package let subject: PatientID?
    /// Canonical JSON, in clear; the writer seals it.
    package let payload: [UInt8]
    /// Documents to be sealed and written beside the entry; needs a subject.
    package let contents: [DraftContent]
    /// The position `P` the facts were read at: how many entries the projection had applied. The entry is refused
    /// when a consent entry about the subject, or an entry that changes what is watched, stands at `P` or after it.
    /// Nil: no condition.
    package let consentUnchangedSince: JournalPosition?
    /// What the facts rest on besides the subject's consent.
    package let watching: [Watched]
    /// What else the entry changes of what others may watch.
    package let changing: [Watched]
    /// Documents whose sealed bytes are to be removed once the entry is durable: of an entry of kind `erasure`, in clear.
    package let removes: [ContentReference]
    /// The payload already decoded, handed on to the projection to spare it a parse.
    package let value: (any Sendable)?

    /// A draft from its parts.
    package init(
        kind: EntryKind, subject: PatientID?, payload: [UInt8], contents: [DraftContent] = [],
        consentUnchangedSince: JournalPosition? = nil, watching: [Watched] = [], changing: [Watched] = [],
        removes: [ContentReference] = [], value: (any Sendable)? = nil,
    ) {
        self.watching = watching
        self.changing = changing
        self.kind = kind
        self.subject = subject
        self.payload = payload
        self.contents = contents
        self.consentUnchangedSince = consentUnchangedSince
        self.removes = removes
        self.value = value
    }
}

/// An entry that is durable, in clear, as projections take it.
package struct CommittedEntry: Sendable {
    /// Its place in the journal.
    package let position: JournalPosition
    /// What it is about.
    package let kind: EntryKind
    /// The node's wall clock when it was written.
    package let time: Timestamp
    /// The patient it is about, when it is about one.
    package let subject: PatientID?
    /// Canonical JSON in clear; empty when the patient's key was erased.
    package let payload: [UInt8]
    /// Whether the payload can no longer be opened, because the patient's key was erased.
    package let isErased: Bool
    /// The entry's leaf hash in the tree, 32 bytes (RFC 9162 section 2.1.1, over the sealed entry).
    package let leaf: [UInt8]
    /// The documents written beside it, in the order of the draft.
    package let contents: [ContentReference]
    /// The decoded payload where the writer had it at hand; nil when replayed.
    package let value: (any Sendable)?

    /// An entry from its parts.
    package init(
        position: JournalPosition, kind: EntryKind, time: Timestamp, subject: PatientID?, payload: [UInt8],
        isErased: Bool = false, leaf: [UInt8], contents: [ContentReference], value: (any Sendable)? = nil,
    ) {
        self.position = position
        self.kind = kind
        self.time = time
        self.subject = subject
        self.payload = payload
        self.isErased = isErased
        self.leaf = leaf
        self.contents = contents
        self.value = value
    }
}

extension CommittedEntry {
    /// The same entry with its payload decoded.
    package func decoded(as value: any Sendable) -> CommittedEntry {
        CommittedEntry(
            position: position, kind: kind, time: time, subject: subject, payload: payload, isErased: isErased, leaf: leaf,
            contents: contents, value: value)
    }
}

/// What an appender gets once its entry is durable and projected.
package struct EntryReceipt: Sendable, Equatable {
    /// The entry's place in the journal.
    package let position: JournalPosition
    /// The entry's leaf hash, 32 bytes.
    package let leaf: [UInt8]
    /// The entry's time.
    package let time: Timestamp
    /// Where the documents written beside it lie, in the order of the draft.
    package let contents: [ContentReference]

    /// A receipt from its parts.
    package init(position: JournalPosition, leaf: [UInt8], time: Timestamp, contents: [ContentReference]) {
        self.position = position
        self.leaf = leaf
        self.time = time
        self.contents = contents
    }
}
