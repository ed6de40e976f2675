import ExchangeCore
import Transactions
import XDSMetadata

/// A search for AuditEvents as understood (ITI-81).
struct AuditEventSearch: Sendable {
    private static let hl7 = "http://hl7.org/fhir/SearchParameter/"

    /// The parameters it understands, for the CapabilityStatement.
    static let criteria: [(name: String, kind: SearchParameter.Kind, definition: String?)] = [
        ("_id", .token, hl7 + "Resource-id"), ("date", .date, hl7 + "AuditEvent-date"),
        ("patient", .reference, hl7 + "AuditEvent-patient"), ("patient.identifier", .token, nil),
        ("agent", .reference, hl7 + "AuditEvent-agent"), ("entity", .reference, hl7 + "AuditEvent-entity"),
        ("type", .token, hl7 + "AuditEvent-type"), ("subtype", .token, hl7 + "AuditEvent-subtype"),
        ("outcome", .token, hl7 + "AuditEvent-outcome"),
    ]

    /// The patient by identifier: not given, given but of a form no patient has, or given.
    private(set) var patientIdentifier: PatientIdentifier??
    /// What is asked.
    var query = AuditQuery()
    /// How the answer is shaped, its page the position that all of its entries come before, and what was left out.
    private(set) var frame = SearchFrame<UInt64>(countMin: 1)

    /// Reads a search; throws `badRequest` for what is wrong.
    init(_ fields: [RequestField], isStrict: Bool, asked now: Timestamp) throws(ExchangeError) {
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            if argument.modifier != nil, !["patient", "agent", "entity"].contains(argument.name) {
                throw argument.fault("has a modifier that is not supported")
            }
            let isAsked = try fill(argument)
            try frame.take(field, argument, isStrict: isStrict, isAsked: isAsked)
        }
    }

    /// This search as a link, as understood, perhaps of another page.
    func link(base: String, before: UInt64? = nil) -> String {
        frame.link("\(base)/AuditEvent", page: before)
    }

    /// False for a parameter that is not known.
    private mutating func fill(_ argument: SearchArgument) throws(ExchangeError) -> Bool {
        switch argument.name {
        case "_id": query.ids = argument.texts()
        case "date": query.date.append(try argument.date())
        case "patient":
            let ids = try argument.references("Patient", PatientSubject.self)
            guard ids.count == 1 else { throw argument.fault("takes one patient") }
            query.patient = ids[0] ?? DocumentSearch.unknownPatient
        case "patient.identifier": patientIdentifier = .some(try argument.identifier())
        case "agent", "agent.identifier": query.agents = argument.texts()
        case "entity", "entity.identifier": query.entities = argument.texts()
        case "type": query.types = try argument.tokens()
        case "subtype": query.subtypes = try argument.tokens()
        case "outcome": query.outcomes = try argument.tokens().map(\.code)
        case "_sort":
            guard try argument.single() == "-date" else { throw argument.fault("is -date: the newest come first") }
        default: return false
        }
        return true
    }
}
