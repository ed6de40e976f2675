import FHIRModel
import ExchangeCore
import JSON

/// The codes and small parts that BALP's AuditEvents are made of.
enum BALP {
    static let rest = coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest")
    static let export = dicom("110106")
    static let importing = dicom("110107")
    static let security = dicom("110113")
    /// Requests of an auditor for the log itself.
    static let auditLogUsed = dicom("110101")
    static let disclose = coding("http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose")
    static let person = coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "1")
    static let system = coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2")
    static let patientRole = coding("http://terminology.hl7.org/CodeSystem/object-role", "1")
    static let domainResource = coding("http://terminology.hl7.org/CodeSystem/object-role", "4")
    static let query = coding("http://terminology.hl7.org/CodeSystem/object-role", "24")

    static func coding(_ system: String, _ code: String) -> JSONValue {
        ["system": .string(system), "code": .string(code)]
    }

    static func dicom(_ code: String) -> JSONValue { coding("http://dicom.nema.org/resources/ontology/DCM", code) }

    static func interaction(_ code: String) -> JSONValue { coding("http://hl7.org/fhir/restful-interaction", code) }

    static func transaction(_ code: String) -> JSONValue { coding("urn:ihe:event-type-code", code) }

    static func purpose(_ code: String) -> JSONValue { ["coding": [coding(CodeSystems.actReason, code)]] }

    static func identifier(_ value: String) -> JSONValue { ["identifier": ["value": .string(value)]] }

    static func entity(_ reference: String, _ type: JSONValue, _ role: JSONValue) -> JSONValue {
        ["what": ["reference": .string(reference)], "type": type, "role": role]
    }

    /// A machine by its DICOM role: 110153 source, 110152 destination, 110150 application.
    static func agent(_ role: String, _ who: String, isRequestor: Bool = false) -> JSONValue {
        ["type": ["coding": [dicom(role)]], "who": identifier(who), "requestor": .bool(isRequestor)]
    }

    /// The person on whose behalf it was done.
    static func user(_ who: String, role: String? = nil, purpose: String?) -> JSONValue {
        var agent: JSONObject = [
            "type": ["coding": [coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")]],
            "who": identifier(who), "requestor": true,
        ]
        agent["role"] = role.map { [["text": .string($0)]] }
        agent["purposeOfUse"] = purpose.map { [self.purpose($0)] }
        return .object(agent)
    }

    /// The organisation the person asks for.
    static func organization(_ who: String) -> JSONValue {
        [
            "type": ["coding": [coding("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV")]],
            "who": identifier(who), "requestor": false,
        ]
    }
}
