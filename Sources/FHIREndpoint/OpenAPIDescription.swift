import ExchangeCore
import HTTPTypes
import JSON
import NIOCore

/// The door's routes as OpenAPI 3.0.3 (`GET openapi.json`), made from the tables that dispatch and search read.
///
/// It describes HTTP: paths, methods, parameters, media types, statuses. What resources look like is FHIR's to say.
struct OpenAPIDescription: Sendable {
    let door: AccessContext.Door
    let base: String
    let name: String

    /// The description as JSON text, rendered once.
    var bytes: ByteBuffer { ByteBuffer(bytes: JSONWriter.bytes(.object(json))) }

    /// The description.
    var json: JSONObject {
        var paths = JSONObject()
        for route in RouteTable.routes(of: door) {
            let path = "/" + route.segments.map(Self.segment).joined(separator: "/")
            var item = paths[path]?.object ?? JSONObject()
            item[route.method.rawValue.lowercased()] = .object(operation(route))
            paths[path] = .object(item)
        }
        // The base ends with the segment that FHIR's paths begin with.
        let root = base.hasSuffix("/fhir") ? String(base.dropLast("/fhir".count)) : base
        return [
            "openapi": "3.0.3",
            "info": [
                "title": .string(name), "version": "1",
                "description": "FHIR R4 over mutual TLS; GET /fhir/metadata says what each resource supports.",
            ],
            "servers": [["url": .string(root)]], "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "token": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
                ],
                "schemas": [
                    "Resource": [
                        "type": "object", "required": ["resourceType"], "properties": ["resourceType": ["type": "string"]],
                    ],
                    "OperationOutcome": [
                        "type": "object", "required": ["resourceType", "issue"],
                        "properties": [
                            "resourceType": ["type": "string", "enum": ["OperationOutcome"]],
                            "issue": ["type": "array", "minItems": 1, "items": ["type": "object"]],
                        ],
                    ],
                ],
            ],
        ]
    }

    private static func segment(_ segment: String) -> String {
        segment.hasPrefix(":") ? "{" + segment.dropFirst() + "}" : segment
    }

    private func operation(_ route: Route) -> JSONObject {
        var operation: JSONObject = [
            "operationId": .string(
                ([route.method.rawValue.lowercased()] + route.segments.map { $0.filter(\.isLetter) }).joined(separator: "_"))
        ]
        operation["summary"] = route.transaction.map { .string($0) } ?? route.interaction.map { .string($0) }
        var parameters = route.segments.filter { $0.hasPrefix(":") }.map { segment -> JSONValue in
            [
                "name": .string(String(segment.dropFirst())), "in": "path", "required": true,
                "schema": ["type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"],
            ]
        }
        parameters += queries(route).map { name in
            ["name": .string(name), "in": "query", "schema": ["type": "string"]]
        }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if route.method == .post || route.method == .put {
            let isForm = route.segments.last == "_search" || route.operation == .issueToken
            operation["requestBody"] = [
                "required": .bool(!isForm),
                "content": isForm
                    ? ["application/x-www-form-urlencoded": ["schema": ["type": "object"]]]
                    : ["application/fhir+json": ["schema": ["$ref": "#/components/schemas/Resource"]]],
            ]
        }
        operation["security"] = route.credential == .token ? [["token": []]] : []
        operation["responses"] = .object(responses(route))
        return operation
    }

    /// The parameters of a query.
    private func queries(_ route: Route) -> [String] {
        switch route.operation {
        case .validateCode: return ["url", "code", "display", "version", "date"]
        case .lookUpCode: return ["system", "code", "version", "date"]
        case .expandValueSet: return ["url", "filter", "offset", "count", "date", "activeOnly"]
        case .feedPatient, .withdrawPatient: return ["identifier"]
        case .crossReference: return ["sourceIdentifier", "targetSystem"]
        default: break
        }
        guard route.interaction == "search-type", route.method == .get, let type = route.resourceType else { return [] }
        return CapabilityStatement.criteria(of: type).map(\.name) + ["_count"]
    }

    private func responses(_ route: Route) -> JSONObject {
        func answer(_ text: String, _ media: String?, _ schema: String?) -> JSONValue {
            var response: JSONObject = ["description": .string(text)]
            if let media {
                let content: JSONValue = schema.map { ["schema": ["$ref": .string("#/components/schemas/" + $0)]] } ?? [:]
                response["content"] = .object(JSONObject([.init(media, content)]))
            }
            return .object(response)
        }
        var responses = JSONObject()
        let isFHIR = route.segments.first == "fhir" && route.operation != .smartConfiguration
        let media = isFHIR ? "application/fhir+json" : "application/json"
        switch route.operation {
        case .retrieveDocument: responses["200"] = answer("the document, byte for byte; text/html shows it", "*/*", nil)
        case .deleteSubscription: responses["204"] = answer("done and durable", nil, nil)
        case .simplifiedPublish, .createConsent, .recordAuditEvent, .createSubscription: responses["201"] = answer("done and durable", media, "Resource")
        case .feedPatient, .withdrawPatient, .updateConsent:
            responses["200"] = answer("done and durable", media, "Resource")
            responses["201"] = answer("done and durable", media, "Resource")
            responses["204"] = answer("done and durable", nil, nil)
        default: responses["200"] = answer("the answer", media, isFHIR ? "Resource" : nil)
        }
        responses["default"] = isFHIR
            ? answer("a refusal, and what to do", "application/fhir+json", "OperationOutcome")
            : answer("a refusal", "*/*", nil)
        return responses
    }
}
