import ExchangeCore

/// What an MDM, ORU or VXU message says of a document (HL7 v2.8, 9.5 and 7.3.1). Printing one prints its kind alone.
package struct DocumentFeedEvent: Sendable, CustomStringConvertible {
    /// What is to become of the document.
    package enum Act: Hashable, Sendable {
        /// T01, T02: it is new.
        case original
        /// T03, T04, T07, T08, and every report of ORU and VXU: its state or content may have changed.
        case revision
        /// T05, T06: it adds to its parent.
        case addendum
        /// T09, T10: it takes its parent's place.
        case replacement
        /// T11: it is no longer to be used.
        case cancellation
    }

    /// What is to become of it.
    package let act: Act
    /// PID: whose it is.
    package let patient: PatientIdentification
    /// TXA-12, or OBR-3 (else OBR-2) of a report, or ORC-3 (else ORC-2) of immunisations: the sender's number for it.
    package let number: EntityIdentifier
    /// Where the number stands.
    package let numberPosition: HL7Position
    /// TXA-13: the number of its parent.
    package let parent: EntityIdentifier?
    /// What kind of thing it is where the message type alone says so.
    package let kind: Kind
    /// TXA; nil of a report.
    package let notification: DocumentNotification?
    /// The first OBR; nil of a document without.
    package let request: ObservationRequest?
    /// PV1; nil where there is none.
    package let visit: PatientVisit?
    /// Its content; nil of a message that only speaks of it.
    package let content: EncapsulatedDocument?
    /// What the message codes: services, observations, coded results, diagnoses, procedures; for sensitivity labels.
    package let codes: [CodedElement]

    package var description: String { "document event" }

    /// What the message type says of a document.
    package enum Kind: Hashable, Sendable {
        /// MDM.
        case document
        /// ORU.
        case report
        /// VXU.
        case immunizations
    }

    /// Reads an MDM, ORU or VXU message.
    ///
    /// A report's discrete results become lines of text, since its readers elsewhere may have no way to show HL7; a document
    /// within (`ED`) is taken as it is.
    package static func read(
        _ message: HL7Message, type: String, event: String?, bytesMax: Int,
    ) throws(HL7Error) -> DocumentFeedEvent {
        let patients = message.all("PID")
        guard let first = patients.first else {
            throw HL7Error(.segmentSequence, "the segment PID is missing", at: HL7Position("PID"))
        }
        guard patients.count == 1 else {
            throw HL7Error(
                .segmentSequence, "more than one PID; send one message for each patient", at: patients[1].position())
        }
        let patient = try PatientIdentification(first)
        let visit = try message.first("PV1").map { segment throws(HL7Error) in try PatientVisit(segment) }
        let request = try message.first("OBR").map { segment throws(HL7Error) in try ObservationRequest(segment) }
        if type == "VXU" { return try immunizations(message, patient, visit, bytesMax) }
        guard type == "MDM" else { return try report(message, patient, visit, request, bytesMax) }
        guard let segment = message.first("TXA") else {
            throw HL7Error(.segmentSequence, "the segment TXA is missing", at: HL7Position("TXA"))
        }
        let notification = try DocumentNotification(segment)
        let act = try act(event, notification, segment)
        if act == .addendum || act == .replacement, notification.parentID == nil {
            throw segment.field(13).refusal(.requiredField, "the number of the document it is about is missing")
        }
        return DocumentFeedEvent(
            act: act, patient: patient, number: notification.uniqueID, numberPosition: segment.position(field: 12),
            parent: notification.parentID, kind: .document, notification: notification, request: request, visit: visit,
            content: act == .cancellation ? nil : try EncapsulatedDocument.read(message.all("OBX"), bytesMax: bytesMax),
            codes: try codes(message))
    }

    private static func codes(_ message: HL7Message) throws(HL7Error) -> [CodedElement] {
        var codes: [CodedElement] = []
        for segment in message.segments {
            switch segment.name {
            case "OBR": codes += try elements(segment.field(4))
            case "DG1", "PR1": codes += try elements(segment.field(3))
            case "RXA": codes += try elements(segment.field(5))
            case "OBX":
                codes += try elements(segment.field(3))
                guard ["CE", "CWE", "CNE"].contains(try segment.field(2).text() ?? "") else { continue }
                codes += try elements(segment.field(5))
            default: continue
            }
        }
        return codes
    }

    private static func elements(_ field: HL7Element) throws(HL7Error) -> [CodedElement] {
        try DataTypes.all(field) { element throws(HL7Error) in try CodedElement(element) }
    }

    private static func act(
        _ event: String?, _ notification: DocumentNotification, _ segment: HL7Segment,
    ) throws(HL7Error) -> Act {
        // TXA-19: cancelled or obsolete, whatever the event.
        if ["CA", "OB"].contains(notification.availability ?? "") { return .cancellation }
        switch event {
        case "T01", "T02": return .original
        case "T03", "T04", "T07", "T08": return .revision
        case "T05", "T06": return .addendum
        case "T09", "T10": return .replacement
        case "T11": return .cancellation
        default: throw HL7Error(.eventCode, "of MDM the events T01 to T11 are read", at: HL7Position("MSH", field: 9))
        }
    }

    private static func report(
        _ message: HL7Message, _ patient: PatientIdentification, _ visit: PatientVisit?, _ request: ObservationRequest?,
        _ bytesMax: Int,
    ) throws(HL7Error) -> DocumentFeedEvent {
        guard let request, let segment = message.first("OBR") else {
            throw HL7Error(.segmentSequence, "the segment OBR is missing", at: HL7Position("OBR"))
        }
        guard let number = request.fillerOrder ?? request.placerOrder else {
            throw segment.field(3).refusal(.requiredField, "the report has no order number")
        }
        let observations = message.all("OBX")
        var kinds: Set<String> = []
        for observation in observations where observation.field(5).isValued {
            kinds.insert(try observation.field(2).text() ?? "")
        }
        let isWhole = kinds.contains("ED") || kinds.isSubset(of: ["TX", "FT", "ST"])
        let only = kinds.contains("ED") ? try encapsulated(observations) : observations
        let content =
            isWhole
            ? try EncapsulatedDocument.read(only, bytesMax: bytesMax)
            : try ReportText.document(message, bytesMax: bytesMax)
        return DocumentFeedEvent(
            act: .revision, patient: patient, number: number,
            numberPosition: segment.position(field: request.fillerOrder == nil ? 2 : 3), parent: nil, kind: .report,
            notification: nil,
            request: request, visit: visit, content: content, codes: try codes(message))
    }

    /// What was given, and what was refused, as lines of text under the number of its order.
    private static func immunizations(
        _ message: HL7Message, _ patient: PatientIdentification, _ visit: PatientVisit?, _ bytesMax: Int,
    ) throws(HL7Error) -> DocumentFeedEvent {
        guard message.first("RXA") != nil else {
            throw HL7Error(.segmentSequence, "the segment RXA is missing", at: HL7Position("RXA"))
        }
        guard let order = message.first("ORC") else {
            throw HL7Error(.segmentSequence, "the segment ORC is missing", at: HL7Position("ORC"))
        }
        let filler = try EntityIdentifier(order.field(3))
        guard let number = filler == nil ? try EntityIdentifier(order.field(2)) : filler else {
            throw order.field(3).refusal(.requiredField, "the immunisation has no order number")
        }
        return DocumentFeedEvent(
            act: .revision, patient: patient, number: number, numberPosition: order.position(field: filler == nil ? 2 : 3),
            parent: nil, kind: .immunizations, notification: nil, request: nil, visit: visit,
            content: try ImmunizationText.document(message, bytesMax: bytesMax), codes: try codes(message))
    }

    private static func encapsulated(_ observations: [HL7Segment]) throws(HL7Error) -> [HL7Segment] {
        var kept: [HL7Segment] = []
        for observation in observations { if try observation.field(2).text() == "ED" { kept.append(observation) } }
        return kept
    }
}
