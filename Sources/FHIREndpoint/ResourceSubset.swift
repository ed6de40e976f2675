import JSON

/// How much of a resource is wanted: `_summary` and `_elements` (R4, search.html 3.1.1.4.8 and 9).
enum ResourceSubset: Hashable, Sendable {
    /// All of it.
    case whole
    /// What FHIR marks as summary.
    case summary
    /// What must be there, and the narrative.
    case text
    /// What must be there, and these.
    case elements(Set<String>)

    private static let always: Set<String> = ["resourceType", "id", "meta", "implicitRules"]
    /// What R4 demands of a resource.
    private static let mandatory: [String: Set<String>] = [
        "DocumentReference": ["status", "content"], "List": ["status", "mode"],
    ]
    /// What R4 marks as summary (Σ).
    private static let summaries: [String: Set<String>] = [
        "DocumentReference": [
            "masterIdentifier", "identifier", "status", "docStatus", "type", "category", "subject", "date", "author", "relatesTo",
            "description", "securityLabel", "content", "context",
        ],
        "List": ["identifier", "status", "mode", "title", "code", "subject", "date", "source"],
    ]

    /// The bytes of a rendered resource, cut down; as they are where all is wanted or they cannot be read.
    func bytes(of rendered: [UInt8]) -> [UInt8] {
        guard self != .whole, let object = (try? JSONReader.read(rendered))?.object else { return rendered }
        return JSONWriter.bytes(.object(apply(to: object)))
    }

    /// The resource, cut down and marked as such.
    func apply(to resource: JSONObject) -> JSONObject {
        guard self != .whole, let type = resource["resourceType"]?.string else { return resource }
        var names = Self.always
        switch self {
        case .whole: break
        case .summary: names.formUnion(Self.summaries[type] ?? [])
        case .text: names.formUnion((Self.mandatory[type] ?? []).union(["text"]))
        case .elements(let wanted): names.formUnion(wanted.union(Self.mandatory[type] ?? []))
        }
        var cut = JSONObject(resource.members.filter { names.contains($0.name) && $0.name != "contained" })
        if self == .summary, let period = cut["context"]?["period"] {
            cut["context"] = ["period": period]
        } else if self == .summary {
            cut["context"] = nil
        }
        // What is pointed at within the resource stays with it.
        var kept: [JSONValue] = []
        var referred = Self.contained(in: .object(cut))
        var rest = resource["contained"]?.items ?? []
        while let at = rest.firstIndex(where: { $0["id"]?.string.map(referred.contains) ?? false }) {
            let item = rest.remove(at: at)
            referred.formUnion(Self.contained(in: item))
            kept.append(item)
        }
        if !kept.isEmpty { cut["contained"] = .array(kept) }
        var meta = cut["meta"]?.object ?? JSONObject()
        meta["tag"] = .array((meta["tag"]?.items ?? []) + [Self.subsetted])
        cut["meta"] = .object(meta)
        return cut
    }

    private static let subsetted: JSONValue = [
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED",
    ]

    /// The ids of contained resources that something refers to.
    private static func contained(in value: JSONValue) -> Set<String> {
        switch value {
        case .object(let object):
            var found: Set<String> = []
            for member in object.members {
                if member.name == "reference", let text = member.value.string, text.utf8.first == UInt8(ascii: "#") {
                    found.insert(String(text.dropFirst()))
                } else {
                    found.formUnion(contained(in: member.value))
                }
            }
            return found
        case .array(let items): return items.reduce(into: []) { $0.formUnion(contained(in: $1)) }
        case .null, .bool, .number, .string: return []
        }
    }
}
