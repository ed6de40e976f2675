import ExchangeCore
import FHIRModel
import JSON

/// The entries of an ITI-65 Bundle sorted by what they are, each with its path; refuses what the profile's closed
/// slicing has no place for.
struct BundleParts {
    /// One entry's resource and where it stands.
    struct Item {
        let fullUrl: String
        let resource: JSONObject
        let path: String
    }

    private(set) var set: Item?
    private(set) var documents: [Item] = []
    private(set) var contents: [Item] = []
    private(set) var patches: [(target: String, condition: String?, item: Item)] = []
    private(set) var folders: [(item: Item, request: BundleEntry.Request)] = []
    private(set) var patients: [Item] = []
    /// Every resource that others may refer to, by fullUrl.
    private(set) var beside: [String: JSONObject] = [:]
    /// What each entry was, in order; documents and contents numbered as they come.
    private(set) var parts: [ProvideRequest.Part] = []

    init(_ bundle: JSONObject) throws(ExchangeError) {
        guard bundle["resourceType"]?.string == "Bundle" else {
            throw ExchangeError(.badRequest, "a Bundle is wanted here", at: "resourceType")
        }
        guard bundle["type"]?.string == "transaction" else {
            throw ExchangeError(
                .badRequest, "documents are provided in a Bundle of type transaction", at: "Bundle.type")
        }
        if let path = Self.mustUnderstand(.object(bundle), at: "Bundle") {
            throw ExchangeError(.badRequest, "an extension that changes the meaning is not understood here", at: path)
        }
        for (index, entry) in Bundle.entries(bundle).enumerated() {
            try take(entry, at: "Bundle.entry[\(index)]")
        }
    }

    private mutating func take(_ entry: BundleEntry, at path: String) throws(ExchangeError) {
        guard let request = entry.request else {
            throw ExchangeError(.badRequest, "each entry of a transaction needs method and url", at: path + ".request")
        }
        guard request.ifMatch == nil || request.method == "PATCH" || request.method == "PUT" && Self.isFolder(entry.resource) else {
            throw ExchangeError(
                .badRequest, "ifMatch is taken with what is here already: a PATCH of a document, a PUT of a folder",
                at: path + ".request.ifMatch")
        }
        guard let resource = entry.resource, let type = entry.resourceType else {
            // A Patient that is only pointed at (GET) has no resource.
            guard request.method == "GET", request.url.utf8.starts(with: "Patient".utf8) else {
                throw ExchangeError(.badRequest, "the entry has no resource", at: path + ".resource")
            }
            return parts.append(.patient)
        }
        guard request.ifNoneExist == nil || type == "Patient" || type == "Practitioner" || type == "Organization" else {
            // A condition that was passed over would register twice what was meant once.
            throw ExchangeError(
                .badRequest, "ifNoneExist is taken with a single DocumentReference (ITI-105), not within a submission",
                at: path + ".request.ifNoneExist")
        }
        let item = Item(fullUrl: entry.fullUrl ?? "", resource: resource, path: path + ".resource")
        if let fullUrl = entry.fullUrl, type != "Parameters" {
            guard beside.updateValue(resource, forKey: fullUrl) == nil else {
                throw ExchangeError(.badRequest, "two entries have the same fullUrl", at: path + ".fullUrl")
            }
        }
        switch (type, request.method) {
        case ("List", "POST"), ("List", "PUT"): try take(list: item, request)
        case ("DocumentReference", "POST"):
            parts.append(.document(documents.count))
            documents.append(item)
        case ("Binary", "POST"):
            parts.append(.content(contents.count))
            contents.append(item)
        case ("Parameters", "PATCH"):
            try Self.checkPatch(item)
            parts.append(.supersede(request.url))
            patches.append((request.url, request.ifMatch, item))
        case ("Patient", "POST"), ("Patient", "PUT"), ("Patient", "GET"):
            guard patients.isEmpty else {
                throw ExchangeError(.badRequest, "XDSPatientIdDoesNotMatch: one patient to a submission", at: item.path)
            }
            parts.append(.patient)
            patients.append(item)
        case ("Practitioner", "POST"), ("Practitioner", "PUT"), ("Organization", "POST"), ("Organization", "PUT"),
            ("PractitionerRole", "POST"), ("PractitionerRole", "PUT"):
            parts.append(.ignored(type))
        case ("Bundle", _):
            throw ExchangeError(
                .badRequest, "FHIRDocumentNotSupported: send a document's bytes in a Binary", at: item.path)
        default:
            throw ExchangeError(
                .badRequest, "the profile has no place for this resource and method", at: path + ".request.method")
        }
    }

    private static func kind(_ list: JSONObject) -> String? {
        CodedValue.codings(inConcept: list["code"]).first { same($0.system, MHDNames.listType) }?.code
    }

    private static func isFolder(_ resource: JSONObject?) -> Bool {
        resource.map { $0["resourceType"]?.string == "List" && kind($0) == "folder" } ?? false
    }

    private mutating func take(list: Item, _ request: BundleEntry.Request) throws(ExchangeError) {
        switch Self.kind(list.resource) {
        case "submissionset":
            guard set == nil else {
                throw ExchangeError(.badRequest, "exactly one submission set is wanted", at: list.path)
            }
            parts.append(.submissionSet)
            set = list
        case "folder":
            parts.append(.folder(folders.count))
            folders.append((list, request))
        default:
            throw ExchangeError(
                .badRequest, "a List is a submissionset or a folder of MHDlistTypes", at: list.path + ".code")
        }
    }

    /// `replace DocumentReference.status superseded` and nothing else (MHD, IHE.MHD.Patch.Parameters).
    private static func checkPatch(_ item: Item) throws(ExchangeError) {
        guard let parameters = Parameters(json: item.resource)?.parameters, parameters.count == 1,
            let operation = parameters.first, operation.name == "operation",
            operation.part(named: "type")?.value?.string == "replace",
            operation.part(named: "path")?.value?.string == "DocumentReference.status",
            operation.part(named: "value")?.value?.string == "superseded"
        else {
            throw ExchangeError(
                .badRequest, "the only patch taken here replaces DocumentReference.status by superseded", at: item.path)
        }
    }

    /// The path of the first `modifierExtension` or `implicitRules`: FHIR forbids to process what carries an unknown
    /// one.
    static func mustUnderstand(_ value: JSONValue, at path: String) -> String? {
        var steps: [String] = []
        guard leadsToUnknown(value, &steps) else { return nil }
        return path + steps.reversed().joined()
    }

    /// Finds the first such member; writes the way to it down, last step first, only once it is found.
    private static func leadsToUnknown(_ value: JSONValue, _ steps: inout [String]) -> Bool {
        switch value {
        case .object(let object):
            for member in object.members {
                let isUnknown = member.name == "modifierExtension" || member.name == "implicitRules"
                if isUnknown || leadsToUnknown(member.value, &steps) {
                    steps.append("." + member.name)
                    return true
                }
            }
        case .array(let items):
            for (index, item) in items.enumerated() where leadsToUnknown(item, &steps) {
                steps.append("[\(index)]")
                return true
            }
        case .null, .bool, .number, .string: break
        }
        return false
    }
}
