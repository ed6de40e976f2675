/// MSH: who sends what to whom, and how it is to be acknowledged (HL7 v2.8, 2.14.9).
package struct MessageHeader: Hashable, Sendable {
    /// MSH-3.
    package let sendingApplication: HierarchicDesignator
    /// MSH-4.
    package let sendingFacility: HierarchicDesignator
    /// MSH-5.
    package let receivingApplication: HierarchicDesignator
    /// MSH-6.
    package let receivingFacility: HierarchicDesignator
    /// MSH-7, as written.
    package let time: String?
    /// MSH-9.1, such as `ADT`.
    package let type: String
    /// MSH-9.2, such as `A01`; nil for messages without an event.
    package let event: String?
    /// MSH-9.3, such as `ADT_A01`; older versions leave it out.
    package let structure: String?
    /// MSH-10: the sender's name for the message.
    package let controlID: String
    /// MSH-11.1: `P` production, `T` training, `D` debugging.
    package let processingID: String
    /// MSH-12.1, such as `2.5.1`.
    package let version: String
    /// MSH-13.
    package let sequenceNumber: Int?
    /// MSH-15: when a commit acknowledgement is asked for.
    package let acceptAcknowledgement: AcknowledgementWish?
    /// MSH-16: when an application acknowledgement is asked for.
    package let applicationAcknowledgement: AcknowledgementWish?

    /// Reads the header; what it must say and does not is refused with its place.
    package init(_ message: HL7Message) throws(HL7Error) {
        guard let segment = message.first("MSH") else {
            throw HL7Error(.segmentSequence, "a message begins with the segment MSH", at: HL7Position("MSH"))
        }
        sendingApplication = try HierarchicDesignator(segment.field(3))
        sendingFacility = try HierarchicDesignator(segment.field(4))
        receivingApplication = try HierarchicDesignator(segment.field(5))
        receivingFacility = try HierarchicDesignator(segment.field(6))
        time = try segment.field(7).text()
        type = try segment.field(9).requiredText("the message type")
        event = try segment.field(9).component(2).text()
        structure = try segment.field(9).component(3).text()
        controlID = try segment.field(10).requiredText("the message control id")
        processingID = try segment.field(11).requiredText("the processing id")
        version = try segment.field(12).requiredText("the version")
        sequenceNumber = try segment.field(13).text().flatMap { Int($0) }
        acceptAcknowledgement = try AcknowledgementWish(segment.field(15))
        applicationAcknowledgement = try AcknowledgementWish(segment.field(16))
    }

    /// Whether the sender uses the enhanced acknowledgement mode: it filled MSH-15 or MSH-16 (HL7 v2.8, 2.9.3).
    package var isEnhanced: Bool { acceptAcknowledgement != nil || applicationAcknowledgement != nil }
}

/// When an acknowledgement is asked for (HL7 table 0155).
package enum AcknowledgementWish: String, Sendable, CaseIterable {
    case always = "AL"
    case never = "NE"
    case onError = "ER"
    case onSuccess = "SU"

    /// Reads MSH-15 or MSH-16; nil when it is empty.
    init?(_ field: HL7Element) throws(HL7Error) {
        guard let text = try field.text(), text.utf8.contains(where: { $0 != 0x20 }) else { return nil }
        guard let wish = AcknowledgementWish(rawValue: text) else {
            throw field.refusal(.tableValue, "an acknowledgement condition is AL, NE, ER or SU")
        }
        self = wish
    }

    /// Whether it is asked for after this outcome.
    package func isMet(isSuccess: Bool) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .onError: !isSuccess
        case .onSuccess: isSuccess
        }
    }
}

/// Versions of HL7 v2, as MSH-12 writes them.
package enum HL7Version {
    /// Those that are read here.
    package static let supported = ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"]

    /// Whether a version is at least another; an unknown one counts as the newest.
    static func isAtLeast(_ version: String, _ other: String) -> Bool {
        guard let ours = supported.firstIndex(of: version) else { return true }
        return ours >= (supported.firstIndex(of: other) ?? 0)
    }
}
