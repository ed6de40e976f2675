import Crypto
import ExchangeCore

/// Makes sealed entries of drafts: the work of an append that needs neither order nor disk.
package struct EntrySealer: Sendable {
    private let world: World

    /// A sealer that takes time and salts from that world.
    package init(world: World) { self.world = world }

    /// The draft, sealed under the key of its subject (nil for a draft without), and hashed.
    package func seal(_ draft: EntryDraft, key: SymmetricKey?) throws(ExchangeError) -> SealedEntry {
        var contents: [SealedContent] = []
        for content in draft.contents {
            guard let subject = draft.subject, let key else {
                throw ExchangeError(.internal, "documents need the key of a subject")
            }
            contents.append(
                try EntrySeal.seal(content, of: subject, key: key, salt: world.randomBytes(EntrySeal.saltBytes)))
        }
        let header = EntryHeader(
            kind: draft.kind, time: world.now(), subject: draft.subject,
            salt: world.randomBytes(EntrySeal.saltBytes),
            contents: contents.map { content in
                EntryHeader.Content(
                    document: content.document, digest: content.digest,
                    length: UInt32(truncatingIfNeeded: content.bytes.count))
            }
                + draft.removes.map {
                    EntryHeader.Content(document: $0.document, digest: $0.sealedDigest, length: $0.location.length)
                })
        let bytes = try EntrySeal.seal(draft.payload, header: header, key: key)
        return SealedEntry(header: header, bytes: bytes, leaf: MerkleHash.leaf(bytes), contents: contents)
    }
}
