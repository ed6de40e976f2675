import ExchangeCore
import JSON
import Journal

/// A message of a feed that had its effect, by digests that tell nothing of it.
///
/// It is recorded in the append that records the effect where that is one, so that an acknowledged message has one effect
/// whatever is cut off, on the node's standby and after a restore, too.
package struct TakenMessage: Sendable, Hashable {
    /// What a record is about.
    package enum Kind: UInt8, Sendable {
        /// A message by its sender and control id; `content` tells whether another of that name is the same.
        case message = 1
        /// The number that a sender's next message is to have (MSH-13); `content` is that number.
        case sequence = 2
    }

    /// What it is about.
    package let kind: Kind
    /// Keyed digest of feed and sender, and of the control id of a message: 16 bytes.
    package let key: [UInt8]
    /// Of a message 64 bits of a keyed digest; else a number.
    package let content: UInt64

    /// How many a node remembers, of all its feeds: the latest.
    package static let rememberedMax = 1_000_000

    /// A record from its parts.
    package init(_ kind: Kind, key: [UInt8], content: UInt64) {
        self.kind = kind
        self.key = key
        self.content = content
    }

    /// The payload of a `feed` entry, in clear: `{"kind", "key" and "content" in hexadecimal}`.
    package var payload: [UInt8] {
        let object: JSONObject = [
            "kind": .number(String(kind.rawValue)), "key": .string(Hexadecimal.encode(key)),
            "content": .string(String(content, radix: 16)),
        ]
        return JSONWriter.bytes(.object(object))
    }

    /// Reads a payload back; `.corrupted` when it is none.
    package init(payload: [UInt8]) throws(ExchangeError) {
        let json = try PayloadReading.json(payload)
        guard let kind = json["kind"]?.integer.flatMap({ UInt8(exactly: $0) }).flatMap(Kind.init) else {
            throw PayloadReading.damaged("kind")
        }
        guard let key = Hexadecimal.decode(try PayloadReading.text(json, "key")), key.count == 16 else {
            throw PayloadReading.damaged("key")
        }
        guard let content = UInt64(try PayloadReading.text(json, "content"), radix: 16) else {
            throw PayloadReading.damaged("content")
        }
        self.init(kind, key: key, content: content)
    }

    /// What an entry says of one; nil when it is about something else. Throws `.corrupted`.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        guard entry.kind == .feed else { return nil }
        self = try entry.decoded { () throws(ExchangeError) in try TakenMessage(payload: entry.payload) }
    }

    /// What the journal is to record.
    var draft: EntryDraft { EntryDraft(kind: .feed, subject: nil, payload: payload, value: self) }
}

extension Exchange {
    /// Remembers that messages were taken; durable when it returns.
    package func remember(_ messages: [TakenMessage]) async throws(ExchangeError) {
        _ = try await journal.append(messages.map(\.draft))
    }

    /// What is remembered, the oldest first: the latest so many.
    package func takenMessages(atMost count: Int) async throws(ExchangeError) -> [TakenMessage] {
        try await read { try await projection.takenMessages(atMost: count) }
    }
}
