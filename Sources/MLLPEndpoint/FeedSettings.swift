import ExchangeCore
import HL7v2

/// One feed of HL7 v2 messages as a facility configured it: who may send what, in whose name, and how much of it.
package struct FeedSettings: Sendable, Hashable {
    /// What logs, metrics and commands call it: 1 to 32 lower-case letters, digits and hyphens.
    package var name: String
    /// The host it listens at.
    package var host: String
    /// The port; 0 lets the system choose one.
    package var port: Int
    /// Names of the client certificates that may send; nil in clear, which is for this machine alone.
    package var clients: Set<String>?
    /// Message types taken, of `ReceiverRules.facilityFeed`.
    package var messages: Set<String> = Set(ReceiverRules.facilityFeed.keys)
    /// Processing ids taken (MSH-11): `P` production, `T` training, `D` debugging.
    package var processingIDs: Set<String> = ["P"]
    /// Whose identifiers are believed; all others are not.
    package var authorities = AssigningAuthorities()
    /// What the text is in where MSH-18 is empty; nil for UTF-8.
    package var characterSet: HL7CharacterSet?
    /// How confidential a document is that does not say so itself; nil leaves it unlabelled, which counts as restricted.
    package var confidentiality: Confidentiality?
    /// Bytes of one frame.
    package var frameBytesMax = 16 << 20
    /// Open connections.
    package var connectionsMax = 64
    /// Seconds a connection may stay silent.
    package var idleSecondsMax = 600
    /// Seconds a frame that has begun may take to its end.
    package var frameSecondsMax = 60
    /// Whether senders number their messages (MSH-13), so that none is missed and none comes out of order.
    package var isSequenced = false
    /// Messages that are remembered so that the same one twice has one effect.
    package var rememberedMax = 50_000
    /// Hours in which a refused message may be sent again by the administrator; it is kept as long.
    package var replayHours = Self.replayHoursUsual

    /// Hours that refused messages are kept unless the facility says otherwise.
    package static let replayHoursUsual = 168

    /// A feed with the defaults.
    package init(name: String, host: String, port: Int, clients: Set<String>?) {
        self.name = name
        self.host = host
        self.port = port
        self.clients = clients
    }

    /// What is taken, before anything in a message is looked at.
    var rules: ReceiverRules {
        ReceiverRules(
            messages: ReceiverRules.facilityFeed.filter { messages.contains($0.key) }, processingIDs: processingIDs)
    }

    /// The limits of the reader.
    var limits: HL7Limits {
        var limits = HL7Limits()
        limits.messageBytesMax = frameBytesMax
        limits.batchBytesMax = frameBytesMax
        return limits
    }
}
