import ExchangeCore
import Transactions
import XDSMetadata

/// A search for Consents as understood (ITI-108): by patient or by id, and what narrows it.
struct ConsentSearch: Sendable {
    private static let hl7 = "http://hl7.org/fhir/SearchParameter/"

    /// The parameters it understands, for the CapabilityStatement.
    static let criteria: [(name: String, kind: SearchParameter.Kind, definition: String?)] = [
        ("_id", .token, hl7 + "Resource-id"), ("_lastUpdated", .date, hl7 + "Resource-lastUpdated"),
        ("patient", .reference, hl7 + "clinical-patient"), ("patient.identifier", .token, nil),
        ("status", .token, hl7 + "Consent-status"), ("actor", .reference, hl7 + "Consent-actor"),
    ]

    /// The patient by identifier: not given, given but of a form no patient has, or given.
    private(set) var patientIdentifier: PatientIdentifier??
    /// What is asked.
    var query = ConsentQuery()
    /// How the answer is shaped, and what was left out.
    private(set) var frame = SearchFrame<ResourceCursor>()

    /// Reads a search; throws `badRequest` for what is wrong, and for one that names neither patient nor id.
    init(_ fields: [RequestField], isStrict: Bool, asked now: Timestamp) throws(ExchangeError) {
        var seen: Set<String> = []
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            if argument.name != "_lastUpdated", !seen.insert(argument.name).inserted {
                throw argument.fault("may be given once; join alternatives with commas")
            }
            if argument.modifier != nil, !["patient", "actor"].contains(argument.name) {
                throw argument.fault("has a modifier that is not supported")
            }
            let isAsked = try fill(argument)
            try frame.take(field, argument, isStrict: isStrict, isAsked: isAsked)
        }
        guard query.patient != nil || patientIdentifier != nil || !query.ids.isEmpty else {
            throw ExchangeError(.badRequest, "search consents by patient, patient.identifier or _id")
        }
    }

    /// This search as a link, as understood, perhaps of another page.
    func link(base: String, page: ResourceCursor? = nil) -> String {
        frame.link("\(base)/Consent", page: page)
    }

    /// False for a parameter that is not known.
    private mutating func fill(_ argument: SearchArgument) throws(ExchangeError) -> Bool {
        switch argument.name {
        case "_id":
            // What cannot be an id is asked for like one that is unknown.
            query.ids = argument.texts().map { DirectiveID($0) ?? DocumentSearch.zero(DirectiveSubject.self) }
        case "patient":
            let ids = try argument.references("Patient", PatientSubject.self)
            guard ids.count == 1 else { throw argument.fault("takes one patient") }
            query.patient = ids[0] ?? DocumentSearch.unknownPatient
        case "patient.identifier": patientIdentifier = .some(try argument.identifier())
        case "status": query.statuses = try Self.statuses(argument)
        case "actor": query.actors = try Self.actors(argument)
        case "_lastUpdated": query.updated.append(try argument.date())
        default: return false
        }
        return true
    }

    private static func statuses(_ argument: SearchArgument) throws(ExchangeError) -> [String] {
        let known: Set<String> = ["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"]
        var statuses: [String] = []
        for filter in try argument.tokens() {
            guard known.contains(filter.code),
                [nil, "", "http://hl7.org/fhir/consent-state-codes"].contains(filter.system)
            else { throw argument.fault("is \(known.sorted().joined(separator: ", "))") }
            statuses.append(filter.code)
        }
        return statuses
    }

    /// As references; with `:identifier` as `system|value`; with a type as `Type/id`.
    private static func actors(_ argument: SearchArgument) throws(ExchangeError) -> [String] {
        switch argument.modifier {
        case nil: return argument.texts()
        case "identifier"?:
            return argument.alternatives.map { text in
                let (system, value) = SearchText.token(text)
                return system.map { $0 + "|" + value } ?? value
            }
        case let type?: return argument.texts().map { "\(type)/\($0)" }
        }
    }
}
