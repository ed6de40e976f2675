/// Which messages a receiver takes: type, event, version and processing id, before anything in them is looked at.
package struct ReceiverRules: Hashable, Sendable {
    /// Events by message type; a type without events takes every one.
    package var messages: [String: Set<String>]
    /// Processing ids taken: a production port refuses training and debugging.
    package var processingIDs: Set<String>

    /// Rules from their parts.
    package init(messages: [String: Set<String>], processingIDs: Set<String> = ["P"]) {
        self.messages = messages
        self.processingIDs = processingIDs
    }

    /// The patient identity feed: ITI-8 and the identity part of ITI-30 (IHE ITI TF-2).
    package static let patientIdentityFeed = ReceiverRules(messages: [
        "ADT": ["A01", "A04", "A05", "A08", "A28", "A31", "A40"]
    ])

    /// Why a message of this header is not taken; nil when it is.
    package func refusal(_ header: MessageHeader) -> HL7Error? {
        func refuse(_ condition: HL7Error.Condition, _ message: String, _ field: Int) -> HL7Error {
            HL7Error(condition, message, at: HL7Position("MSH", field: field))
        }
        guard HL7Version.supported.contains(header.version) else {
            return refuse(.version, "the version must be one of \(HL7Version.supported.joined(separator: ", "))", 12)
        }
        guard processingIDs.contains(header.processingID) else {
            let taken = processingIDs.sorted().joined(separator: ", ")
            return refuse(.processingID, "this port takes the processing id \(taken)", 11)
        }
        guard let events = messages[header.type] else {
            let taken = messages.keys.sorted().joined(separator: ", ")
            return refuse(.messageType, "this port takes the message type \(taken)", 9)
        }
        guard events.isEmpty || header.event.map(events.contains) == true else {
            let taken = events.sorted().joined(separator: ", ")
            return refuse(.eventCode, "of \(header.type) this port takes the event \(taken)", 9)
        }
        return nil
    }
}
