import ExchangeCore

/// A message of a feed that was refused: what is known of it without opening it. Holds no patient data.
package struct DeadLetter: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits, the same for the same message of the same feed; tells nothing of its content.
    package let id: String
    /// The feed it came by.
    package let feed: String
    /// Type and event, such as `ADT^A01`; empty when they could not be read.
    package let kind: String
    /// The sender's names for itself (MSH-3, MSH-4), as far as they are plain words.
    package let sender: String
    /// The sender's name for the message (MSH-10), as far as it is a plain word.
    package let controlID: String
    /// Bytes of the message.
    package let size: Int
    /// When it came first.
    package let first: Timestamp
    /// When it was refused last.
    package var last: Timestamp
    /// How often it was refused.
    package var times: Int
    /// The condition of HL7's table 0357.
    package var condition: Int
    /// Why, and what to do.
    package var reason: String
    /// Where in the message, such as `PID-3`; nil when it is about the message as a whole.
    package var place: String?

    /// A letter from its parts.
    package init(
        id: String, feed: String, kind: String, sender: String, controlID: String, size: Int, first: Timestamp,
        last: Timestamp, times: Int, condition: Int, reason: String, place: String?,
    ) {
        self.id = id
        self.feed = feed
        self.kind = kind
        self.sender = sender
        self.controlID = controlID
        self.size = size
        self.first = first
        self.last = last
        self.times = times
        self.condition = condition
        self.reason = reason
        self.place = place
    }
}

/// Keeps refused messages, sealed, until they are taken, given up, or too old.
package protocol DeadLetterStore: Sendable {
    /// Whether no letter is here.
    var isEmpty: Bool { get }

    /// The name a message of a feed has here.
    func id(of message: [UInt8], feed: String) -> String

    /// Keeps a message with what is known of it; one that is here already is refused once more. Durable when it returns.
    ///
    /// Throws `.tooLarge` when the store is full.
    func keep(_ message: [UInt8], as letter: DeadLetter) async throws(ExchangeError)

    /// Every letter, the newest refusal first.
    func letters() -> [DeadLetter]

    /// One letter; nil when it is not here.
    func letter(_ id: String) -> DeadLetter?

    /// A letter's message; nil when it is not here. Throws `.corrupted` when its file is damaged.
    func message(_ id: String) async throws(ExchangeError) -> [UInt8]?

    /// Lets a letter go; nothing when it is not here.
    func remove(_ id: String) async throws(ExchangeError)
}
