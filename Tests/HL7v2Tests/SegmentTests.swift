import ExchangeCore
import HL7v2
import Testing

struct SegmentTests {
    private static let authorities = AssigningAuthorities(
        byNamespace: ["ARH": "urn:oid:1.3.6.1.4.1.21367.2026.10.1"], universal: [])

    @Test func `PID becomes identifiers and demographics`() throws {
        let message = try MessageReader.read(Samples.admission)
        let patient = try PatientIdentification(#require(message.first("PID")))
        #expect(patient.identifiers.map(\.value) == ["RH-204417", "4711"])
        #expect(patient.identifiers[0].authority.uri == "urn:oid:1.3.6.1.4.1.21367.2026.10.1")
        #expect(patient.identifiers[0].typeCode == "MR")
        let person = patient.demographics
        #expect(person.names.count == 2)
        #expect(person.names[0] == PersonName(family: "Quintero Vásquez", given: ["Marisol", "Elena"], suffix: "Jr"))
        #expect(person.birthDate?.text == "1957-03-14")
        #expect(person.sex == .female)
        #expect(person.addresses[0].lines == ["48 Tamarack Lane", "Apt 2"])
        #expect(person.addresses[0].postalCode == "05999")
        #expect(person.phones == ["(802)555-0142"])
        #expect(person.emails == ["mq@example.org"])
        #expect("\(patient) \(patient.identifiers) \(message)".contains("Quintero") == false)
    }

    @Test func `PV1 and EVN say when and where`() throws {
        let message = try MessageReader.read(Samples.admission)
        let visit = try PatientVisit(#require(message.first("PV1")))
        #expect(visit.patientClass == "I")
        #expect(visit.facility.namespace == "ARH")
        #expect(visit.attendingDoctors.first?.identifier == "004777")
        #expect(visit.attendingDoctors.first?.name?.family == "Lindgren")
        #expect(visit.service == "SUR")
        #expect(visit.visitNumber?.value == "V100")
        #expect(visit.dischargeDisposition == "01")
        #expect(visit.admitted?.text == "2026-08-05")
        #expect(visit.discharged?.text == "2026-08-09T14:30:00Z")
        let event = try EventType(#require(message.first("EVN")))
        #expect(event.code == "A01")
        #expect(event.recorded?.text == "2026-08-09T12:00:00Z")
    }

    @Test func `OBR, OBX and RXA are read`() throws {
        let message = try MessageReader.read(Samples.laboratory)
        let request = try ObservationRequest(#require(message.first("OBR")))
        #expect(request.fillerOrder?.value == "F1")
        #expect(request.service?.codedValues == [CodedValue(code: "24323-8", system: CodeSystems.loinc)])
        #expect(request.status == "F")
        let result = try ObservationResult(#require(message.first("OBX")))
        #expect(result.valueType == "NM")
        #expect(try result.values.text() == "4.1")
        #expect(result.units?.code == "mmol/L")
        #expect(result.interpretation == ["N"])
        #expect(result.observed?.text == "2026-08-08")
        let shot = try PharmacyAdministration(#require(message.first("RXA")))
        #expect(shot.administered?.codedValues == [CodedValue(code: "150", system: "http://hl7.org/fhir/sid/cvx")])
        #expect(shot.amount == "0.5")
        #expect(shot.lotNumbers == ["L77"])
        #expect(shot.completionStatus == "CP")
    }

    @Test func `TXA names the document and what it replaces, its lines are put together`() throws {
        let message = try MessageReader.read(Samples.document)
        let notice = try DocumentNotification(#require(message.first("TXA")))
        #expect(notice.documentType?.code == "DS")
        #expect(notice.uniqueID.value == "DOC2")
        #expect(notice.uniqueID.authority.uri == "urn:oid:1.3.6.1.4.1.21367.2026.10.3")
        #expect(notice.parentID?.value == "DOC1")
        #expect(notice.completionStatus == "LA")
        #expect(notice.availability == "AV")
        #expect(notice.originators.first?.identifier == "77")
        let document = try #require(try EncapsulatedDocument.read(message.all("OBX")))
        #expect(
            String(decoding: document.bytes, as: UTF8.self)
                == "Heart failure, better.\nSecond line\nthird\nHome.\n")
        #expect(document.mediaType == "text/plain")
        #expect(document.code?.code == "18842-5")
    }

    private static func document(_ segments: String) throws(HL7Error) -> EncapsulatedDocument? {
        let message = try MessageReader.read([UInt8](hl7: "MSH|^~\\&|A\n" + segments))
        return try EncapsulatedDocument.read(message.all("OBX"), bytesMax: 10)
    }

    @Test func `an encapsulated document is decoded, two are refused`() throws {
        #expect(try Self.document("OBX|1|ED|||^application^pdf^Base64^SGVsbG8=")?.bytes == Array("Hello".utf8))
        #expect(try Self.document("OBX|1|ED|||^application^pdf^Base64^SGVsbG8=")?.mediaType == "application/pdf")
        #expect(try Self.document(#"OBX|1|ED|||^TEXT^XML^Base64^SGVs\.br\bG8="#)?.mediaType == "text/xml")
        #expect(try Self.document("OBX|1|ED|||^text^plain^A^Hello")?.bytes == Array("Hello".utf8))
        #expect(try Self.document("OBX|1|ED|||^x^octet-stream^Hex^48656C6C6F")?.mediaType == nil)
        #expect(try Self.document("OBX|1|NM|||4") == nil)
        let refused = [
            "OBX|1|ED|||^a^pdf^Base64^SGVsbG8", "OBX|1|ED|||^a^pdf^Base65^SGVsbG8=", "OBX|1|ED|||^a^pdf^Base64^",
            "OBX|1|ED|||^a^pdf^Hex^4", "OBX|1|ED|||^a^txt^A^12345678901", "OBX|1|TX|||12345678901",
            "OBX|1|ED|||^a^b^A^x\nOBX|2|ED|||^a^b^A^y", "OBX|1|TX|||x\nOBX|2|ED|||^a^b^A^y",
            "OBX|1|ED|||^a^b^A^y\nOBX|2|TX|||x",
        ]
        for segments in refused {
            let error = #expect(throws: HL7Error.self, "\(segments)") { try Self.document(segments) }
            #expect(error?.position?.segment == "OBX")
        }
    }

    @Test func `a feed may speak only for the authorities of its table`() throws {
        let message = try MessageReader.read(Samples.admission)
        let identifiers = try PatientIdentification(#require(message.first("PID"))).identifiers
        #expect(
            try Self.authorities.identifiers(identifiers)
                == [PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: "RH-204417")])
        let error = #expect(throws: HL7Error.self) { try AssigningAuthorities().identifiers(identifiers) }
        #expect(error?.condition == .unknownKey)
        #expect(error?.position?.description == "PID-3")
        var widened = Self.authorities
        widened.byNamespace["CLINIC"] = "urn:oid:1.2.3"
        #expect(try widened.identifiers(identifiers).count == 2)
        // A universal id nobody admitted is refused, whatever name stands beside it.
        let foreign = HierarchicDesignator(namespace: "ARH", universalID: "1.2.3.4", universalIDType: "ISO")
        #expect(Self.authorities.system(of: foreign) == nil)
        #expect(Self.authorities.system(of: HierarchicDesignator(namespace: nil)) == nil)
    }

    @Test func `a merge names both, within one authority, and never itself`() throws {
        func event(_ patient: String, _ prior: String) throws(HL7Error) -> PatientFeedEvent {
            let text = "MSH|^~\\&|A\nEVN|A40\nPID|1||\(patient)||Q^M\nMRG|\(prior)"
            var authorities = Self.authorities
            authorities.byNamespace["CLINIC"] = "urn:oid:1.2.3"
            return try PatientFeedEvent.read(
                MessageReader.read([UInt8](hl7: text)), event: "A40", authorities: authorities)
        }
        guard case .merged(let prior, let into, _) = try event("1^^^ARH~9^^^CLINIC", "8^^^CLINIC") else {
            Issue.record("not a merge")
            return
        }
        #expect(prior == PatientIdentifier(system: "urn:oid:1.2.3", value: "8"))
        #expect(into == PatientIdentifier(system: "urn:oid:1.2.3", value: "9"))
        for (patient, prior, condition) in [
            ("1^^^ARH", "1^^^ARH", HL7Error.Condition.duplicateKey), ("1^^^ARH", "2^^^CLINIC", .unknownKey),
            ("1^^^ARH", "2^^^ARH~3^^^ARH", .dataType), ("1^^^ARH", "", .requiredField), ("", "1^^^ARH", .requiredField),
        ] {
            let error = #expect(throws: HL7Error.self) { try event(patient, prior) }
            #expect(error?.condition == condition, "\(patient) \(prior)")
        }
    }
}
