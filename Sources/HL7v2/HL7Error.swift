/// Where in a message: `ERL` of ERR-2, counted from 1 (HL7 v2.8, 2.A.28).
package struct HL7Position: Hashable, Sendable, CustomStringConvertible {
    /// The segment's name, such as `PID`.
    package var segment: String
    /// Which of the segments of that name.
    package var sequence: Int
    /// The field; nil for the segment as a whole.
    package var field: Int?
    /// Which repetition of the field.
    package var repetition: Int?
    /// The component.
    package var component: Int?
    /// The subcomponent.
    package var subcomponent: Int?

    /// A place.
    package init(
        _ segment: String, _ sequence: Int = 1, field: Int? = nil, repetition: Int? = nil, component: Int? = nil,
        subcomponent: Int? = nil,
    ) {
        self.segment = segment
        self.sequence = sequence
        self.field = field
        self.repetition = repetition
        self.component = component
        self.subcomponent = subcomponent
    }

    /// `PID-3`, `PID[2]-3[1].4.2`: as people write it.
    package var description: String {
        var text = segment + (sequence > 1 ? "[\(sequence)]" : "")
        if let field { text += "-\(field)" }
        if let repetition, repetition > 1 { text += "[\(repetition)]" }
        if let component { text += ".\(component)" }
        if let subcomponent { text += ".\(subcomponent)" }
        return text
    }
}

/// Why a message was refused: a condition of HL7's table 0357, what to do, and where. Never patient data.
package struct HL7Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// Message error conditions (HL7 table 0357).
    package enum Condition: Int, Sendable, CaseIterable {
        case segmentSequence = 100
        case requiredField = 101
        case dataType = 102
        case tableValue = 103
        case messageType = 200
        case eventCode = 201
        case processingID = 202
        case version = 203
        case unknownKey = 204
        case duplicateKey = 205
        case recordLocked = 206
        case applicationError = 207

        /// The table's own words.
        package var text: String {
            switch self {
            case .segmentSequence: "Segment sequence error"
            case .requiredField: "Required field missing"
            case .dataType: "Data type error"
            case .tableValue: "Table value not found"
            case .messageType: "Unsupported message type"
            case .eventCode: "Unsupported event code"
            case .processingID: "Unsupported processing id"
            case .version: "Unsupported version id"
            case .unknownKey: "Unknown key identifier"
            case .duplicateKey: "Duplicate key identifier"
            case .recordLocked: "Application record locked"
            case .applicationError: "Application internal error"
            }
        }

        /// Whether the message is rejected (AR) for what it is, rather than answered with an error (AE) in its content
        /// (HL7 v2.8, 2.9.2.2).
        package var isRejection: Bool {
            switch self {
            case .messageType, .eventCode, .processingID, .version, .recordLocked: true
            case .segmentSequence, .requiredField, .dataType, .tableValue, .unknownKey, .duplicateKey,
                .applicationError: false
            }
        }
    }

    /// Which of table 0357.
    package let condition: Condition
    /// One lower-case sentence for the person who must act; no patient data, no period.
    package let message: String
    /// Where; nil when it is about the message as a whole.
    package let position: HL7Position?

    /// An error with its condition, what to do, and where.
    package init(_ condition: Condition, _ message: String, at position: HL7Position? = nil) {
        self.condition = condition
        self.message = message
        self.position = position
    }

    package var description: String { position.map { "\(message) (\($0))" } ?? message }
}
