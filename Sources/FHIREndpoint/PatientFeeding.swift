import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import PatientIndex
import Transactions

extension FHIRService {
    /// ITI-104: `PUT Patient?identifier=system|value` registers, updates, withdraws (`active` false) or merges (`active`
    /// false and a link `replaced-by`).
    func feedPatient(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let key = try key(exchanged)
        let resource = try await exchanged.resource(bodies, limits: exchange.settings.limits)
        let feed = try exchanged.reading { () throws(ExchangeError) in try PatientFeed(resource, key: key) }
        if let other = feed.replacedBy {
            let survivor = try await identifier(of: other)
            let merged = try await asking { () throws(ExchangeError) in
                try await exchange.mergePatient(key, into: survivor, for: context)
            }
            return try await answer(.ok, merged.record, to: exchanged)
        }
        let version = try version(exchanged)
        let fed = try await asking { () throws(ExchangeError) in
            try await exchange.feedPatient(feed.registration, from: version, for: context)
        }
        if case .stale(let current) = fed.outcome {
            throw .preconditionFailed(
                current == 0 ? "no patient of that identifier is registered here yet" : "the patient has version \(current) by now; read it, then update that")
        }
        return try await answer(fed.outcome == .created ? .created : .ok, fed.record, to: exchanged)
    }

    /// ITI-104: `DELETE Patient?identifier=system|value`; the record is in use no more, and nothing is erased.
    func withdrawPatient(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let key = try key(exchanged)
        try await asking { () throws(ExchangeError) in try await exchange.withdrawPatient(key, for: context) }
        return Answer(empty: .noContent)
    }

    /// The version an update is of, where it says one (`If-Match`).
    private func version(_ exchanged: EdgeRequest) throws(EdgeRefusal) -> Int? {
        guard let condition = exchanged.request.headers[.ifMatch] else { return nil }
        guard let version = VersionTag.number(condition) else {
            throw .exchange(ExchangeError(.badRequest, "If-Match takes one tag such as W/\"1\""))
        }
        return version
    }

    /// The identifier that says which Patient is meant.
    private func key(_ exchanged: EdgeRequest) throws(EdgeRefusal) -> PatientIdentifier {
        let fields = try exchanged.fields().filter { $0.name != "_format" }
        return try exchanged.reading { () throws(ExchangeError) in
            guard let field = fields.first, fields.count == 1, field.name == "identifier",
                let identifier = try SearchArgument(field, asked: exchange.world.now()).identifier()
            else {
                throw ExchangeError(
                    .badRequest, "say which patient by one condition: Patient?identifier=system|value", at: "identifier")
            }
            return identifier
        }
    }

    /// The identifier of the patient that takes the place: stated, or of the record that is referred to.
    private func identifier(of survivor: PatientFeed.Survivor) async throws(EdgeRefusal) -> PatientIdentifier {
        let id: PatientID
        switch survivor {
        case .identifier(let identifier): return identifier
        case .record(let record): id = record
        }
        do {
            if let found = try await exchange.projection.patient(id)?.identifiers.first { return found }
        } catch {
            throw .exchange(ExchangeError(.unavailable, "the node cannot read its tables; see its log"))
        }
        throw .exchange(
            ExchangeError(
                .notFound, "the patient that is to take the place was never registered here; register it, then merge",
                at: "Patient.link.other"))
    }

    private func answer(_ status: HTTPResponse.Status, _ record: PatientRecord, to exchanged: EdgeRequest)
        async throws(EdgeRefusal) -> Answer
    {
        var number = 1
        do {
            number = try await exchange.projection.patientVersions(of: record.id).first?.number ?? 1
        } catch {
            throw .exchange(ExchangeError(.unavailable, "the node cannot read its tables; see its log"))
        }
        let version = record.survivor == nil ? "\(number)" : "\(number)-replaced"
        var answer: Answer
        switch Negotiation.preferredReturn(exchanged.request.headers) {
        case .minimal: answer = Answer(empty: status)
        case .representation:
            var patient = PatientMapping.linked(record)
            patient["meta"] = ["versionId": .string(version)]
            answer = Answer(status, resource: patient)
        case .outcome:
            answer = Answer(
                status, outcome: OperationOutcome([.init(.information, "informational", details: "recorded as version \(version)")]))
        }
        answer.headers[.eTag] = "W/\"\(version)\""
        if status == .created { answer.headers[.location] = "\(base)/Patient/\(record.id)/_history/\(version)" }
        return answer
    }
}

/// What an ITI-104 feed says of one patient.
struct PatientFeed: Sendable {
    /// The patient that takes the place.
    enum Survivor: Sendable {
        case identifier(PatientIdentifier)
        case record(PatientID)
    }

    let registration: PatientRegistration
    let replacedBy: Survivor?

    /// Reads a Patient; throws `badRequest` naming the element that cannot be taken.
    init(_ resource: FHIRResource, key: PatientIdentifier) throws(ExchangeError) {
        guard resource.type == "Patient" else {
            throw ExchangeError(.badRequest, "send a Patient (ITI-104)", at: "resourceType")
        }
        let patient = resource.json
        if let text = patient["birthDate"]?.string, PartialDate(text) == nil {
            throw ExchangeError(.badRequest, "this is no day there ever was", at: "Patient.birthDate")
        }
        let identifiers = PatientMapping.identifiers(patient)
        guard identifiers.contains(key) else {
            throw ExchangeError(
                .badRequest, "the Patient carries the identifier that it is fed under", at: "Patient.identifier")
        }
        let isActive = PatientMapping.isActive(patient)
        replacedBy = try Self.survivor(patient)
        guard replacedBy == nil || !isActive else {
            throw ExchangeError(.badRequest, "a patient that another takes the place of is not active", at: "Patient.active")
        }
        registration = PatientRegistration(
            identifiers: [key] + identifiers.filter { $0 != key }, demographics: PatientMapping.demographics(patient),
            isActive: isActive)
    }

    private static func survivor(_ patient: JSONObject) throws(ExchangeError) -> Survivor? {
        let links = patient["link"]?.items ?? []
        guard let link = links.first else { return nil }
        guard links.count == 1, link["type"]?.string == "replaced-by" else {
            throw ExchangeError(
                .badRequest, "a feed states one link, of type replaced-by; the node finds the others itself", at: "Patient.link")
        }
        if let identifier = link["other"]?["identifier"].flatMap({ PatientIdentifier(identifier: $0) }) {
            return .identifier(identifier)
        }
        switch link["other"]?["reference"]?.string.map({ FHIRReference($0).target }) {
        case .relative("Patient", let id)??, .absolute(_, "Patient", let id)??:
            return .record(PatientID(id) ?? DocumentSearch.unknownPatient)
        default:
            throw ExchangeError(
                .badRequest, "name the patient that takes the place by identifier or as Patient/id", at: "Patient.link.other")
        }
    }
}
