import ExchangeCore
import HL7v2
import Testing

struct DocumentFeedEventTests {
    private static func message(_ type: String, _ segments: String) throws -> HL7Message {
        try MessageReader.read([UInt8](hl7: "MSH|^~\\&|A|B|C|D|20260809||\(type)|1|P|2.5.1\n" + segments))
    }

    private static func document(_ event: String, _ segments: String) throws(HL7Error) -> DocumentFeedEvent {
        guard let message = try? message("MDM^" + event, segments) else { throw HL7Error(.applicationError, "not a message") }
        return try DocumentFeedEvent.read(message, type: "MDM", event: event, bytesMax: 1000)
    }

    private static let patient = "PID|1||4711^^^ARH||Mohr^Alice\n"
    private static let text = "OBX|1|TX|18842-5^Discharge summary^LN||first line\nOBX|2|TX|||second line\n"

    static let acts: [(event: String, act: DocumentFeedEvent.Act)] = [
        ("T01", .original), ("T02", .original), ("T03", .revision), ("T04", .revision), ("T05", .addendum), ("T06", .addendum),
        ("T07", .revision), ("T08", .revision), ("T09", .replacement), ("T10", .replacement), ("T11", .cancellation),
    ]

    @Test(arguments: acts) func `each MDM event says what is to become of the document`(
        _ row: (event: String, act: DocumentFeedEvent.Act),
    ) throws {
        let event = try Self.document(row.event, Self.patient + "TXA|1|DS|TX|||||||||D-2^ARH|D-1^ARH\n" + Self.text)
        #expect(event.act == row.act)
        #expect(event.number.value == "D-2" && event.parent?.value == "D-1")
        #expect(event.numberPosition.description == "TXA-12")
        #expect((event.content == nil) == (row.act == .cancellation), "a cancelled document's content is not read")
        #expect(event.description == "document event")
    }

    @Test func `what is unavailable by TXA-19 is cancelled whatever the event, and T99 is none`() throws {
        let event = try Self.document("T03", Self.patient + "TXA|1|DS||||||||||D-2||||||||CA")
        #expect(event.act == .revision, "TXA-19 is the nineteenth field")
        let cancelled = try Self.document("T03", Self.patient + "TXA|1|DS||||||||||D-2|||||||CA")
        #expect(cancelled.act == .cancellation)
        #expect(throws: HL7Error.self) { try Self.document("T99", Self.patient + "TXA|1|DS||||||||||D-2") }
    }

    static let broken: [(event: String, segments: String, place: String)] = [
        ("T02", "TXA|1|DS||||||||||D-2", "PID"), ("T02", patient + patient, "PID[2]"), ("T02", patient, "TXA"),
        ("T02", patient + "TXA|1|DS", "TXA-12"), ("T06", patient + "TXA|1|DS||||||||||D-2", "TXA-13"),
        ("T10", patient + "TXA|1|DS||||||||||D-2", "TXA-13"),
        ("T02", patient + "TXA|1|DS||||||||||D-2\nOBX|1|ED|||^text^xml^Base64^!", "OBX-5.5"),
    ]

    @Test(arguments: broken) func `what is missing is refused at its place`(
        _ row: (event: String, segments: String, place: String),
    ) throws {
        let error = #expect(throws: HL7Error.self) { try Self.document(row.event, row.segments) }
        #expect(error?.position?.description.hasPrefix(row.place) == true, "\(String(describing: error))")
        #expect(error?.description.contains("Mohr") == false)
    }

    private static let results = """
        PID|1||4711^^^ARH||Mohr^Alice
        OBR|1|P-1|F-9^LAB|24323-8^Metabolic panel^LN|||202608091200|||||||||||||||202608091300|||F
        OBX|1|NM|2823-3^Potassium^LN||6.8|mmol/L|3.5-5.1|HH|||F
        NTE|1||called to the ward
        OBX|2|CE|882-1^Blood group^LN||A^A positive^L||||||C
        OBX|3|SN|2345-7^Glucose^LN||<^5|mg/dL|||||F
        OBX|4|NM|2951-2^Sodium^LN|||mmol/L|||||X
        """

    @Test func `discrete results become lines that people read, units, ranges, flags and states with them`() throws {
        let event = try DocumentFeedEvent.read(
            Self.message("ORU^R01", Self.results), type: "ORU", event: "R01", bytesMax: 10_000)
        #expect(event.act == .revision && event.number.value == "F-9" && event.numberPosition.description == "OBR-3")
        let content = try #require(event.content)
        #expect(content.mediaType == "text/plain")
        #expect(content.code?.text == "Metabolic panel")
        #expect(
            String(decoding: content.bytes, as: UTF8.self) == """
                Metabolic panel, 2026-08-09T12:00:00Z, status F
                  Potassium: 6.8 mmol/L (reference 3.5-5.1) [HH]
                    called to the ward
                  Blood group: A positive (A) {status C}
                  Glucose: <5 mg/dL

                """)
        let error = #expect(throws: HL7Error.self) {
            try DocumentFeedEvent.read(Self.message("ORU^R01", Self.results), type: "ORU", event: "R01", bytesMax: 20)
        }
        #expect(error?.position?.segment == "OBX")
    }

    @Test func `a report in words and a document within are taken as they are`() throws {
        let order = "PID|1||4711^^^ARH\nOBR|1|P-1||18748-4^Chest x-ray^LN\n"
        let words = try DocumentFeedEvent.read(
            Self.message("ORU^R01", order + "OBX|1|FT|||No \\.br\\ effusion"), type: "ORU", event: "R01", bytesMax: 1000)
        #expect(words.number.value == "P-1" && words.numberPosition.description == "OBR-2")
        #expect(words.content?.bytes.isEmpty == false)
        let scan = try DocumentFeedEvent.read(
            Self.message("ORU^R01", order + "OBX|1|NM|||5\nOBX|2|ED|||^application^pdf^Base64^JVBERi0="), type: "ORU",
            event: "R01", bytesMax: 1000)
        #expect(scan.content?.bytes == Array("%PDF-".utf8))
        #expect(scan.content?.mediaType == "application/pdf")
        let none = #expect(throws: HL7Error.self) {
            try DocumentFeedEvent.read(Self.message("ORU^R01", "PID|1||1^^^ARH"), type: "ORU", event: "R01", bytesMax: 10)
        }
        #expect(none?.position?.segment == "OBR")
    }

    private static func identity(_ event: String, _ segments: String) throws(HL7Error) -> PatientFeedEvent {
        guard let message = try? message("ADT^" + event, "EVN|\(event)\n" + segments) else {
            throw HL7Error(.applicationError, "not a message")
        }
        let table = AssigningAuthorities(byNamespace: ["ARH": "urn:oid:1.2.3", "SSA": "urn:oid:1.2.4"])
        return try PatientFeedEvent.read(message, event: event, authorities: table)
    }

    private static func number(_ value: String, _ system: String = "urn:oid:1.2.3") throws -> PatientIdentifier {
        try #require(PatientIdentifier(system: system, value: value))
    }

    @Test func `A47 names the one identifier that changed, A29 withdraws, a cancelled stay is a registration`() throws {
        let changed = try Self.identity("A47", "PID|1||2^^^ARH~9^^^SSA||Mohr^Alice\nMRG|1^^^ARH~9^^^SSA")
        guard case .renumbered(let prior, let new, _) = changed else {
            Issue.record("\(changed)")
            return
        }
        #expect(try prior == Self.number("1") && new == Self.number("2"))
        #expect(try Self.identity("A29", "PID|1||2^^^ARH||Mohr^Alice") == .withdrawn(Self.number("2")))
        for event in ["A01", "A02", "A03", "A06", "A08", "A11", "A12", "A13"] {
            guard case .registered = try Self.identity(event, "PID|1||2^^^ARH||Mohr^Alice\nPV1|1|I") else {
                Issue.record("\(event)")
                continue
            }
            #expect(throws: HL7Error.self) { try Self.identity(event, "PID|1||2^^^ARH||Mohr^Alice") }
        }
        for event in ["A18", "A34", "A36", "A40"] {
            #expect(try Self.identity(event, "PID|1||2^^^ARH\nMRG|1^^^ARH").description == "merge")
        }
        for (patient, prior) in [("1^^^ARH", "1^^^ARH"), ("2^^^ARH", "9^^^SSA"), ("5^^^ARH", "1^^^ARH~2^^^ARH")] {
            let error = #expect(throws: HL7Error.self) { try Self.identity("A47", "PID|1||\(patient)\nMRG|\(prior)") }
            #expect(error?.position?.description.hasPrefix("MRG-1") == true)
        }
    }
}
