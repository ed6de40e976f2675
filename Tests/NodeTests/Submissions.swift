import Crypto
import ExchangeCore
import JSON

/// What clients send: the bodies of ITI-65, ITI-105, ITI-106 and ITI-119.
enum Submissions {
    private static func identifier(_ node: RunningNode, _ number: String) -> JSONValue {
        ["system": .string(node.numbers), "value": .string(number)]
    }

    /// The metadata of a document of a patient, its bytes left out.
    static func reference(
        at node: RunningNode, of number: String = Canary.number, uniqueID: String? = nil, type: String = "text/plain",
    ) -> JSONObject {
        var reference: JSONObject = [
            "resourceType": "DocumentReference", "status": "current",
            "type": ["coding": [["system": "http://loinc.org", "code": "18842-5"]]],
            "category": [["coding": [["system": "http://loinc.org", "code": "11490-0"]]]],
            "securityLabel": [["coding": [["system": .string(CodeSystems.confidentiality), "code": "N"]]]],
            "subject": ["identifier": identifier(node, number)],
            "content": [["attachment": ["contentType": .string(type), "title": "Discharge summary"]]],
        ]
        if let uniqueID {
            reference["masterIdentifier"] = ["system": "urn:ietf:rfc:3986", "value": .string(uniqueID)]
        }
        return reference
    }

    /// ITI-105: a DocumentReference with its bytes inside.
    static func simplified(
        _ bytes: [UInt8], at node: RunningNode, of number: String = Canary.number, uniqueID: String? = nil,
        type: String = "text/plain",
    ) -> JSONValue {
        var reference = reference(at: node, of: number, uniqueID: uniqueID)
        reference["content"] = [["attachment": ["contentType": .string(type), "data": .string(Base64.encode(bytes))]]]
        return .object(reference)
    }

    /// ITI-65: submission set, DocumentReference, Binary.
    static func bundle(_ bytes: [UInt8], at node: RunningNode, uniqueID: String, set: String) -> JSONValue {
        let document = "urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-e00111100002"
        let binary = "urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-e00111100003"
        var reference = reference(at: node, uniqueID: uniqueID)
        reference["content"] = [
            [
                "attachment": [
                    "contentType": "text/plain", "url": .string(binary), "size": .number(String(bytes.count)),
                    "hash": .string(Base64.encode(Array(Insecure.SHA1.hash(data: bytes)))),
                ],
            ],
        ]
        let list: JSONValue = [
            "resourceType": "List", "status": "current", "mode": "working",
            "extension": [
                [
                    "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId",
                    "valueIdentifier": ["system": "urn:ietf:rfc:3986", "value": "urn:oid:1.3.6.1.4.1.21367.2026.10.7"],
                ],
            ],
            "identifier": [["use": "usual", "system": "urn:ietf:rfc:3986", "value": .string(set)]],
            "code": [
                "coding": [
                    ["system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": "submissionset"],
                ],
            ],
            "date": "2026-08-09T14:30:00-04:00", "subject": ["identifier": identifier(node, Canary.number)],
            "entry": [["item": ["reference": .string(document)]]],
        ]
        func entry(_ url: String, _ resource: JSONValue, _ type: String) -> JSONValue {
            ["fullUrl": .string(url), "resource": resource, "request": ["method": "POST", "url": .string(type)]]
        }
        return [
            "resourceType": "Bundle", "type": "transaction",
            "meta": [
                "profile": ["https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.ProvideBundle"],
            ],
            "entry": [
                entry("urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-e00111100001", list, "List"),
                entry(document, .object(reference), "DocumentReference"),
                entry(
                    binary,
                    ["resourceType": "Binary", "contentType": "text/plain", "data": .string(Base64.encode(bytes))],
                    "Binary"),
            ],
        ]
    }

    /// ITI-65: a folder with a document that is here already, named by its uniqueId, and nothing else.
    static func folder(of document: String, at node: RunningNode, patient: String) -> JSONValue {
        let url = "urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-e00111100004"
        func list(_ code: String, _ uniqueID: String, _ item: JSONValue, _ more: JSONObject) -> JSONValue {
            var list: JSONObject = [
                "resourceType": "List", "status": "current", "mode": "working",
                "identifier": [["use": "usual", "system": "urn:ietf:rfc:3986", "value": .string(uniqueID)]],
                "code": [
                    "coding": [
                        ["system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": .string(code)],
                    ],
                ],
                "subject": ["identifier": identifier(node, patient)], "entry": [["item": item]],
            ]
            for member in more.members { list[member.name] = member.value }
            return .object(list)
        }
        func entry(_ url: String, _ resource: JSONValue) -> JSONValue {
            ["fullUrl": .string(url), "resource": resource, "request": ["method": "POST", "url": "List"]]
        }
        let source: JSONValue = [
            [
                "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId",
                "valueIdentifier": ["system": "urn:ietf:rfc:3986", "value": "urn:oid:1.3.6.1.4.1.21367.2026.10.7"],
            ],
        ]
        return [
            "resourceType": "Bundle", "type": "transaction",
            "meta": [
                "profile": ["https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.ProvideBundle"],
            ],
            "entry": [
                entry(
                    "urn:uuid:aaaaaaaa-bbbb-4ccc-8ddd-e00111100005",
                    list("submissionset", document + ".2", ["reference": .string(url)], ["extension": source])),
                entry(
                    url,
                    list(
                        "folder", document + ".3",
                        ["identifier": ["system": "urn:ietf:rfc:3986", "value": .string(document)]], ["title": "Heart"])),
            ],
        ]
    }

    /// ITI-106: Parameters with a Binary.
    static func generate(_ bytes: [UInt8]) -> JSONValue {
        [
            "resourceType": "Parameters",
            "parameter": [
                [
                    "name": "document",
                    "resource": [
                        "resourceType": "Binary", "contentType": "text/xml", "data": .string(Base64.encode(bytes)),
                    ],
                ],
            ],
        ]
    }

    /// ITI-119: the canary as somebody else's registration desk spells it.
    static func match(onlyCertain: Bool = false) -> JSONValue {
        [
            "resourceType": "Parameters",
            "parameter": [
                [
                    "name": "resource",
                    "resource": [
                        "resourceType": "Patient",
                        "name": [["family": .string(Canary.family), "given": [.string(Canary.given)]]],
                        "gender": "female", "birthDate": "1931-12-07",
                        "telecom": [["system": "phone", "value": "+1 802 555 0147"]],
                    ],
                ],
                ["name": "onlyCertainMatches", "valueBoolean": .bool(onlyCertain)],
            ],
        ]
    }
}
