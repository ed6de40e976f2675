import ConsentEngine
import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing

struct ConsentMappingTests {
    private static let treatment: JSONValue = [
        "resourceType": "Consent", "status": "active",
        "scope": [
            "coding": [["code": "patient-privacy", "system": "http://terminology.hl7.org/CodeSystem/consentscope"]]
        ],
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
        directive.base.data += [.uniqueID("urn:oid:1.2^a"), .author("dr.brattain"), .unresolvable("Encounter/7")]
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
                ["type": "deny", "data": [["meaning": "related", "reference": ["reference": "Encounter/1"]]]],
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

    @Test(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
    func `IHE's own consents are read and decide as IHE says`() throws {
        let normal = Cases.document(.normal)
        let restricted = Cases.document(.restricted)
        let psychiatry = Cases.document(.restricted, ["PSY"])
        let before = Cases.document(service: "2021-05-01")
        let within = Cases.document(service: "2022-05-01")
        let authored = Cases.document(authors: ["ex-practitioner"])
        let treat = Cases.request()
        let named = Cases.request(user: "ex-practitioner")
        let research = Cases.request(purpose: "HRESCH")
        let foobar = Cases.request(purpose: "FooBar", organization: "ex-org-researcher")
        let glass = Cases.request(purpose: "BTG", role: "ex-privilegedUsers")
        let in2022 = try #require(PartialDate("2022-06-20")).start
        let table: [(String, AccessContext, DocumentFacts, Bool)] = [
            ("consent-basic-treat", treat, normal, true), ("consent-basic-treat", treat, restricted, true),
            ("consent-basic-treat", research, normal, false), ("consent-basic-ink", treat, normal, true),
            ("consent-basic-treat-infant", treat, normal, true), ("consent-intermediate-purpose", foobar, normal, true),
            ("consent-intermediate-purpose", treat, normal, false),
            ("consent-intermediate-timeframe", treat, within, true),
            ("consent-intermediate-timeframe", treat, before, false),
            ("consent-intermediate-authoredby", treat, authored, true),
            ("consent-intermediate-authoredby", treat, Cases.document(authors: ["other"]), false),
            ("consent-intermediate-not-authoredby", treat, authored, false),
            ("consent-intermediate-not-authoredby", treat, Cases.document(authors: ["other"]), true),
            ("consent-intermediate-not-encounter", treat, normal, false),
            ("consent-advanced-normal-restricted", treat, restricted, true),
            ("consent-advanced-normal-not-restricted", treat, normal, true),
            ("consent-advanced-normal-not-restricted", treat, restricted, false),
            ("consent-advanced-normal-focused-psy", treat, psychiatry, false),
            ("consent-advanced-normal-focused-psy", named, psychiatry, true),
            ("consent-advanced-normal-focused-psy", named, restricted, false),
            ("consent-advanced-normal-focused-psy", treat, normal, true),
            ("dissent-intermediate-break-glass", glass, restricted, true),
            ("dissent-intermediate-break-glass", treat, normal, false),
            ("dissent-intermediate-break-glass", Cases.request(purpose: "BTG"), normal, false),
            ("consent-expired-treat", treat, normal, true),
        ]
        for (name, request, document, permits) in table {
            let directive = try Self.read("ihe/PCF/Consent-ex-\(name).json")
            #expect(Cases.permits([directive], request, document, now: in2022) == permits, "\(name)")
        }
        let expired = try Self.read("ihe/PCF/Consent-ex-consent-expired-treat.json")
        #expect(!Cases.permits([expired], now: Cases.now))
    }

    private static func read(_ path: String) throws -> ConsentDirective {
        let json = try JSONReader.read(SharedData.bytes(path))
        var consent = try #require(json.object)
        var random = Seeded(seed: 3)
        let id = DirectiveID.random(using: &random)
        consent["id"] = .string(id.description)
        consent["patient"] = ["reference": .string("Patient/\(PatientID.random(using: &random))")]
        consent["dateTime"] = "2022-06-13T00:00:00Z"
        return try ConsentMapping.directive(reading: consent)
    }
}
