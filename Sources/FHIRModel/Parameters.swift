import ExchangeCore
import JSON

/// The arguments or results of an operation (`Parameters`).
package struct Parameters: Hashable, Sendable {
    /// One parameter: a value, a resource, or parts.
    package struct Parameter: Hashable, Sendable {
        /// Its name.
        package var name: String
        /// The value of `value[x]`.
        package var value: JSONValue?
        /// The name of `value[x]`, such as `valueString`.
        package var valueName: String?
        /// The resource.
        package var resource: JSONObject?
        /// Parts, each a parameter.
        package var parts: [Parameter]

        /// A parameter with a value: `Parameter("count", "valueInteger", 3)`.
        package init(_ name: String, _ valueName: String, _ value: JSONValue) {
            self.init(name: name, value: value, valueName: valueName)
        }

        /// A parameter from its parts.
        package init(
            name: String, value: JSONValue? = nil, valueName: String? = nil, resource: JSONObject? = nil,
            parts: [Parameter] = [],
        ) {
            self.name = name
            self.value = value
            self.valueName = valueName
            self.resource = resource
            self.parts = parts
        }

        /// The first part of a name.
        package func part(named name: String) -> Parameter? { parts.first { $0.name == name } }
    }

    /// The parameters in order.
    package var parameters: [Parameter]

    /// Parameters in order.
    package init(_ parameters: [Parameter] = []) { self.parameters = parameters }

    /// Reads a `Parameters` resource; nil for anything else.
    package init?(json: JSONObject) {
        guard json["resourceType"]?.string == "Parameters" else { return nil }
        parameters = (json["parameter"]?.items ?? []).map(Parameter.init(json:))
    }

    /// The first parameter of a name.
    package func parameter(named name: String) -> Parameter? { parameters.first { $0.name == name } }

    /// All parameters of a name.
    package func parameters(named name: String) -> [Parameter] { parameters.filter { $0.name == name } }

    /// The resource.
    package var json: JSONObject {
        var object: JSONObject = ["resourceType": "Parameters"]
        if !parameters.isEmpty { object["parameter"] = .array(parameters.map { .object($0.json) }) }
        return object
    }
}

extension Parameters.Parameter {
    fileprivate init(json: JSONValue) {
        let value = json.object?.members.first { $0.name.utf8.starts(with: "value".utf8) && $0.name != "value" }
        self.init(
            name: json["name"]?.string ?? "", value: value?.value, valueName: value?.name,
            resource: json["resource"]?.object,
            parts: (json["part"]?.items ?? []).map(Self.init(json:)))
    }

    fileprivate var json: JSONObject {
        var object: JSONObject = ["name": .string(name)]
        if let value, let valueName { object[valueName] = value }
        if let resource { object["resource"] = .object(resource) }
        if !parts.isEmpty { object["part"] = .array(parts.map { .object($0.json) }) }
        return object
    }
}
