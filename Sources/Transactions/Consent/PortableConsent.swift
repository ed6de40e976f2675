import ConsentEngine
import Crypto
import ExchangeCore
import JSON

/// A Consent on its way from one community to another: without what only its own node understands.
enum PortableConsent {
    /// Stands for the patient in a Consent that names none.
    private static let subject = "#subject"

    /// The Consent without patient, node's own marks and narrative; what refers to the patient refers to `#subject`.
    static func leaving(_ consent: JSONObject, patient: PatientID) -> JSONObject {
        var portable = JSONObject()
        for member in consent.members where !["id", "patient", "text", "extension", "meta"].contains(member.name) {
            portable[member.name] = renamed(member.value, Array("Patient/\(patient)".utf8), subject)
        }
        portable["meta"] = consent["meta"]?["lastUpdated"].map { ["lastUpdated": $0] }
        let own = [ConsentVersion.recorderExtension, ConsentOrigin.url]
        let kept = (consent["extension"]?.items ?? []).filter { item in !own.contains { item["url"]?.string == $0 } }
        if !kept.isEmpty { portable["extension"] = .array(kept) }
        return portable
    }

    /// The Consent as this node keeps it: its own id and patient, and where it came from.
    static func arriving(
        _ consent: JSONObject, as id: DirectiveID, patient: PatientID, origin: ConsentOrigin,
    ) -> JSONObject {
        var local = JSONObject()
        for member in consent.members where member.name != "id" && member.name != "patient" {
            local[member.name] = renamed(member.value, Array(subject.utf8), "Patient/\(patient)")
        }
        local["id"] = .string(id.description)
        local["patient"] = ["reference": .string("Patient/\(patient)")]
        let kept = (consent["extension"]?.items ?? []).filter { $0["url"]?.string != ConsentOrigin.url }
        local["extension"] = .array(kept + [origin.json])
        return local
    }

    /// This node's id of another community's directive about one of its patients: always the same (RFC 9562 version 8).
    static func id(of directive: DirectiveID, from community: CommunityID, about patient: PatientID) -> DirectiveID? {
        var hash = SHA256()
        hash.update(data: Array(community.urn.utf8))
        hash.update(data: directive.bytes)
        hash.update(data: patient.bytes)
        var bytes = Array(hash.finalize().prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        return DirectiveID(bytes: bytes)
    }

    /// Every `reference` that is one text, made another.
    private static func renamed(_ value: JSONValue, _ from: [UInt8], _ to: String) -> JSONValue {
        switch value {
        case .array(let items): return .array(items.map { renamed($0, from, to) })
        case .object(let object):
            return .object(
                JSONObject(
                    object.members.map { member in
                        if member.name == "reference", let text = member.value.string, text.utf8.elementsEqual(from) {
                            return .init(member.name, .string(to))
                        }
                        return .init(member.name, renamed(member.value, from, to))
                    }))
        case .null, .bool, .number, .string: return value
        }
    }
}
