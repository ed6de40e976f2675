import ExchangeCore
import HL7v2
import Testing

/// MDM out: whatever a document and its patient are called, our own reader understands it as it was meant.
struct DocumentMessageTests {
    private static func text(_ random: inout SplitMix64, _ length: ClosedRange<Int> = 1...20) -> String {
        let signs = Array("aZ09 |^~\\&'\"é\u{F6}\u{4E2D}-.")
        let drawn = String((0..<Int.random(in: length, using: &random)).map { _ in signs.randomElement(using: &random) ?? "a" })
        // Blanks around a name are no part of it, and `""` takes back what was said.
        let kept = drawn.split(separator: " ").joined(separator: " ")
        return kept.isEmpty || kept == "\"\"" ? "x" : kept
    }

    private static func message(_ random: inout SplitMix64) -> DocumentMessage {
        let identifiers = (0..<Int.random(in: 1...3, using: &random)).compactMap {
            PatientIdentifier(system: $0 == 0 ? "urn:oid:1.2.\($0)" : "http://e.org/\($0)", value: "N|\($0)^&")
        }
        let demographics = Demographics(
            names: [PersonName(family: text(&random), given: [text(&random).filter { $0 != " " }, text(&random)], suffix: "Jr")],
            birthDate: PartialDate("1931-12-07"), sex: AdministrativeSex.allCases.randomElement(using: &random),
            addresses: [PostalAddress(lines: [text(&random)], city: text(&random), state: "VT", postalCode: "05999")],
            phones: ["802-555-0142"])
        var message = DocumentMessage(
            [.original, .addendum, .replacement].randomElement(using: &random) ?? .original,
            parties: .init(
                sendingApplication: "C", sendingFacility: text(&random), receivingApplication: nil, receivingFacility: text(&random)),
            time: Timestamp(seconds: 1_796_000_000), controlID: "0123456789abcdef0123", identifiers: identifiers,
            demographics: demographics, authority: OID("1.3.6.1.4.1.21367.2026.10")!, number: "urn:oid:1.2.\(Int.random(in: 0...9, using: &random))",
            confidentiality: [.low, .normal, .restricted, .veryRestricted].randomElement(using: &random) ?? .normal,
            mediaType: ["text/plain", "text/xml", "application/pdf", "image/jpeg"].randomElement(using: &random) ?? "text/plain",
            content: (0..<Int.random(in: 1...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
        message.parent = message.event == .original ? nil : "urn:oid:9.9"
        message.type = CodedValue(code: "18842-5", system: CodeSystems.loinc, display: text(&random))
        message.written = PartialDate("2026-08-09T14:00:00.250-04:00")
        message.service = PartialDate("2026-08")
        message.authors = [(PersonName(family: text(&random), given: ["Ada"]), PatientIdentifier(system: "urn:oid:1.2.9", value: "77"))]
        return message
    }

    @Test(arguments: 0..<60) func `what is written is read as it was meant`(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let written = Self.message(&random)
        let read = try MessageReader.read(written.bytes)
        let header = try MessageHeader(read)
        #expect(header.type == "MDM" && header.event == written.event.rawValue && header.controlID == written.controlID)
        #expect(header.sendingFacility.namespace == written.parties.sendingFacility)
        let event = try DocumentFeedEvent.read(read, type: "MDM", event: header.event, bytesMax: 1000)
        #expect(event.patient.identifiers.map(\.value) == written.identifiers.map(\.value))
        #expect(event.patient.identifiers.first?.authority.uri == "urn:oid:1.2.0")
        #expect(event.patient.demographics.names.first?.family == written.demographics.names.first?.family)
        #expect(event.patient.demographics.birthDate == written.demographics.birthDate)
        #expect(event.patient.demographics.sex == written.demographics.sex)
        #expect(event.patient.demographics.addresses == written.demographics.addresses)
        #expect(event.number.value == written.number && event.number.authority.uri == "urn:oid:1.3.6.1.4.1.21367.2026.10")
        #expect(event.parent?.value == written.parent)
        #expect(event.notification?.originators.first?.identifier == "77")
        #expect(event.notification?.originators.first?.name?.family == written.authors.first?.name?.family)
        #expect(event.notification?.origination?.start == written.written?.start)
        #expect(event.notification?.activity == written.service)
        #expect(event.content?.bytes == written.content && event.content?.mediaType == written.mediaType)
        #expect(event.content?.code?.codedValues.first == written.type)
        let words = ["U", "U", "R", "V"]
        let level = [Confidentiality.low, .normal, .restricted, .veryRestricted].firstIndex(of: written.confidentiality)
        #expect(event.notification?.confidentiality == level.map { words[$0] })
        #expect("\(written)" == "MDM^\(written.event.rawValue)", "printing one tells nothing")
    }

    @Test func `a moment and a date are written as HL7 writes them`() throws {
        #expect(HL7Time.write(Timestamp(seconds: 0)) == "19700101000000.000+0000")
        for (text, written) in [
            ("2026", "2026"), ("2026-08", "202608"), ("2026-08-09", "20260809"), ("2026-08-09T14:00:00Z", "20260809140000+0000"),
            ("2026-08-09T14:00:00.25-04:30", "20260809140000.25-0430"),
        ] {
            let date = try #require(PartialDate(text))
            #expect(HL7Time.write(date) == written)
            #expect(HL7Time.read(written)?.start == date.start)
        }
    }
}
