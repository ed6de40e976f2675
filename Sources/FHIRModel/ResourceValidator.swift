import ExchangeCore
import JSON

/// Says whether an object is the FHIR resource it claims to be.
enum ResourceValidator {
    static func validate(_ object: JSONObject) throws(ExchangeError) -> String {
        guard let type = object["resourceType"]?.string else {
            throw ExchangeError(.badRequest, "resourceType is missing")
        }
        return type
    }
}
