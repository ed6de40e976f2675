import ExchangeCore

/// A message of a feed that had its effect, by digests that tell nothing of it.
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

    /// A record from its parts.
    package init(_ kind: Kind, key: [UInt8], content: UInt64) {
        self.kind = kind
        self.key = key
        self.content = content
    }
}

/// Remembers what feeds have taken, also after a restart: an acknowledged message has one effect.
package protocol TakenMessageStore: Sendable {
    /// Keyed digest of a name: 16 bytes, the same as long as the store lives.
    func digest(_ bytes: [UInt8]) -> [UInt8]

    /// What is remembered, the oldest first.
    func taken() -> [TakenMessage]

    /// Remembers one more; durable when it returns.
    func remember(_ message: TakenMessage) async throws(ExchangeError)
}
