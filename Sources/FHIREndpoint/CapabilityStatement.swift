import ExchangeCore
import FHIRModel
import JSON
import NIOCore
import Transactions

/// What a listener can do, generated from the tables that dispatch and search read (`GET metadata`).
struct CapabilityStatement: Sendable {
    let door: AccessContext.Door
    let base: String
    let name: String
    let date: Timestamp
    let tokenEndpoint: String?

    /// The statement as JSON text, rendered once.
    var bytes: ByteBuffer { ByteBuffer(bytes: JSONWriter.bytes(.object(json))) }

    /// The resource.
    var json: JSONObject {
        let routes = RouteTable.routes(of: door)
        var types: [String] = []
        for route in routes {
            if let type = route.resourceType, !types.contains(type) { types.append(type) }
        }
        var rest: JSONObject = ["mode": "server", "security": security]
        rest["resource"] = .array(
            types.map { type in .object(resource(type, routes.filter { $0.resourceType == type })) })
        let system = routes.filter { $0.resourceType == nil }.compactMap(\.interaction)
        let interactions = system.filter { !$0.hasPrefix("$") }
        if !interactions.isEmpty { rest["interaction"] = .array(interactions.map { ["code": .string($0)] }) }
        var operations: [String] = []
        for name in system where name.hasPrefix("$") && !operations.contains(name) { operations.append(name) }
        if !operations.isEmpty {
            rest["operation"] = .array(
                operations.map {
                    ["name": .string(String($0.dropFirst())), "definition": .string(Self.definition(of: $0))]
                })
        }
        var statement: JSONObject = [
            "resourceType": "CapabilityStatement", "status": "active", "date": .string(date.description),
            "kind": "instance",
        ]
        if !instantiates.isEmpty { statement["instantiates"] = .array(instantiates.map { .string($0) }) }
        statement["software"] = ["name": "Concordat"]
        statement["implementation"] = ["description": .string(name), "url": .string(base)]
        statement["fhirVersion"] = "4.0.1"
        statement["format"] = ["application/fhir+json", "application/fhir+xml", "json", "xml"]
        statement["rest"] = .array([.object(rest)])
        return statement
    }

    /// The statements of IHE that this door fulfils whole.
    private var instantiates: [String] {
        switch door {
        case .client:
            ["", ".Comprehensive", ".UnContained", ".Simplified", ".Generate"].map {
                "https://profiles.ihe.net/ITI/MHD/CapabilityStatement/IHE.MHD.DocumentRecipient" + $0
            } + [
                "https://profiles.ihe.net/ITI/MHD/CapabilityStatement/IHE.MHD.DocumentResponder",
                "https://profiles.ihe.net/ITI/PCF/CapabilityStatement/IHE.PCF.consentRegistry"]
        case .peer, .administration: []
        }
    }

    private var security: JSONValue {
        var security: JSONObject = [
            "cors": false,
            "service": [
                [
                    "coding": [
                        [
                            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                            "code": "SMART-on-FHIR",
                        ],
                    ],
                ],
            ],
            "description": .string(
                door == .client
                    ? "Mutual TLS and an IUA access token bound to the client certificate (ITI-72, RFC 8705)"
                    : "Mutual TLS between admitted communities and a signed assertion for each request"),
        ]
        if let tokenEndpoint {
            // What fhirclient reads; SMART's well-known document came later.
            security["extension"] = [
                [
                    "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                    "extension": [["url": "token", "valueUri": .string(tokenEndpoint)]],
                ],
            ]
        }
        return .object(security)
    }

    private func resource(_ type: String, _ routes: [Route]) -> JSONObject {
        var resource: JSONObject = ["type": .string(type)]
        var codes: [String] = []
        for case let code? in routes.map(\.interaction) where !code.hasPrefix("$") && !codes.contains(code) {
            codes.append(code)
        }
        if !codes.isEmpty { resource["interaction"] = .array(codes.map { ["code": .string($0)] }) }
        if codes.contains("vread") {
            // A Consent's update names the version it changes (If-Match), and creates nothing. A Patient is fed by its
            // identifier, and only so (ITI-104).
            let isFed = codes.contains("delete")
            resource["versioning"] = isFed ? "versioned" : "versioned-update"
            resource["readHistory"] = true
            resource["updateCreate"] = false
            resource["conditionalCreate"] = false
            resource["conditionalRead"] = isFed ? "not-supported" : "not-match"
            resource["conditionalUpdate"] = .bool(isFed)
            if isFed { resource["conditionalDelete"] = "single" }
        }
        if type == "DocumentReference", door == .client {
            resource["versioning"] = "versioned"
            resource["conditionalCreate"] = true
            resource["conditionalRead"] = "not-match"
        }
        if type == "List" {
            if codes.contains("read") { resource["conditionalRead"] = "not-match" }
            resource["searchInclude"] = ["List:item"]
        }
        let parameters = searchParameters(of: type)
        if codes.contains("search-type") { resource["searchParam"] = .array(parameters) }
        if let served = CareServiceType(rawValue: type) {
            let (along, back) = (CareServiceTables.forward(of: served), CareServiceTables.reverse(of: served))
            if !along.isEmpty { resource["searchInclude"] = .array(along.map { .string($0) }) }
            if !back.isEmpty { resource["searchRevInclude"] = .array(back.map { .string($0) }) }
        }
        var operations: [String] = []
        for case let name? in routes.map(\.interaction) where name.hasPrefix("$") && !operations.contains(name) {
            operations.append(name)
        }
        if !operations.isEmpty {
            resource["operation"] = .array(
                operations.map {
                    ["name": .string(String($0.dropFirst())), "definition": .string(Self.definition(of: $0))]
                })
        }
        return resource
    }

    private func searchParameters(of type: String) -> [JSONValue] {
        Self.criteria(of: type).map { Self.parameter($0.name, $0.kind, $0.definition) }
    }

    /// What a type is searched by.
    static func criteria(of type: String) -> [(name: String, kind: SearchParameter.Kind, definition: String?)] {
        switch type {
        case "DocumentReference": SearchParameters.criteria.map { ($0.name, $0.kind, $0.definition) }
        case "List": ListSearch.criteria
        case "Patient": PatientSearch.criteria.map { ($0.name, $0.kind, $0.definition) }
        case "Consent": ConsentSearch.criteria
        case "AuditEvent": AuditEventSearch.criteria
        case "Subscription": SubscriptionSearch.criteria
        default: CareServiceType(rawValue: type).map(CareServiceTables.criteria) ?? []
        }
    }

    private static func parameter(_ name: String, _ kind: SearchParameter.Kind, _ definition: String?) -> JSONValue {
        var parameter: JSONObject = ["name": .string(name)]
        parameter["definition"] = definition.map { .string($0) }
        parameter["type"] = .string(kind.rawValue)
        return .object(parameter)
    }

    private static func definition(of operation: String) -> String {
        switch operation {
        case "$match": "http://hl7.org/fhir/OperationDefinition/Patient-match"
        case "$ihe-pix": "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix"
        case "$validate-code": "http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code"
        case "$lookup": "http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup"
        case "$expand": "http://hl7.org/fhir/OperationDefinition/ValueSet-expand"
        case let name where name.hasPrefix("$mdm-"):
            "http://hapifhir.io/fhir/OperationDefinition/" + name.dropFirst()
        default: "https://profiles.ihe.net/ITI/MHD/OperationDefinition/generate-metadata"
        }
    }
}
