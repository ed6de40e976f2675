import ExchangeCore

/// Sealed bytes of a document that are missing from a segment, found where zeros stand for them.
///
/// An `erasure` entry further on must name the digest: bytes that are missing without one are damage.
package struct ContentRemoval: Sendable, Hashable {
    /// The document.
    package let document: DocumentID
    /// SHA-256 of the sealed bytes that lay there, as their entry names it, 32 bytes.
    package let digest: [UInt8]
    /// The segment they lay in.
    package let segment: UInt32
    /// Their frame, counted from the start of the segment.
    package let offset: UInt64
    /// The entry they belonged to.
    package let position: JournalPosition

    /// A removal from its parts.
    package init(document: DocumentID, digest: [UInt8], segment: UInt32, offset: UInt64, position: JournalPosition) {
        self.document = document
        self.digest = digest
        self.segment = segment
        self.offset = offset
        self.position = position
    }

    /// What is wrong when no entry says why they are missing.
    package var fault: SegmentFault {
        SegmentFault(
            segment: segment, offset: offset, position: position,
            reason: "document \(document) was removed, and no entry says that it was erased")
    }
}

/// What a scan has seen of removed documents: those that no erasure has explained yet.
package struct ContentRemovals: Sendable, Equatable {
    /// Missing, and not explained so far, by digest.
    package private(set) var open: [[UInt8]: ContentRemoval] = [:]

    /// Nothing seen.
    package init() {}

    /// What an earlier scan left open.
    package init(open: [ContentRemoval]) {
        self.open = Dictionary(open.map { ($0.digest, $0) }) { first, _ in first }
    }

    /// Takes in what a group shows.
    package mutating func take(_ group: ScannedGroup) {
        for removal in group.removed { open[removal.digest] = removal }
        for digest in group.erased { open[digest] = nil }
    }

    /// The first that is missing without a reason, in the order of the journal.
    package var first: ContentRemoval? { open.values.min { $0.position < $1.position } }
}

extension EntryFrame {
    /// The frame that stands for erased bytes of that length.
    package static func removed(_ length: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        append(.removed, [UInt8](repeating: 0, count: Int(length)), to: &bytes)
        return bytes
    }
}
