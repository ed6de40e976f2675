import CDA
import ExchangeCore
import Testing

struct ClinicalDocumentTests {
    static let text = """
        <ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
        <templateId root="2.16.840.1.113883.10.20.22.1.1" extension="2015-08-01"/><id root="1.2.3" extension="A 1"/>
        <code code="18842-5" codeSystem="2.16.840.1.113883.6.1"><translation code="t" codeSystem="9.9"/></code>
        <title> Discharge
         Summary </title><effectiveTime value="20260302101500+0100"/><confidentialityCode code="R"/>
        <languageCode code="en-US"/><setId root="1.2.4"/><versionNumber value="2"/>
        <recordTarget><patientRole><id root="1.2.5" extension="MRN-1"/><id nullFlavor="UNK"/>
        <addr><streetAddressLine>1 Main St</streetAddressLine><city>Town</city></addr><telecom value="tel:+1-555"/>
        <telecom value="mailto:a@b.c"/><patient><name><given>Other</given><family>Nick</family></name>
        <name use="L"><given>Alice</given><given> Ann </given><family>Mohr</family></name>
        <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19580130120000-0500"/>
        </patient></patientRole></recordTarget>
        <author><time value="20260302"/><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="9"/>
        <assignedPerson><name>Dr Who</name></assignedPerson>
        <representedOrganization><id root="1.2.6"/><name>Clinic</name></representedOrganization>
        </assignedAuthor></author>
        <custodian><assignedCustodian><representedCustodianOrganization><id root="1.2.6"/><name>Clinic</name>
        </representedCustodianOrganization></assignedCustodian></custodian>
        <documentationOf><serviceEvent classCode="PCPR"><effectiveTime><low value="20260226"/><high value="20260302"/>
        </effectiveTime></serviceEvent></documentationOf>
        <relatedDocument typeCode="RPLC">
        <parentDocument><id root="1.2.3" extension="0"/></parentDocument></relatedDocument>
        <componentOf><encompassingEncounter><id root="1.2.7"/><effectiveTime value="20260226"/><location>
        <healthCareFacility><code code="22232009" codeSystem="2.16.840.1.113883.6.96"/></healthCareFacility></location>
        </encompassingEncounter></componentOf>
        <component><structuredBody><component><section><code code="11450-4" codeSystem="2.16.840.1.113883.6.1"/>
        <title>Problems</title><text>code</text><entry><observation classCode="OBS" moodCode="EVN">
        <code code="ASSERTION" codeSystem="2.16.840.1.113883.5.4"/><value xsi:type="CD" code="7200002"
        codeSystem="2.16.840.1.113883.6.96"><translation code="F10.20" codeSystem="2.16.840.1.113883.6.90"/></value>
        </observation></entry></section></component></structuredBody></component></ClinicalDocument>
        """

    private func read(_ text: String) throws -> ClinicalDocument { try ClinicalDocument.read(Array(text.utf8)) }

    @Test func `the header says what a registry needs`() throws {
        let document = try read(Self.text)
        #expect(document.problems.isEmpty, "\(document.problems)")
        #expect(document.uniqueID == "urn:oid:1.2.3^A%201")
        #expect(document.idRoot == "1.2.3")
        #expect(document.idExtension == "A 1")
        #expect(document.code == CodedValue(code: "18842-5", system: CodeSystems.loinc))
        #expect(document.codeTranslations == [CodedValue(code: "t", system: "urn:oid:9.9")])
        #expect(document.title == "Discharge Summary")
        #expect(document.effectiveTime?.text == "2026-03-02T10:15:00+01:00")
        #expect(document.confidentiality == CodedValue(code: "R", system: CodeSystems.confidentiality))
        #expect(document.language == "en-US")
        #expect(document.setID == InstanceIdentifier(root: "1.2.4"))
        #expect(document.versionNumber == 2)
        #expect(document.replaces == ["urn:oid:1.2.3^0"])
        #expect(document.authors.first?.person == PersonName(family: "Dr Who"))
        #expect(
            document.authors.first?.identifiers == [InstanceIdentifier(root: "2.16.840.1.113883.4.6", extension: "9")])
        #expect(document.authors.first?.organization?.name == "Clinic")
        #expect(document.custodian?.organization?.identifiers == [InstanceIdentifier(root: "1.2.6")])
        #expect(document.serviceStart?.text == "2026-02-26")
        #expect(document.serviceStop?.text == "2026-03-02")
        #expect(document.encounter?.facilityType == CodedValue(code: "22232009", system: CodeSystems.snomed))
    }

    @Test func `the patient is the one of the legal name, born on a day`() throws {
        let target = try #require(try read(Self.text).recordTargets.first)
        #expect(target.identifiers == [PatientIdentifier(system: "urn:oid:1.2.5", value: "MRN-1")])
        #expect(target.demographics.names.map(\.family) == ["Mohr", "Nick"])
        #expect(target.demographics.names.first?.given == ["Alice", "Ann"])
        #expect(target.demographics.birthDate?.text == "1958-01-30")
        #expect(target.demographics.sex == .female)
        #expect(target.demographics.addresses == [PostalAddress(lines: ["1 Main St"], city: "Town")])
        #expect(target.demographics.phones == ["+1-555"])
        #expect(target.demographics.emails == ["a@b.c"])
        #expect("\(target)" == "<redacted>")
    }

    @Test func `codes are found with their translations`() throws {
        let document = try read(Self.text)
        #expect(document.codedEntries.map(\.code) == ["22232009", "11450-4", "ASSERTION", "7200002", "F10.20"])
        #expect(
            document.codedEntries.last?.value == CodedValue(code: "F10.20", system: "http://hl7.org/fhir/sid/icd-10-cm")
        )
        guard case .structured(let sections) = document.body else {
            Issue.record("the body has no sections")
            return
        }
        #expect(sections.map(\.code) == [CodedValue(code: "11450-4", system: CodeSystems.loinc)])
        #expect(sections.map(\.title) == ["Problems"])
        #expect(sections.map(\.entries) == [1])
    }

    @Test(arguments: [
        ("<id root=\"1.2.3\" extension=\"A 1\"/>", "", "id"),
        ("<id root=\"1.2.3\" extension=\"A 1\"/>", "<id root=\"x\"/>", "id"),
        ("recordTarget>", "x>", "recordTarget"), ("root=\"1.2.5\"", "nullFlavor=\"NI\"", "recordTarget/patientRole/id"),
    ])
    func `what a registry cannot do without is an error`(_ row: (old: String, new: String, path: String)) throws {
        let document = try read(
            Self.text.split(separator: row.old, omittingEmptySubsequences: false).joined(separator: row.new))
        #expect(document.problems.first?.severity == .error)
        #expect(document.problems.first?.path == "ClinicalDocument/" + row.path)
    }

    @Test(arguments: [
        "title", "effectiveTime", "languageCode", "author", "custodian", "component", "confidentialityCode",
    ])
    func `what it can do without is a warning`(_ name: String) throws {
        let document = try read(
            Self.text.split(separator: "<" + name, omittingEmptySubsequences: false).joined(separator: "<x")
                .split(separator: "</" + name, omittingEmptySubsequences: false).joined(separator: "</x"))
        #expect(document.problems.contains { $0.severity == .warning && $0.path == "ClinicalDocument/" + name })
        #expect(document.problems.allSatisfy { $0.severity == .warning })
    }

    @Test func `other bodies say their media type`() throws {
        let embedded = try read(
            "<ClinicalDocument xmlns='urn:hl7-org:v3'><component><nonXMLBody>"
                + "<text mediaType='application/pdf'>YQ==</text>"
                + "</nonXMLBody></component></ClinicalDocument>")
        #expect(embedded.body == .unstructured(mediaType: "application/pdf", isEmbedded: true))
        let elsewhere = try read(
            "<ClinicalDocument xmlns='urn:hl7-org:v3'><component><nonXMLBody>"
                + "<text mediaType='a/b'><reference value='u'/>"
                + "</text></nonXMLBody></component></ClinicalDocument>")
        #expect(elsewhere.body == .unstructured(mediaType: "a/b", isEmbedded: false))
    }

    @Test(arguments: [
        "<ClinicalDocument/>", "<x xmlns='urn:hl7-org:v3'/>", "<ClinicalDocument xmlns='urn:hl7-org:v2'/>",
        "<ClinicalDocument xmlns='urn:hl7-org:v3'>", "", "{}",
    ])
    func `anything else is refused with its place`(_ text: String) {
        let error = #expect(throws: ExchangeError(.badRequest, "")) { try read(text) }
        #expect(error?.location?.hasPrefix("byte ") == true)
    }

    @Test func `too many codes are cut, and said to be`() throws {
        let codes = String(repeating: "<entry><act><code code='a' codeSystem='1.2'/></act></entry>", count: 20_001)
        let document = try read(
            "<ClinicalDocument xmlns='urn:hl7-org:v3'><component><structuredBody><component><section>\(codes)</section>"
                + "</component></structuredBody></component></ClinicalDocument>")
        #expect(document.codedEntries.count == ClinicalDocument.codedEntriesMax)
        #expect(document.hasMoreCodedEntries)
        #expect(document.problems.contains { $0.message.hasPrefix("more than") })
    }

    @Test func `a UUID is a UUID in whatever case`() {
        let identifier = InstanceIdentifier(root: "C757873D-EC9A-4326-A141-556F43239520")
        #expect(identifier.uri == "urn:uuid:c757873d-ec9a-4326-a141-556f43239520")
        #expect(identifier.patientIdentifier?.system == "urn:ietf:rfc:3986")
        #expect(InstanceIdentifier(root: "1.2", extension: "é%").uri == "urn:oid:1.2^%c3%a9%25")
    }

    @Test func `code systems have one URI and come back`() {
        #expect(CodeSystemOIDs.uri("2.16.840.1.113883.6.1") == CodeSystems.loinc)
        #expect(CodeSystemOIDs.uri("1.2.3") == "urn:oid:1.2.3")
        #expect(CodeSystemOIDs.oid(CodeSystems.snomed) == "2.16.840.1.113883.6.96")
        #expect(CodeSystemOIDs.oid("urn:oid:1.2.3") == "1.2.3")
        #expect(CodeSystemOIDs.oid("urn:x") == nil)
    }
}
