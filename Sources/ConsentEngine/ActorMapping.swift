import ExchangeCore
import FHIRModel
import JSON

/// `Consent.provision.actor` and other references to people and organisations, as names that tokens carry.
///
/// A name is the id of `Organization/id`, a URI, `system|value` of another identifier, or a reference as written.
enum ActorMapping {
    /// `CareTeam/treating`: not a team of one name, but whoever treats the patient.
    private static let treating = "treating"
    static let uriSystem = "urn:ietf:rfc:3986"
    private static let recipient = CodedValue(
        code: "IRCP", system: "http://terminology.hl7.org/CodeSystem/v3-ParticipationType")

    /// Nil for a role other than information recipient, and for a kind of actor that tokens do not name.
    static func actor(_ json: JSONValue) -> ConsentActor? {
        guard CodedValue.codings(inConcept: json["role"]).contains(where: { $0 == recipient }),
            let type = FHIRReference(json: json["reference"]).flatMap(type)
        else { return nil }
        let name = name(json["reference"], types: [type])
        if type == "CareTeam", name == treating { return .treating }
        switch type {
        case "Organization": return name.map { .organization($0) }
        case "Practitioner": return name.map { .practitioner($0) }
        case "Group", "PractitionerRole", "CareTeam": return name.map { .role($0) }
        default: return nil
        }
    }

    static func json(_ actor: ConsentActor) -> JSONValue {
        let reference: JSONValue
        switch actor {
        case .organization(let name): reference = self.reference(name, type: "Organization")
        case .practitioner(let name): reference = self.reference(name, type: "Practitioner")
        case .role(let name): reference = self.reference(name, type: "Group")
        case .treating: reference = self.reference(treating, type: "CareTeam")
        }
        return ["role": recipient.concept, "reference": reference]
    }

    /// Read from the JSON itself: a name may have blanks, which a `PatientIdentifier` has not.
    static func name(_ json: JSONValue?, types: Set<String>) -> String? {
        guard let reference = FHIRReference(json: json) else { return nil }
        if let value = json?["identifier"]?["value"]?.string {
            guard reference.type.map(types.contains) ?? true else { return nil }
            guard let system = json?["identifier"]?["system"]?.string, !same(system, uriSystem) else { return value }
            return system + "|" + value
        }
        switch reference.target {
        case .relative(let type, let id): return types.contains(type) ? id : nil
        case .absolute(_, let type, _): return types.contains(type) ? reference.reference : nil
        case .urn(let urn): return urn
        case .contained, .other, nil: return nil
        }
    }

    static func reference(_ name: String, type: String) -> JSONValue {
        let bytes = name.utf8
        if bytes.starts(with: "urn:".utf8) { return uriReference(name, type: type) }
        if bytes.starts(with: "http://".utf8) || bytes.starts(with: "https://".utf8), !bytes.contains(UInt8(ascii: "|"))
        {
            return ["reference": .string(name), "type": .string(type)]
        }
        if let cut = bytes.lastIndex(of: UInt8(ascii: "|")) {
            return [
                "type": .string(type),
                "identifier": [
                    "system": .string(String(name[..<cut])), "value": .string(String(name[bytes.index(after: cut)...])),
                ],
            ]
        }
        if Primitive.id.accepts(.string(name)) { return ["reference": .string("\(type)/\(name)")] }
        return uriReference(name, type: type)
    }

    static func uriReference(_ uri: String, type: String) -> JSONValue {
        ["type": .string(type), "identifier": ["system": .string(uriSystem), "value": .string(uri)]]
    }

    private static func type(_ reference: FHIRReference) -> String? {
        switch reference.target {
        case .relative(let type, _), .absolute(_, let type, _): type
        case .contained, .urn, .other, nil: reference.type
        }
    }
}
