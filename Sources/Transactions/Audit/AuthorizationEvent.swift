import ExchangeCore
import FHIRModel
import JSON
import Journal

/// An authorisation decision as FHIR `AuditEvent` (BALP 1.1.5, `IHE.BasicAudit.AuthZconsent`).
///
/// One access gives one event for each group of documents that was decided alike. BALP closes the entities to patient,
/// consent and token, so the journal position and the rule stand in `outcomeDesc`, which is for the auditor.
package enum AuthorizationEvent {
    /// The events of an access; empty for one that decided nothing about documents.
    ///
    /// - Parameter versions: the version a directive had at a position; nil when it was not there.
    package static func json(
        _ event: AccessEvent, patient: PatientID, node: CommunityID,
        version: (DirectiveID, JournalPosition) -> Int?,
    ) -> [JSONObject] {
        event.record.decisions.map { decision in
            var object: JSONObject = [
                "resourceType": "AuditEvent",
                "meta": ["profile": [.string(profile)]],
                "type": coding("http://dicom.nema.org/resources/ontology/DCM", "110113"),
                "subtype": [coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType", "AuthZ-Consent")],
                "action": "E", "recorded": .string(event.time.description),
                "outcome": .string(decision.isPermitted ? "0" : "8"),
                "outcomeDesc": .string(description(decision, event)),
            ]
            if let purpose = event.record.purpose {
                object["purposeOfEvent"] = [["coding": [coding(CodeSystems.actReason, purpose)]]]
            }
            object["agent"] = .array(agents(event.record, node))
            object["source"] = ["observer": identifier(node.urn)]
            object["entity"] = .array(
                [entity(["reference": .string("Patient/\(patient)")], personType, patientRole)]
                    + consents(decision, event, version) + token(event.record))
            return object
        }
    }

    private static let profile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.AuthZconsent"
    private static let personType = coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "1")
    private static let patientRole = coding("http://terminology.hl7.org/CodeSystem/object-role", "1")
    private static let consentType = coding("http://hl7.org/fhir/resource-types", "Consent")

    private static func description(_ decision: AccessRecord.Decision, _ event: AccessEvent) -> String {
        var parts = [decision.isPermitted ? "permit" : "deny"] + decision.rules
        parts.append("documents \(decision.documents.map(\.description).joined(separator: " "))")
        if let reason = event.record.reason { parts.append("emergency access: " + reason) }
        return parts.joined(separator: "; ") + "; journal position \(event.position), \(event.record.transaction)"
    }

    private static func agents(_ record: AccessRecord, _ node: CommunityID) -> [JSONValue] {
        func agent(_ system: String, _ code: String, _ who: String, isRequestor: Bool = false) -> JSONObject {
            [
                "type": ["coding": [coding(system, code)]], "who": identifier(who), "requestor": .bool(isRequestor),
            ]
        }
        var user = agent(participation, "IRCP", record.user, isRequestor: true)
        user["role"] = record.role.map { [["text": .string($0)]] }
        user["purposeOfUse"] = record.purpose.map { [["coding": [coding(CodeSystems.actReason, $0)]]] }
        return [
            .object(agent("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver", node.urn)),
            .object(agent("http://dicom.nema.org/resources/ontology/DCM", "110150", record.community.urn)),
            .object(user),
            .object(agent("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", record.organization)),
        ]
    }

    private static let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

    /// The directives that decided, in the version they had; the policy by its name where none spoke.
    private static func consents(
        _ decision: AccessRecord.Decision, _ event: AccessEvent, _ version: (DirectiveID, JournalPosition) -> Int?,
    ) -> [JSONValue] {
        var entities: [JSONValue] = []
        for rule in decision.rules {
            guard rule.utf8.starts(with: "directive ".utf8) else { continue }
            let text = rule.dropFirst("directive ".count).prefix { $0 != ":" && $0 != " " }
            guard let id = DirectiveID(String(text)) else { continue }
            let reference = version(id, event.record.factsPosition).map { "Consent/\(id)/_history/\($0)" } ?? "Consent/\(id)"
            let entity = entity(["reference": .string(reference)], consentType, nil)
            if !entities.contains(entity) { entities.append(entity) }
        }
        if entities.isEmpty, let rule = decision.rules.first { entities = [entity(identifier(rule), consentType, nil)] }
        return entities
    }

    private static func token(_ record: AccessRecord) -> [JSONValue] {
        guard let token = record.tokenID else { return [] }
        let type = coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes", "UserOauthAgent")
        return [entity(identifier("urn:ietf:params:oauth:jti:" + token), type, nil)]
    }

    private static func entity(_ what: JSONValue, _ type: JSONValue, _ role: JSONValue?) -> JSONValue {
        var entity: JSONObject = ["what": what, "type": type]
        entity["role"] = role
        return .object(entity)
    }

    private static func identifier(_ value: String) -> JSONValue { ["identifier": ["value": .string(value)]] }

    private static func coding(_ system: String, _ code: String) -> JSONValue {
        ["system": .string(system), "code": .string(code)]
    }
}
