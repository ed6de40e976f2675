import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Testing

struct ConsentMappingTests {
    private static let treatment: JSONValue = [
        "resourceType": "Consent", "status": "active",
        "scope": [
            "coding": [["code": "patient-privacy", "system": "http://terminology.hl7.org/CodeSystem/consentscope"]]
        ],
        "category": [["coding": [["code": "59284-0", "system": "http://loinc.org"]]]],
        "patient": ["reference": "Patient/ex-patient"], "provision": ["type": "permit"],
    ]

    private static func record(_ consent: JSONValue) throws -> ConsentDirective {
        var random = Seeded(seed: 5)
        return try ConsentMapping.directive(
            recording: try #require(consent.object), id: .random(using: &random), patient: .random(using: &random),
            recorded: Cases.now)
    }

    private static func provision(_ provision: JSONValue) throws -> ConsentDirective {
        var consent = try #require(treatment.object)
        consent["provision"] = provision
        return try record(.object(consent))
    }

    @Test(arguments: UInt64(0)..<100) func `a directive comes back from its Consent as it was`(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        var directive = AddedDenyTests.directive(&random, number: seed)
        directive.base.actors += [
            .organization("1234567890"), .organization("http://npi|77"), .role("Group of people"),
        ]
        directive.base.data += [.uniqueID("urn:oid:1.2^a"), .author("dr.brattain"), .related("Encounter/7"), .related("urn:oid:1.2|7"), .unresolvable("List/7")]
        directive.base.period = ConsentPeriod(start: nil, end: PartialDate("2027-01-10"))
        directive.exceptions.append(
            ConsentRule(.deny, classCodes: [CodedValue(code: "18842-5", system: CodeSystems.loinc)]))
        directive.status = seed % 2 == 0 ? .active : .inactive
        let json = ConsentMapping.json(directive)
        #expect(try ConsentMapping.directive(reading: json) == directive)
        #expect(try FHIRResource(validating: json).type == "Consent")
    }

    @Test func `what cannot be enforced is refused with the element's path`() throws {
        let recipient: JSONValue = [
            "coding": [["system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"]]
        ]
        let table: [(JSONValue, String)] = [
            (["type": "maybe"], "Consent.provision.type"),
            (["type": "permit", "nonsense": true], "Consent.provision.nonsense"),
            (["type": "deny", "modifierExtension": []], "Consent.provision.modifierExtension"),
            (
                ["type": "deny", "provision": [["type": "permit", "provision": [["type": "deny"]]]]],
                "Consent.provision.provision[0].provision"
            ),
            (["type": "permit", "period": ["end": "soon"]], "Consent.provision.period.end"),
            (["type": "permit", "period": ["start": "2027", "end": "2026"]], "Consent.provision.period"),
            (["type": "permit", "dataPeriod": [:]], "Consent.provision.dataPeriod"),
            (["type": "permit", "code": [["text": "all reports"]]], "Consent.provision.code[0]"),
            (["type": "permit", "purpose": [["code": "TREAT"]]], "Consent.provision.purpose[0]"),
            (["type": "deny", "class": [["system": "http://hl7.org/fhir/resource-types", "code": "Observation"]]],
                "Consent.provision.class[0]"),
            (
                ["type": "deny", "data": [["meaning": "related", "reference": ["reference": "#encounter"]]]],
                "Consent.provision.data[0]"
            ),
            (
                ["type": "permit", "actor": [["role": recipient, "reference": ["reference": "#me"]]]],
                "Consent.provision.actor[0]"
            ),
            (
                ["type": "permit", "securityLabel": [["system": "urn:x", "code": "N"]]],
                "Consent.provision.securityLabel[0]"
            ),
            (
                ["type": "permit", "actor": [["role": recipient, "reference": ["reference": "Device/1"]]]],
                "Consent.provision.actor[0]"
            ),
            (
                ["type": "permit", "actor": [["reference": ["reference": "Organization/1"]]]],
                "Consent.provision.actor[0]"
            ),
            (["type": "permit", "actor": []], "Consent.provision.actor"),
            (["type": "permit", "action": [["coding": [["code": "collect"]]]]], "Consent.provision.action"),
            (
                ["type": "deny", "data": [["meaning": "dependents", "reference": ["reference": "Encounter/1"]]]],
                "Consent.provision.data"
            ),
        ]
        for (provision, path) in table {
            let error = #expect(throws: ExchangeError.self) { try Self.provision(provision) }
            #expect(error?.location == path)
            #expect(error?.code == .badRequest)
        }
    }

    @Test func `a stored consent that is not understood denies instead`() throws {
        var consent = ConsentMapping.json(Cases.directive(.init(.permit)))
        consent["provision"] = ["type": "permit", "purpose": [["display": "something"]]]
        let directive = try ConsentMapping.directive(reading: consent)
        #expect(directive.doubts == ["Consent.provision.purpose[0]"])
        #expect(!Cases.permits([directive], policy: .optOut))
    }
}
