import ExchangeCore
import FHIRModel
import JSON
import Testing

struct MappingTests {
    private func json(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

    @Test func `a patient comes back as it went`() throws {
        let demographics = Demographics(
            names: [
                PersonName(family: "Mohr", given: ["Alice", "Ann"], suffix: "Jr"),
                PersonName(family: "", given: ["Lizzy"]),
            ],
            birthDate: PartialDate("1958-01-30"), sex: .female,
            addresses: [PostalAddress(lines: ["1 Main St"], city: "Town", state: "NY", postalCode: "1", country: "US")],
            phones: ["+1 555"], emails: ["a@example.org"])
        let identifiers = [
            PatientIdentifier(system: "urn:oid:1.2.3", value: "A-1"),
            PatientIdentifier(system: "urn:oid:1.2.4", value: "B"),
        ].compactMap(\.self)
        let id = try #require(PatientID("c757873d-ec9a-4326-a141-556f43239520"))
        let record = PatientRecord(id: id, identifiers: identifiers, demographics: demographics, isActive: false)
        let resource = PatientMapping.resource(record)
        #expect(try FHIRResource(validating: resource).id == id.description)
        #expect(PatientMapping.identifiers(resource) == identifiers)
        #expect(PatientMapping.demographics(resource) == demographics)
        #expect(PatientMapping.isActive(resource) == false)
    }

    @Test func `an empty patient is a valid one`() throws {
        let resource = PatientMapping.resource(identifiers: [], demographics: Demographics())
        #expect(try FHIRResource(validating: resource).bytes == Array(#"{"resourceType":"Patient"}"#.utf8))
        #expect(PatientMapping.demographics(resource) == Demographics())
        #expect(PatientMapping.isActive(resource))
    }

    @Test func `old names and addresses come last, unusable identifiers not at all`() throws {
        let patient = try json(
            """
            {"resourceType":"Patient","identifier":[{"value":"x"},{"system":"a b","value":"x"},
            {"system":"s","value":"v"}],
            "name":[{"use":"old","family":"Was"},{"text":"Is"}],"address":[{"use":"old","city":"A"},{"text":"B"}],
            "telecom":[{"system":"fax","value":"1"},{"system":"phone","value":"2"},{"system":"email"}]}
            """)
        let object = try #require(patient.object)
        let demographics = PatientMapping.demographics(object)
        #expect(demographics.names.map(\.family) == ["Is", "Was"])
        #expect(demographics.addresses == [PostalAddress(lines: ["B"]), PostalAddress(city: "A")])
        #expect(demographics.phones == ["2"])
        #expect(demographics.emails.isEmpty)
        #expect(PatientMapping.identifiers(object).map(\.value) == ["v"])
    }

    @Test func `codes and concepts map both ways`() throws {
        let code = CodedValue(code: "18842-5", system: CodeSystems.loinc, display: "Discharge summary")
        #expect(CodedValue(coding: code.coding) == code)
        #expect(CodedValue(coding: code.coding)?.display == code.display)
        #expect(CodedValue(concept: code.concept) == code)
        #expect(CodedValue(concept: ["text": "x"]) == nil)
        #expect(CodedValue(coding: ["system": "s"]) == nil)
        #expect(CodedValue.codings(inConcepts: [code.concept, code.concept]).count == 2)
        #expect(CodedValue(coding: nil) == nil)
    }

    @Test(arguments: [
        ("#a", FHIRReference.Target.contained("a")), ("Patient/1", .relative(type: "Patient", id: "1")),
        ("Patient/1/_history/2", .relative(type: "Patient", id: "1")),
        ("https://h/fhir/Patient/1", .absolute(base: "https://h/fhir", type: "Patient", id: "1")),
        ("https://h/fhir/Patient/1/_history/2", .absolute(base: "https://h/fhir", type: "Patient", id: "1")),
        ("urn:uuid:x", .urn("urn:uuid:x")), ("patient/1", .other("patient/1")), ("Patient", .other("Patient")),
        ("Patient/", .other("Patient/")), ("Patient/a b", .other("Patient/a b")), ("", .other("")),
        ("../Patient/1", .other("../Patient/1")), ("file:///Patient/1", .other("file:///Patient/1")),
        ("/", .other("/")),
    ])
    func `a reference says where it points`(_ row: (text: String, target: FHIRReference.Target)) {
        #expect(FHIRReference(row.text).target == row.target)
    }

    @Test func `references and periods map both ways`() throws {
        let reference = FHIRReference(
            "Patient/1", type: "Patient", identifier: PatientIdentifier(system: "s", value: "v"), display: "d")
        #expect(FHIRReference(json: reference.json) == reference)
        let period = FHIRPeriod(start: PartialDate("2026-03"), end: PartialDate("2026-04-01"))
        #expect(FHIRPeriod(json: period.json) == period)
        #expect(period.from == PartialDate("2026-03")?.start)
        #expect(period.until == PartialDate("2026-04-02")?.start)
        #expect(FHIRPeriod(json: [:]) == FHIRPeriod())
        #expect(FHIRPeriod(json: nil) == nil)
    }
}
