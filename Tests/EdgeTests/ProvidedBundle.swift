import ExchangeCore
import HTTPTypes
import JSON
import NIOCore
import Testing

@testable import FHIREndpoint

/// An ITI-65 Bundle for tests: documents of plain text, and folders.
struct ProvidedBundle {
    /// A document of the Bundle.
    struct Document {
        var name: String
        var label = "N"
        var relations: [JSONValue] = []
    }

    /// A folder of the Bundle.
    struct Folder {
        var uniqueID: String
        var method = "POST"
        var url = "List"
        /// `ifMatch` of its entry.
        var condition: String?
        var title: String? = "Heart"
        /// Names of documents of the Bundle, or references.
        var members: [String]
    }

    static let profile = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.ProvideBundle"
    static let extensions = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
    static let listTypes = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"

    var set = "urn:oid:1.2.9.1"
    var documents: [Document] = []
    var folders: [Folder] = []
    var patches: [JSONValue] = []
    var extra: [JSONValue] = []
    var patient = "IHERED-994"

    static func url(_ name: String) -> String { "urn:uuid:0b9b3c1e-0000-4a57-9a52-\(padded(name))" }

    private static func padded(_ name: String) -> String {
        let hex = name.utf8.map { String($0, radix: 16) }.joined().suffix(12)
        return String(repeating: "0", count: 12 - hex.count) + hex
    }

    private var subject: JSONValue { ["identifier": ["system": .string(EdgeScene.mrn), "value": .string(patient)]] }

    private static func identifier(_ value: String) -> JSONValue {
        ["use": "usual", "system": "urn:ietf:rfc:3986", "value": .string(value)]
    }

    private static func entry(_ url: String, _ resource: JSONObject, _ method: String, _ place: String) -> JSONValue {
        [
            "fullUrl": .string(url), "resource": .object(resource),
            "request": ["method": .string(method), "url": .string(place)],
        ]
    }

    private func list(_ code: String, _ uniqueID: String, _ members: [String]) -> JSONObject {
        [
            "resourceType": "List", "identifier": .array([Self.identifier(uniqueID)]), "status": "current", "mode": "working",
            "code": ["coding": [["system": .string(Self.listTypes), "code": .string(code)]]], "subject": subject,
            "entry": .array(members.map { ["item": ["reference": .string($0)]] }),
        ]
    }

    private func member(_ name: String) -> String {
        documents.contains { $0.name == name } ? Self.url(name) : name
    }

    /// The Bundle.
    var json: JSONValue {
        var set = list("submissionset", set, documents.map { Self.url($0.name) } + folders.map { Self.url($0.uniqueID) })
        set["contained"] = [
            ["resourceType": "Practitioner", "id": "who", "name": [["family": "Adams", "given": ["Ann"]]]],
        ]
        set["extension"] = .array(
            [
                [
                    "url": .string(Self.extensions + "ihe-sourceId"),
                    "valueIdentifier": ["system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4"],
                ],
                [
                    "url": .string(Self.extensions + "ihe-designationType"),
                    "valueCodeableConcept": ["coding": [["system": "http://loinc.org", "code": "18842-5"]]],
                ],
            ] + extra)
        set["title"] = "From the ward"
        set["date"] = "2026-03-02"
        set["source"] = ["reference": "#who"]
        set["note"] = [["text": "for the family doctor"]]
        var entries = [Self.entry("urn:uuid:0b9b3c1e-1111-4a57-9a52-000000000000", set, "POST", "List")]
        for folder in folders {
            var resource = list("folder", folder.uniqueID, folder.members.map(member))
            resource["title"] = folder.title.map { .string($0) }
            var entry = Self.entry(Self.url(folder.uniqueID), resource, folder.method, folder.url).object ?? [:]
            if let condition = folder.condition, var request = entry["request"]?.object {
                request["ifMatch"] = .string(condition)
                entry["request"] = .object(request)
            }
            entries.append(.object(entry))
        }
        for document in documents {
            var reference: JSONObject = [
                "resourceType": "DocumentReference",
                "masterIdentifier": Self.identifier("urn:oid:1.2.8.\(document.name.utf8.map(String.init).joined())"),
                "status": "current", "subject": subject,
                "securityLabel": [
                    ["coding": [["system": .string(CodeSystems.confidentiality), "code": .string(document.label)]]],
                ],
                "content": [
                    [
                        "attachment": [
                            "contentType": "text/plain",
                            "data": .string(Base64.encode(Array("words of \(document.name)".utf8))),
                        ],
                    ],
                ],
            ]
            if !document.relations.isEmpty { reference["relatesTo"] = .array(document.relations) }
            entries.append(Self.entry(Self.url(document.name), reference, "POST", "DocumentReference"))
        }
        return [
            "resourceType": "Bundle", "meta": ["profile": [.string(Self.profile)]], "type": "transaction",
            "entry": .array(entries + patches),
        ]
    }
}

extension EdgeScene {
    /// Sends a Bundle; the ids of what was made, in the order of the request: set, folders, documents.
    func provide(_ bundle: ProvidedBundle) async throws -> [String] {
        let answer = await provided(bundle)
        guard answer.status.code == 200 else {
            throw ExchangeError(.internal, "\(answer.status.code) \(String(buffer: answer.body))")
        }
        return try answer.json()["entry"]?.items.map { entry in
            let parts = (entry["response"]?["location"]?.string ?? "").split(separator: "/")
            return parts.count > 1 ? String(parts[1]) : ""
        } ?? []
    }

    /// Sends a Bundle.
    func provided(_ bundle: ProvidedBundle, _ headers: HTTPFields = [:]) async -> Answer {
        await send(.post, "/fhir", headers, body: JSONWriter.bytes(bundle.json))
    }

    /// Records that what bears a label is withheld from everybody.
    func withhold(_ label: String) async throws {
        let consent: JSONValue = [
            "resourceType": "Consent", "status": "active",
            "scope": ["coding": [["system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"]]],
            "category": [["coding": [["system": "http://loinc.org", "code": "59284-0"]]]],
            "patient": ["reference": .string("Patient/\(patient.id)")], "dateTime": "2026-03-01T10:00:00Z",
            "policyRule": ["coding": [["system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"]]],
            "provision": [
                "type": "permit",
                "provision": [
                    ["type": "deny", "securityLabel": [["system": .string(CodeSystems.confidentiality), "code": .string(label)]]],
                ],
            ],
        ]
        let answer = await send(.post, "/fhir/Consent", body: JSONWriter.bytes(consent), role: "privacy-officer")
        #expect(answer.status.code == 201, "\(String(buffer: answer.body))")
    }
}
