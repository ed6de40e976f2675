import ExchangeCore

/// An MDM message with its document (HL7 v2.5.1, 9.5): what a receiver of the facility is sent. Printing one prints its
/// event alone.
package struct DocumentMessage: Sendable, CustomStringConvertible {
    /// What the message says of the document.
    package enum Event: String, Sendable {
        /// It is new.
        case original = "T02"
        /// It adds to its parent.
        case addendum = "T06"
        /// It takes its parent's place.
        case replacement = "T10"
    }

    /// Who sends, and to whom: MSH-3 to MSH-6.
    package struct Parties: Sendable, Hashable {
        /// MSH-3.
        package var sendingApplication: String
        /// MSH-4.
        package var sendingFacility: String
        /// MSH-5.
        package var receivingApplication: String?
        /// MSH-6.
        package var receivingFacility: String?

        /// Parties by their names.
        package init(
            sendingApplication: String, sendingFacility: String, receivingApplication: String?, receivingFacility: String?,
        ) {
            self.sendingApplication = sendingApplication
            self.sendingFacility = sendingFacility
            self.receivingApplication = receivingApplication
            self.receivingFacility = receivingFacility
        }
    }

    /// What it says of the document.
    package var event: Event
    /// MSH-3 to MSH-6.
    package var parties: Parties
    /// MSH-7 and EVN-2.
    package var time: Timestamp
    /// MSH-10, 20 characters at the most: the same each time the document is sent.
    package var controlID: String
    /// MSH-11.
    package var processingID = "P"
    /// PID-3.
    package var identifiers: [PatientIdentifier]
    /// The rest of PID.
    package var demographics: Demographics
    /// TXA-12 and TXA-13 are of this authority.
    package var authority: OID
    /// TXA-12.
    package var number: String
    /// TXA-13.
    package var parent: String?
    /// OBX-3, and what it makes of TXA-2.
    package var type: CodedValue?
    /// TXA-4.
    package var service: PartialDate?
    /// TXA-6.
    package var written: PartialDate?
    /// TXA-9.
    package var authors: [(name: PersonName?, identifier: PatientIdentifier?)] = []
    /// TXA-18.
    package var confidentiality: Confidentiality
    /// The document's media type.
    package var mediaType: String
    /// Its bytes, which leave as base64.
    package var content: [UInt8]

    /// A message from what every one has; the rest is set after.
    package init(
        _ event: Event, parties: Parties, time: Timestamp, controlID: String, identifiers: [PatientIdentifier],
        demographics: Demographics, authority: OID, number: String, confidentiality: Confidentiality, mediaType: String,
        content: [UInt8],
    ) {
        self.event = event
        self.parties = parties
        self.time = time
        self.controlID = controlID
        self.identifiers = identifiers
        self.demographics = demographics
        self.authority = authority
        self.number = number
        self.confidentiality = confidentiality
        self.mediaType = mediaType
        self.content = content
    }

    package var description: String { "MDM^" + event.rawValue }

    /// The message, in UTF-8.
    package var bytes: [UInt8] { header + patient + notification + observation }

    private var header: [UInt8] {
        var header = SegmentWriter("MSH")
        for name in [
            parties.sendingApplication, parties.sendingFacility, parties.receivingApplication, parties.receivingFacility,
        ] { header.field(name) }
        header.field(HL7Time.write(time))
        header.field(nil)
        header.field(WrittenField(["MDM", event.rawValue, "MDM_T02"]))
        header.field(controlID)
        header.field(processingID)
        header.field("2.5.1")
        for _ in 13...17 { header.field(nil) }
        header.field(HL7CharacterSet.utf8.name)
        var occurrence = SegmentWriter("EVN")
        occurrence.field(event.rawValue)
        occurrence.field(HL7Time.write(time))
        return header.finished() + occurrence.finished()
    }

    private var patient: [UInt8] {
        var patient = SegmentWriter("PID")
        patient.field("1")
        patient.field(nil)
        patient.field(WrittenField(repeating: identifiers.map { .identifier($0) }))
        patient.field(nil)
        patient.field(WrittenField(repeating: demographics.names.map(WrittenField.name)))
        patient.field(nil)
        patient.field(.time(demographics.birthDate))
        patient.field(demographics.sex.map(Self.sex))
        for _ in 9...10 { patient.field(nil) }
        patient.field(WrittenField(repeating: demographics.addresses.map(WrittenField.address)))
        patient.field(nil)
        patient.field(WrittenField(repeating: demographics.phones.map { WrittenField([$0]) }))
        var visit = SegmentWriter("PV1")
        visit.field("1")
        // A document is of no stay that its receiver knows (HL7 table 0004).
        visit.field("N")
        return patient.finished() + visit.finished()
    }

    private var notification: [UInt8] {
        var notification = SegmentWriter("TXA")
        notification.field("1")
        notification.field(type.flatMap { Self.documentTypes[$0.code] } ?? "CD")
        notification.field(mediaType.hasPrefix("text/") ? "TEXT" : "AP")
        notification.field(.time(service))
        notification.field(nil)
        notification.field(.time(written))
        for _ in 7...8 { notification.field(nil) }
        notification.field(WrittenField(repeating: authors.map { .person($0.name, $0.identifier) }))
        for _ in 10...11 { notification.field(nil) }
        notification.field(.entity(number, of: authority))
        notification.field(parent.map { .entity($0, of: authority) } ?? WrittenField(repeating: []))
        for _ in 14...16 { notification.field(nil) }
        notification.field("DO")
        notification.field(Self.confidentiality(confidentiality))
        notification.field("AV")
        return notification.finished()
    }

    private var observation: [UInt8] {
        let halves = mediaType.prefix { $0 != ";" }.split(separator: "/").map(String.init)
        var observation = SegmentWriter("OBX")
        observation.field("1")
        observation.field("ED")
        observation.field(WrittenField([type?.code, type?.display, type.map { Self.system(of: $0) }]))
        observation.field(nil)
        // Base64 has no sign that would have to be escaped.
        var value = Array("^".utf8)
        value += Array((halves.first == "text" ? "TEXT" : halves.first ?? "application").utf8) + [UInt8(ascii: "^")]
        value += Array((halves.count > 1 ? halves[1] : "octet-stream").utf8.filter { !Array("|^~\\&\r\n".utf8).contains($0) })
        value += Array("^Base64^".utf8) + Array(Base64.encode(content).utf8)
        observation.raw(value)
        for _ in 6...10 { observation.field(nil) }
        observation.field("F")
        return observation.finished()
    }

    private static func sex(_ sex: AdministrativeSex) -> String {
        switch sex {
        case .male: "M"
        case .female: "F"
        case .other: "O"
        case .unknown: "U"
        }
    }

    /// HL7 table 0272: usual, restricted, very restricted.
    private static func confidentiality(_ level: Confidentiality) -> String {
        level <= .normal ? "U" : level == .restricted ? "R" : "V"
    }

    private static func system(of code: CodedValue) -> String {
        switch code.system {
        case CodeSystems.loinc: "LN"
        case CodeSystems.snomed: "SCT"
        default: "L"
        }
    }

    /// HL7 table 0270 of the LOINC types that it has.
    private static let documentTypes = [
        "18842-5": "DS", "34117-2": "HP", "11488-4": "CN", "11504-8": "OP", "34111-5": "ED", "11506-3": "PN",
        "28570-0": "PR", "18748-4": "DI", "11526-1": "SP", "18761-7": "TS",
    ]
}
