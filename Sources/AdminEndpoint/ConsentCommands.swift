import ConsentEngine
import ExchangeCore
import FHIRModel
import JSON
import Transactions

extension AdminService {
    func recordConsent(_ call: AdminCall) async throws -> AdminAnswer {
        let directive: ConsentDirective
        if let consent = call.arguments["consent"] {
            directive = try await reading(consent, call)
        } else {
            directive = try await composed(call)
        }
        try await exchange.recordConsent(directive, for: call.context)
        return AdminAnswer(Self.answer(directive))
    }

    func revokeConsent(_ call: AdminCall) async throws -> AdminAnswer {
        AdminAnswer(Self.answer(try await exchange.revokeConsent(try call.directive(), for: call.context).directive))
    }

    func consents(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try await patient(call)
        let directives = try await exchange.consents(of: id)
        return AdminAnswer(["patient": .string(id.description), "consents": .array(directives.map { Self.answer($0.directive) })])
    }

    func consent(_ call: AdminCall) async throws -> AdminAnswer {
        guard let directive = try await exchange.projection.directive(try call.directive()) else {
            throw ExchangeError(.notFound, "no consent directive of that id is recorded here; see hie consent list")
        }
        return AdminAnswer(Self.answer(directive))
    }

    private func newID() -> DirectiveID {
        var random = exchange.world.random
        return .ordered(at: exchange.world.now(), using: &random)
    }

    private func reading(_ consent: JSONValue, _ call: AdminCall) async throws -> ConsentDirective {
        guard let object = consent.object else {
            throw ExchangeError(.badRequest, "give a FHIR Consent", at: "consent")
        }
        _ = try FHIRResource(validating: object)
        let id =
            call.arguments["patient"] == nil && call.arguments["identifier"] == nil
            ? try Self.patientNamed(in: object) : try await patient(call)
        return try ConsentMapping.directive(
            recording: object, id: newID(), patient: id, recorded: exchange.world.now())
    }

    /// `Consent.patient.reference`, as a reference to a patient of this node.
    private static func patientNamed(in consent: JSONObject) throws(ExchangeError) -> PatientID {
        guard let reference = consent["patient"]?["reference"]?.string, let last = reference.split(separator: "/").last,
            let id = PatientID(String(last))
        else {
            throw ExchangeError(
                .badRequest, "the consent names no patient of this node; add --patient", at: "Consent.patient.reference"
            )
        }
        return id
    }

    private func composed(_ call: AdminCall) async throws -> ConsentDirective {
        guard let parts = call.arguments["directive"], let word = parts["effect"]?.string,
            let effect = ConsentEffect(rawValue: word)
        else { throw ExchangeError(.badRequest, "say permit or deny", at: "directive.effect") }
        var types: [CodedValue] = []
        for text in try call.texts("types", of: parts) {
            let halves = text.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            types.append(
                halves.count == 2
                    ? CodedValue(code: halves[1], system: halves[0]) : CodedValue(code: text, system: CodeSystems.loinc)
            )
        }
        let rule = ConsentRule(
            effect,
            actors: try call.texts("organizations", of: parts).map { .organization($0) }
                + (try call.texts("users", of: parts).map { .practitioner($0) }),
            purposes: try call.texts("purposes", of: parts).map { CodedValue(code: $0, system: CodeSystems.actReason) },
            typeCodes: types, dataPeriod: try Self.period(parts, "careFrom", "careUntil"),
            period: try Self.period(parts, "from", "until"))
        return ConsentDirective(
            id: newID(), patient: try await patient(call), base: rule, recorded: exchange.world.now())
    }

    private static func period(_ parts: JSONValue, _ from: String, _ until: String) throws(ExchangeError)
        -> ConsentPeriod?
    {
        func date(_ name: String) throws(ExchangeError) -> PartialDate? {
            guard let text = parts[name]?.string else { return nil }
            guard let date = PartialDate(text) else {
                throw ExchangeError(.badRequest, "write a date such as 2026-03-02", at: "directive.\(name)")
            }
            return date
        }
        let start = try date(from)
        let end = try date(until)
        guard start != nil || end != nil else { return nil }
        if let start, let end, end.end <= start.start {
            throw ExchangeError(.badRequest, "the period ends before it begins", at: "directive.\(until)")
        }
        return ConsentPeriod(start: start, end: end)
    }

    /// A directive with its id, its state and its base provision in plain words beside the FHIR Consent.
    private static func answer(_ directive: ConsentDirective) -> JSONValue {
        let base = directive.base
        var organizations: [String] = []
        var users: [String] = []
        for actor in base.actors {
            switch actor {
            case .organization(let name): organizations.append(name)
            case .role(let name): users.append("role " + name)
            case .practitioner(let name): users.append(name)
            }
        }
        var object: JSONObject = [
            "id": .string(directive.id.description), "patient": .string(directive.patient.description),
            "status": .string(directive.status.rawValue), "effect": .string(base.effect.rawValue),
            "organizations": texts(organizations), "users": texts(users), "purposes": texts(base.purposes.map(\.code)),
            "types": texts((base.classCodes + base.typeCodes).map { $0.system + "|" + $0.code }),
        ]
        object["from"] = base.period?.start.map { .string($0.text) }
        object["until"] = base.period?.end.map { .string($0.text) }
        object["careFrom"] = base.dataPeriod?.start.map { .string($0.text) }
        object["careUntil"] = base.dataPeriod?.end.map { .string($0.text) }
        object["exceptions"] = .number(String(directive.exceptions.count))
        object["recorded"] = .string(directive.recorded.description)
        object["consent"] = .object(ConsentMapping.json(directive))
        return .object(object)
    }

    private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
