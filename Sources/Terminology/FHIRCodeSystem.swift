import ExchangeCore
import JSON

/// A FHIR R4 CodeSystem resource as a release.
enum FHIRCodeSystem {
    /// Levels of concepts within concepts.
    private static let depthMax = 32

    static func concepts(_ bytes: [UInt8]) throws(ExchangeError) -> [Concept] {
        let resource: JSONValue
        do {
            resource = try JSONReader.read(bytes)
        } catch {
            throw ExchangeError(.badRequest, "not JSON: \(error.message)", at: "byte \(error.offset)")
        }
        guard resource["resourceType"]?.string == "CodeSystem" else {
            throw ExchangeError(.badRequest, "not a FHIR CodeSystem")
        }
        guard resource["content"]?.string == "complete" else {
            throw ExchangeError(.badRequest, "only part of the code system is in the file (content must be complete)")
        }
        var concepts: [Concept] = []
        try collect(resource["concept"]?.items ?? [], depth: 0, into: &concepts)
        return concepts
    }

    private static func collect(
        _ list: [JSONValue], depth: Int, into concepts: inout [Concept],
    ) throws(ExchangeError) {
        guard depth < depthMax else { throw ExchangeError(.tooLarge, "concepts nested deeper than \(depthMax) levels") }
        for item in list {
            guard let code = item["code"]?.string, !code.isEmpty else {
                throw ExchangeError(.badRequest, "a concept without a code")
            }
            guard concepts.count < ReleaseImporter.conceptsMax else {
                throw ExchangeError(.tooLarge, "more than \(ReleaseImporter.conceptsMax) codes")
            }
            var displays = [item["display"]?.string ?? code]
            for designation in item["designation"]?.items ?? [] {
                if let value = designation["value"]?.string { displays.append(value) }
            }
            let properties = item["property"]?.items ?? []
            func has(_ name: String, _ values: Set<String>) -> Bool {
                properties.contains { property in
                    guard property["code"]?.string == name else { return false }
                    if property["valueBoolean"]?.bool == true { return values.contains("true") }
                    return property["valueCode"]?.string.map(values.contains) == true
                }
            }
            let isInactive = has("status", ["inactive", "deprecated", "retired"]) || has("inactive", ["true"])
            concepts.append(
                Concept(
                    code: code, displays: displays, isSelectable: !has("notSelectable", ["true"]), isActive: !isInactive))
            try collect(item["concept"]?.items ?? [], depth: depth + 1, into: &concepts)
        }
    }
}
