import ExchangeCore
import JSON

/// A FHIR R4 resource as it was sent, after it was found to be one: what was checked is what is stored.
///
/// The JSON is kept whole and in order (decimals as written, unknown extensions included); typed views read from it.
package struct FHIRResource: Hashable, Sendable {
    /// The resource as written.
    package private(set) var json: JSONObject
    /// `resourceType`, such as `DocumentReference`.
    package let type: String

    /// Reads one resource of a type this node knows.
    ///
    /// Throws `badRequest` with the byte offset (not JSON) or the element's path (not the resource it says it is).
    package static func read(
        _ bytes: [UInt8], limits: JSONLimits = JSONLimits(),
    ) throws(ExchangeError) -> FHIRResource {
        let value: JSONValue
        do {
            value = try JSONReader.read(bytes, limits: limits)
        } catch {
            throw ExchangeError(.badRequest, "not JSON: \(error.message)", at: "byte \(error.offset)")
        }
        guard let object = value.object else {
            throw ExchangeError(.badRequest, "a FHIR resource is a JSON object", at: "byte 0")
        }
        return try FHIRResource(validating: object)
    }

    /// Takes an object that is a resource of a known type; throws `badRequest` with the path of what is not.
    package init(validating object: JSONObject) throws(ExchangeError) {
        type = try ResourceValidator.validate(object)
        json = object
    }

    /// `id`; setting it puts it behind `resourceType`. What is not 1 to 64 letters, digits, `-` or `.` is not set.
    package var id: String? {
        get { json["id"]?.string }
        set {
            guard let newValue else { return json["id"] = nil }
            guard Primitive.id.accepts(.string(newValue)) else { return }
            if json["id"] != nil { return json["id"] = .string(newValue) }
            var members = json.members
            members.insert(.init("id", .string(newValue)), at: members.isEmpty ? 0 : 1)
            json = JSONObject(members)
        }
    }

    /// The element of a name.
    package subscript(name: String) -> JSONValue? { json[name] }

    /// URIs in `meta.profile`.
    package var profiles: [String] { (json["meta"]?["profile"]?.items ?? []).compactMap(\.string) }

    /// The contained resource of an id, without its `#`.
    package func contained(_ id: String) -> JSONObject? {
        (json["contained"]?.items ?? []).first { $0["id"]?.string.map { $0.utf8.elementsEqual(id.utf8) } ?? false }?
            .object
    }

    /// The shortest JSON.
    package var bytes: [UInt8] { JSONWriter.bytes(.object(json)) }
}
