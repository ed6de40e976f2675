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

    /// A facility's feed: admissions, registrations and merges (ADT), documents (MDM), reports (ORU), immunisations (VXU).
    package static let facilityFeed: [String: Set<String>] = [
        "ADT": [
            "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "A13", "A14", "A18", "A28",
            "A24", "A29", "A31", "A34", "A36", "A37", "A40", "A47",
        ],
        "MDM": ["T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11"],
        "ORU": ["R01"], "VXU": ["V04"],
    ]

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
