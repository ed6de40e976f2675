import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Testing

struct RepresentativeTests {
    private static let mother = CodedValue(code: "MTH", system: Representative.relations)

    static let people: [Representative?] = [
        nil, Representative(relation: Representative.oneself),
        Representative(relation: Representative.oneself, evidence: .document("DocumentReference/form-1")),
        Representative(relation: mother, name: "Lena Okonjo", identifier: "urn:oid:1.2.3|77"),
        Representative(relation: mother, evidence: .digest([UInt8](repeating: 7, count: 32))),
        Representative(relation: Representative.unsaid, evidence: .document("urn:uuid:1")),
        Representative(relation: Representative.unsaid, identifier: "http://ehr.example|a b"),
    ]

    @Test(arguments: people) func `who recorded a directive, and its version, come back from the Consent`(
        person: Representative?
    ) throws {
        var directive = Cases.directive(.init(.permit))
        directive.recordedBy = person
        directive.version = 3
        let json = ConsentMapping.json(directive)
        #expect(try ConsentMapping.directive(reading: json) == directive)
        #expect(try FHIRResource(validating: json).type == "Consent")
    }

    @Test func `a performer that is not there, is no person, or leads on, is refused`() throws {
        for contained: JSONValue in [
            [], [["resourceType": "Organization", "id": "me"]],
            [["resourceType": "RelatedPerson", "id": "me"], ["resourceType": "RelatedPerson", "id": "me"]],
        ] {
            var consent = ConsentMapping.json(Cases.directive(.init(.permit)))
            consent["contained"] = contained
            consent["performer"] = [["reference": "#me"]]
            let directive = try ConsentMapping.directive(reading: consent)
            #expect(directive.doubts == ["Consent.performer[0]"])
            #expect(!Cases.permits([directive], policy: .optOut))
        }
    }

    @Test func `a Consent that names itself as its source is read, and nothing is followed`() throws {
        var consent = ConsentMapping.json(Cases.directive(.init(.permit)))
        consent["sourceReference"] = ["reference": "Consent/itself"]
        #expect(try ConsentMapping.directive(reading: consent).recordedBy?.evidence == .document("Consent/itself"))
        consent["sourceReference"] = nil
        consent["sourceAttachment"] = ["hash": "AAAA"]
        #expect(try ConsentMapping.directive(reading: consent).doubts == ["Consent.sourceAttachment.hash"])
    }

    @Test func `a thousand provisions are read, one more is refused by name and denies where it is stored`() throws {
        func consent(_ exceptions: Int) -> JSONObject {
            var consent = ConsentMapping.json(Cases.directive(.init(.permit)))
            let exception: JSONValue = ["type": "deny", "purpose": [["system": "urn:x", "code": "x"]]]
            consent["provision"] = [
                "type": "permit", "provision": .array([JSONValue](repeating: exception, count: exceptions)),
            ]
            return consent
        }
        var random = Seeded(seed: 1)
        let id = DirectiveID.random(using: &random)
        let patient = PatientID.random(using: &random)
        let most = try ConsentMapping.directive(
            recording: consent(ConsentLimits.provisionsMax - 1), id: id, patient: patient, recorded: Cases.now)
        #expect(most.exceptions.count == 999)
        let error = #expect(throws: ExchangeError.self) {
            try ConsentMapping.directive(
                recording: consent(ConsentLimits.provisionsMax), id: id, patient: patient, recorded: Cases.now)
        }
        #expect(error?.code == .tooLarge)
        #expect(error?.location == "Consent.provision.provision")
        #expect(error?.message.contains("1000 provisions") == true)
        let stored = try ConsentMapping.directive(reading: consent(ConsentLimits.provisionsMax))
        #expect(!Cases.permits([stored], policy: .optOut))
    }

    @Test func `a category of another kind, or a permit under a policy that permits nothing, denies`() throws {
        var consent = ConsentMapping.json(Cases.directive(.init(.permit)))
        consent["category"] = [["coding": [["code": "emrgonly", "system": "urn:x"]]]]
        #expect(try ConsentMapping.directive(reading: consent).doubts == ["Consent.category[0]"])
        consent = ConsentMapping.json(
            Cases.directive(.init(.permit), policies: [ConsentPolicyDefault.deny.rawValue]))
        #expect(try ConsentMapping.directive(reading: consent).doubts == ["Consent.policy[0].uri"])
    }
}
