import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Transactions

extension AdminService {
    func recordConsent(_ call: AdminCall) async throws -> AdminAnswer {
        let (consent, patient) = try await stated(call)
        return AdminAnswer(
            try answer(try await exchange.createConsent(consent, patient: patient, for: call.context)))
    }

    func revokeConsent(_ call: AdminCall) async throws -> AdminAnswer {
        AdminAnswer(try answer(try await exchange.revokeConsent(try call.directive(), for: call.context)))
    }

    func consents(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try await patient(call)
        var query = ConsentQuery()
        query.patient = id
        let found = try await exchange.findConsents(query, for: call.context)
        return AdminAnswer(
            [
                "patient": .string(id.description), "default": .string(exchange.settings.consentDefault.rawValue),
                "consents": .array(try found.versions.map(answer)),
            ], tickets: found.tickets)
    }

    func consent(_ call: AdminCall) async throws -> AdminAnswer {
        let found = try await exchange.readConsent(try call.directive(), for: call.context)
        guard let version = found.versions.first else { return AdminAnswer(.null, tickets: found.tickets) }
        return AdminAnswer(try await following(version, answer(version)), tickets: found.tickets)
    }

    func consentHistory(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try call.directive()
        let found = try await exchange.consentHistory(id, for: call.context)
        return AdminAnswer(
            ["id": .string(id.description), "versions": .array(try found.versions.map(answer))],
            tickets: found.tickets)
    }

    /// What a command states: a FHIR Consent as given, or one composed of the plain forms, and whose it is.
    func stated(_ call: AdminCall) async throws -> (consent: JSONObject, patient: PatientID?) {
        let isNamed = call.arguments["patient"] != nil || call.arguments["identifier"] != nil
        if let consent = call.arguments["consent"] {
            guard let object = consent.object else {
                throw ExchangeError(.badRequest, "give a FHIR Consent", at: "consent")
            }
            guard try FHIRResource(validating: object).type == "Consent" else {
                throw ExchangeError(.badRequest, "this is no Consent", at: "resourceType")
            }
            return (object, isNamed ? try await patient(call) : nil)
        }
        guard let parts = call.arguments["directive"], parts.object != nil else {
            throw ExchangeError(.badRequest, "say what is permitted or denied", at: "directive")
        }
        let patient = try await patient(call)
        var random = exchange.world.random
        let now = exchange.world.now()
        let directive = try DirectiveComposing(call: call, parts: parts).directive(
            id: .ordered(at: now, using: &random), patient: patient, recorded: now)
        var consent = ConsentMapping.json(directive)
        consent["id"] = nil
        return (consent, patient)
    }

    /// A directive with its id, its state and its base provision in plain words beside the FHIR Consent.
    func answer(_ version: ConsentVersion) throws -> JSONValue {
        let directive = version.directive
        let base = directive.base
        var organizations: [String] = []
        var users: [String] = []
        for actor in base.actors {
            switch actor {
            case .organization(let name): organizations.append(name)
            case .role(let name): users.append("role " + name)
            case .treating: users.append("whoever treats the patient")
            case .practitioner(let name): users.append(name)
            }
        }
        var object: JSONObject = [
            "id": .string(directive.id.description), "version": .number(String(version.number)),
            "patient": .string(directive.patient.description),
            "status": .string(directive.status.rawValue), "state": .string(state(of: directive)),
            "effect": .string(base.effect.rawValue),
            "organizations": texts(organizations), "users": texts(users), "purposes": texts(base.purposes.map(\.code)),
            "types": texts((base.classCodes + base.typeCodes).map { $0.system + "|" + $0.code }),
            "labels": texts(base.securityLabels.map(\.code)),
        ]
        object["from"] = base.period?.start.map { .string($0.text) }
        object["until"] = base.period?.end.map { .string($0.text) }
        object["careFrom"] = base.dataPeriod?.start.map { .string($0.text) }
        object["careUntil"] = base.dataPeriod?.end.map { .string($0.text) }
        object["exceptions"] = .number(String(directive.exceptions.count))
        object["withheld"] = texts(
            directive.exceptions.filter { $0.effect == .deny }.flatMap { $0.securityLabels.map(\.code) })
        object["recorded"] = .string(directive.recorded.description)
        if let person = directive.recordedBy {
            object["relation"] = .string(person.relation.code)
            object["recordedBy"] = person.name.map { .string($0) }
            switch person.evidence {
            case .digest(let bytes): object["evidence"] = .string("digest " + Hexadecimal.encode(bytes))
            case .document(let reference): object["evidence"] = .string(reference)
            case nil: break
            }
        }
        let resource = try version.json
        object["by"] = recorder(resource).map { .string($0) }
        object["consent"] = .object(resource)
        return .object(object)
    }

    /// Who typed it in, as the node noted it.
    private func recorder(_ consent: JSONObject) -> String? {
        let mark = (consent["extension"]?.items ?? []).first { $0["url"]?.string == ConsentVersion.recorderExtension }
        return (mark?["extension"]?.items ?? []).first { $0["url"] == "user" }?["valueString"]?.string
    }

    /// Whether a directive decides now, in a word.
    private func state(of directive: ConsentDirective) -> String {
        guard directive.status == .active else { return directive.status == .inactive ? "revoked" : directive.status.rawValue }
        let now = exchange.world.now()
        if let start = directive.base.period?.start, now < start.start { return "not yet" }
        if let end = directive.base.period?.end, now >= end.end { return "over" }
        return "in force"
    }

    private func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
