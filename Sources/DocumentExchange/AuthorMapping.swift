import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// `DocumentReference.author` <-> `DocumentAuthor`; what we write is contained.
enum AuthorMapping {
    /// Nil for a reference to nothing that names anybody.
    static func author(_ reference: FHIRReference, _ lookup: ResourceLookup) -> DocumentAuthor? {
        guard let resource = lookup.resource(reference) else { return named(reference) }
        var author = DocumentAuthor()
        switch resource["resourceType"]?.string {
        case "Practitioner": read(practitioner: resource, into: &author)
        case "Organization": read(organization: resource, into: &author)
        case "PractitionerRole":
            if let person = FHIRReference(json: resource["practitioner"]) {
                if let found = lookup.resource(person) {
                    read(practitioner: found, into: &author)
                } else if let known = named(person, "Practitioner") {
                    author.personIdentifier = known.personIdentifier
                }
            }
            if let place = FHIRReference(json: resource["organization"]) {
                if let found = lookup.resource(place) {
                    read(organization: found, into: &author)
                } else if let known = named(place, "Organization") {
                    author.institution = known.institution
                    author.institutionIdentifier = known.institutionIdentifier
                }
            }
            author.role = (resource["code"]?.items.first ?? resource["specialty"]?.items.first).flatMap(text)
        default: return nil
        }
        return author
    }

    private static func text(_ concept: JSONValue) -> String? {
        concept["text"]?.string ?? CodedValue(concept: concept).flatMap { $0.display ?? $0.code }
    }

    private static func read(practitioner: JSONObject, into author: inout DocumentAuthor) {
        author.person = practitioner["name"]?.items.first.flatMap { PersonName(humanName: $0) }
        author.personIdentifier =
            (practitioner["identifier"]?.items ?? []).lazy
            .compactMap { PatientIdentifier(identifier: $0) }.first
    }

    private static func read(organization: JSONObject, into author: inout DocumentAuthor) {
        author.institution = organization["name"]?.string
        author.institutionIdentifier = organization["identifier"]?.items.first.flatMap(name)
    }

    /// A URI by itself, any other identifier as `system|value`.
    private static func name(_ identifier: JSONValue) -> String? {
        guard let value = identifier["value"]?.string else { return nil }
        guard let system = identifier["system"]?.string, !same(system, MHDNames.uri) else { return value }
        return system + "|" + value
    }

    /// What a reference tells that leads to no resource of the submission.
    private static func named(_ reference: FHIRReference, _ expected: String? = nil) -> DocumentAuthor? {
        let type: String?
        switch reference.target {
        case .relative(let name, _), .absolute(_, let name, _): type = name
        case .contained, .urn, .other, nil: type = reference.type ?? expected
        }
        let identifier =
            reference.identifier
            ?? reference.reference.flatMap { PatientIdentifier(system: MHDNames.uri, value: $0) }
        switch type {
        case "Organization":
            return DocumentAuthor(
                institution: reference.display,
                institutionIdentifier: identifier.map {
                    same($0.system, MHDNames.uri) ? $0.value : $0.system + "|" + $0.value
                })
        case "Practitioner", "PractitionerRole": return DocumentAuthor(personIdentifier: identifier)
        default: return nil
        }
    }

    /// The contained resources of an author, and the reference to the first of them.
    static func json(_ author: DocumentAuthor, number: Int) -> (contained: [JSONValue], reference: JSONValue) {
        let id = "author\(number)"
        var practitioner: JSONObject?
        if author.person != nil || author.personIdentifier != nil {
            var object: JSONObject = ["resourceType": "Practitioner"]
            object["id"] = .string(id + "-person")
            if let identifier = author.personIdentifier { object["identifier"] = .array([identifier.identifierJSON]) }
            if let name = author.person { object["name"] = .array([name.humanName]) }
            practitioner = object
        }
        var organization: JSONObject?
        if author.institution != nil || author.institutionIdentifier != nil {
            var object: JSONObject = ["resourceType": "Organization"]
            object["id"] = .string(id + "-organization")
            if let text = author.institutionIdentifier { object["identifier"] = .array([identifier(text)]) }
            if let name = author.institution { object["name"] = .string(name) }
            organization = object
        }
        let parts = [practitioner, organization].compactMap(\.self)
        if parts.count == 1, author.role == nil, let only = parts.first, let local = only["id"]?.string {
            return ([.object(only)], ["reference": .string("#" + local)])
        }
        var role: JSONObject = ["resourceType": "PractitionerRole", "id": .string(id)]
        if practitioner != nil { role["practitioner"] = ["reference": .string("#\(id)-person")] }
        if organization != nil { role["organization"] = ["reference": .string("#\(id)-organization")] }
        if let text = author.role { role["code"] = .array([["text": .string(text)]]) }
        return (parts.map(JSONValue.object) + [.object(role)], ["reference": .string("#" + id)])
    }

    private static func identifier(_ text: String) -> JSONValue {
        if let cut = text.utf8.lastIndex(of: UInt8(ascii: "|")) {
            return [
                "system": .string(String(text[..<cut])), "value": .string(String(text[text.utf8.index(after: cut)...])),
            ]
        }
        return ["system": .string(MHDNames.uri), "value": .string(text)]
    }
}
