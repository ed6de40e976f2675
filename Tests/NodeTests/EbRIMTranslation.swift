import Crypto
import ExchangeCore
import JSON
import Testing
import XML

/// A submission of NIST's toolkit (ebRIM 2.1 with placeholder ids) as MHD writes it: the same metadata, translated.
///
/// Folders are left out. The bytes are not in the toolkit: each document gets some of its own, and their size and hash.
struct EbRIMTranslation {
    /// What stands for placeholders such as `$patientid$`: a FHIR reference to a patient, or a document's id here.
    let symbols: [String: String]
    /// Makes unique ids and contents of one run; another for the next submission.
    let number: Int
    /// Whether unique ids are made from the documents' ids, not from their placeholders: where a plan has them assigned.
    var assignsUniqueIDs = false

    private static let codes: [String: String] = [
        "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a": "class", "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4": "event",
        "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f": "confidentiality", "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d": "format",
        "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": "facility", "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead": "practice",
        "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983": "type", "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500": "content",
    ]
    private static let relations = ["RPLC": "replaces", "APND": "appends", "XFRM": "transforms"]

    /// The Bundle of ITI-65, and by their ids in the submission the `fullUrl` of each document.
    func bundle(_ bytes: [UInt8]) throws -> (bundle: JSONValue, documents: [String]) {
        let root = try XMLReader.read(bytes)
        let list = try #require(root.elements.first { $0.name == "LeafRegistryObjectList" })
        let documents = list.elements.filter { $0.name == "ExtrinsicObject" }
        let set = try #require(list.elements.first { $0.name == "RegistryPackage" && Self.external($0, "XDSSubmissionSet.sourceId") != nil })
        let associations = list.elements.filter { $0.name == "Association" }
        var entries: [JSONValue] = []
        var items: [JSONValue] = []
        for document in documents {
            let id = document.attribute("id") ?? ""
            let words = "\(id) of submission \(number)"
            let isXML = document.attribute("mimeType")?.hasSuffix("xml") ?? false
            let content = Array((isXML ? "<text>\(words)</text>" : words).utf8)
            let reference = self.reference(document, content, associations.filter { $0.attribute("sourceObject") == id })
            items.append(["item": ["reference": .string(url(id))]])
            entries.append([
                "fullUrl": .string(url(id)), "resource": .object(reference), "request": ["method": "POST", "url": "DocumentReference"],
            ])
            entries.append([
                "fullUrl": .string(url(id + "-binary")),
                "resource": [
                    "resourceType": "Binary", "contentType": .string(document.attribute("mimeType") ?? ""),
                    "data": .string(Base64.encode(content)),
                ],
                "request": ["method": "POST", "url": "Binary"],
            ])
        }
        var submission: JSONObject = [
            "resourceType": "List", "status": "current", "mode": "working",
            "extension": [
                [
                    "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId",
                    "valueIdentifier": [
                        "system": "urn:ietf:rfc:3986", "value": .string("urn:oid:" + (Self.external(set, "XDSSubmissionSet.sourceId") ?? "")),
                    ],
                ],
            ],
            "identifier": [["use": "usual", "system": "urn:ietf:rfc:3986", "value": .string(unique(set.attribute("id") ?? ""))]],
            "code": ["coding": [["system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": "submissionset"]]],
            "subject": ["reference": .string(symbol(Self.external(set, "XDSSubmissionSet.patientId")))],
            "entry": .array(items),
        ]
        submission["date"] = Self.slot(set, "submissionTime").flatMap { HL7Time.read($0)?.text }.map { .string($0) }
        let first: JSONValue = [
            "fullUrl": .string(url("set")), "resource": .object(submission), "request": ["method": "POST", "url": "List"],
        ]
        return (
            [
                "resourceType": "Bundle",
                "meta": ["profile": ["https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.ProvideBundle"]],
                "type": "transaction", "entry": .array([first] + entries),
            ], documents.map { $0.attribute("id") ?? "" }
        )
    }

    private func reference(_ document: XMLElement, _ content: [UInt8], _ associations: [XMLElement]) -> JSONObject {
        func coded(_ kind: String) -> [JSONValue] {
            document.elements.filter { $0.name == "Classification" && Self.codes[$0.attribute("classificationScheme") ?? ""] == kind }
                .map { .object(["coding": .array([Self.coding($0)])]) }
        }
        var attachment: JSONObject = [
            "contentType": .string(document.attribute("mimeType") ?? ""), "url": .string(url((document.attribute("id") ?? "") + "-binary")),
            "size": .number(String(content.count)), "hash": .string(Base64.encode(Array(Insecure.SHA1.hash(data: content)))),
            "title": "NIST",
        ]
        attachment["creation"] = Self.slot(document, "creationTime").flatMap { HL7Time.read($0)?.text }.map { .string($0) }
        attachment["language"] = Self.slot(document, "languageCode").map { .string($0) }
        var place: JSONObject = ["attachment": .object(attachment)]
        place["format"] = coded("format").first?["coding"]?[0]
        var context = JSONObject()
        let (start, end) = (Self.slot(document, "serviceStartTime"), Self.slot(document, "serviceStopTime"))
        if start != nil || end != nil {
            var period = JSONObject()
            period["start"] = start.flatMap { HL7Time.read($0)?.text }.map { .string($0) }
            period["end"] = end.flatMap { HL7Time.read($0)?.text }.map { .string($0) }
            context["period"] = .object(period)
        }
        if !coded("event").isEmpty { context["event"] = .array(coded("event")) }
        context["facilityType"] = coded("facility").first
        context["practiceSetting"] = coded("practice").first
        var reference: JSONObject = [
            "resourceType": "DocumentReference",
            "masterIdentifier": [
                "system": "urn:ietf:rfc:3986", "value": .string(unique((assignsUniqueIDs ? document.attribute("id") : Self.external(document, "XDSDocumentEntry.uniqueId")) ?? "")),
            ],
            "status": "current", "subject": ["reference": .string(symbol(Self.external(document, "XDSDocumentEntry.patientId")))],
            "securityLabel": .array(coded("confidentiality")), "category": .array(coded("class")),
            "content": .array([.object(place)]), "context": .object(context),
        ]
        reference["type"] = coded("type").first
        let related = associations.compactMap { association -> JSONValue? in
            guard let code = Self.relations[association.attribute("associationType") ?? ""] else { return nil }
            let target = association.attribute("targetObject") ?? ""
            return [
                "code": .string(code),
                "target": ["reference": .string(target.hasPrefix("$") ? "DocumentReference/" + symbol(target) : url(target))],
            ]
        }
        if !related.isEmpty { reference["relatesTo"] = .array(related) }
        return reference
    }

    private static func coding(_ classification: XMLElement) -> JSONValue {
        let scheme = slot(classification, "codingScheme") ?? ""
        let known = [
            "2.16.840.1.113883.6.1": CodeSystems.loinc, "2.16.840.1.113883.6.96": CodeSystems.snomed,
            "2.16.840.1.113883.5.25": CodeSystems.confidentiality,
        ]
        return [
            "system": .string(known[scheme] ?? "urn:oid:" + scheme), "code": .string(classification.attribute("nodeRepresentation") ?? ""),
        ]
    }

    private static func slot(_ element: XMLElement, _ name: String) -> String? {
        let slot = element.elements.first { $0.name == "Slot" && $0.attribute("name") == name }
        let list = slot?.elements.first { $0.name == "ValueList" }
        return list?.elements.first { $0.name == "Value" }?.text
    }

    private static func external(_ element: XMLElement, _ name: String) -> String? {
        element.elements.first { identifier in
            identifier.name == "ExternalIdentifier"
                && identifier.elements.first { $0.name == "Name" }?.elements.first?.attribute("value") == name
        }?.attribute("value")
    }

    private func symbol(_ text: String?) -> String { text.flatMap { symbols[$0] } ?? "" }

    private func unique(_ name: String) -> String {
        "urn:oid:1.3.6.1.4.1.21367.2026.55.\(number).\(name.utf8.reduce(7) { ($0 * 31 + Int($1)) % 1_000_003 })"
    }

    private func url(_ name: String) -> String {
        let hash = name.utf8.reduce(UInt64(number) &+ 11) { $0 &* 1_099_511_628_211 ^ UInt64($1) }
        let digits = String(hash, radix: 16)
        return "urn:uuid:00000000-0000-4000-8000-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits.suffix(12)
    }
}
