import ExchangeCore
import PatientIndex

/// A search for patients as understood (ITI-78): by one identifier, by one id, or by demographics.
struct PatientSearch: Sendable {
    /// Whom it names.
    enum Subject: Sendable {
        case identifier(PatientIdentifier)
        case id(PatientID)
        case criteria(PatientCriteria)
    }

    /// A parameter of PDQm's Patient Demographics Supplier.
    struct Criterion: Sendable {
        let name: String
        let kind: SearchParameter.Kind
        let definition: String?
        let read: @Sendable (SearchArgument) throws(ExchangeError) -> PatientCriteria.Condition
    }

    private static let hl7 = "http://hl7.org/fhir/SearchParameter/"

    /// The parameters it understands, for the CapabilityStatement; all of them may be repeated, and all must hold then.
    static let criteria: [Criterion] = [
        Criterion(name: "_id", kind: .token, definition: hl7 + "Resource-id") { argument throws(ExchangeError) in
            try plain(argument)
            return .id(argument.texts().map { PatientID($0) ?? DocumentSearch.unknownPatient })
        },
        Criterion(name: "active", kind: .token, definition: hl7 + "Patient-active") { argument throws(ExchangeError) in
            try plain(argument)
            switch SearchText.token(try argument.single()).code {
            case "true": return .active(true)
            case "false": return .active(false)
            default: throw argument.fault("is true or false")
            }
        },
        text("family", .family, hl7 + "individual-family"), text("given", .given, hl7 + "individual-given"),
        Criterion(name: "identifier", kind: .token, definition: hl7 + "Patient-identifier") {
            argument throws(ExchangeError) in
            try plain(argument)
            var identifiers: [PatientIdentifier] = []
            for alternative in argument.alternatives {
                let (system, value) = SearchText.token(alternative)
                guard let system, !system.isEmpty, !value.isEmpty else { throw argument.fault("needs system|value") }
                // An identifier that no patient can have is asked for like one that none has.
                if let identifier = PatientIdentifier(system: system, value: value) { identifiers.append(identifier) }
            }
            return .identifier(identifiers)
        },
        Criterion(name: "telecom", kind: .token, definition: hl7 + "individual-telecom") { argument throws(ExchangeError) in
            try plain(argument)
            return .telecom(
                argument.alternatives.map { alternative in
                    let (kind, value) = SearchText.token(alternative)
                    return (kind.flatMap { $0.isEmpty ? nil : $0 }, value)
                })
        },
        Criterion(name: "birthdate", kind: .date, definition: hl7 + "individual-birthdate") {
            argument throws(ExchangeError) in
            try plain(argument)
            return .born(try argument.dates())
        },
        text("address", .address, hl7 + "individual-address"), text("address-city", .city, hl7 + "individual-address-city"),
        text("address-country", .country, hl7 + "individual-address-country"),
        text("address-postalcode", .postalCode, hl7 + "individual-address-postalcode"),
        text("address-state", .state, hl7 + "individual-address-state"),
        Criterion(name: "gender", kind: .token, definition: hl7 + "individual-gender") { argument throws(ExchangeError) in
            try plain(argument)
            var wanted: [AdministrativeSex] = []
            for alternative in argument.alternatives {
                guard let sex = AdministrativeSex(rawValue: SearchText.token(alternative).code) else {
                    throw argument.fault("is male, female, other or unknown")
                }
                wanted.append(sex)
            }
            return .sex(wanted)
        },
        text(
            "mothersMaidenName", .mothersMaidenName,
            "http://hl7.org/fhir/SearchParameter/patient-extensions-Patient-mothersMaidenName"),
    ]

    private static let table = Dictionary(uniqueKeysWithValues: criteria.map { ($0.name, $0) })

    let subject: Subject
    private(set) var count: Int?
    private(set) var after: PatientID?
    private(set) var format: String?
    private(set) var isCountOnly = false
    private(set) var ignored: [String] = []
    private var understood: [RequestField] = []

    /// Reads a search; throws `badRequest` for what is wrong and for a search by nothing.
    ///
    /// - Parameter isOwn: whether the facility's own ask, who may search by demographics.
    init(_ fields: [RequestField], isStrict: Bool, isOwn: Bool, asked now: Timestamp) throws(ExchangeError) {
        var criteria = PatientCriteria()
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            switch argument.name {
            case "_count":
                guard let number = Int(try argument.single()), number >= 0 else { throw argument.fault("takes 0 or more") }
                count = number
            case "_summary": isCountOnly = try argument.single() == "count"
            case "_format": format = SearchText.unescaped(try argument.single())
            case "_page":
                guard let cursor = ResourceCursor(try argument.single()), let last = PatientID(cursor.after) else {
                    throw argument.fault("is no page of ours")
                }
                after = last
                continue
            default:
                guard let criterion = Self.table[argument.name] else {
                    guard !isStrict else {
                        throw ExchangeError(.badRequest, "a search parameter is not known here; see metadata")
                    }
                    ignored.append(argument.name)
                    continue
                }
                criteria.conditions.append(try criterion.read(argument))
            }
            understood.append(field)
        }
        subject = try Self.subject(criteria, isOwn: isOwn)
    }

    private static func subject(_ criteria: PatientCriteria, isOwn: Bool) throws(ExchangeError) -> Subject {
        if criteria.conditions.count == 1 {
            switch criteria.conditions[0] {
            case .identifier(let identifiers) where identifiers.isEmpty: return .id(DocumentSearch.unknownPatient)
            case .identifier(let identifiers) where identifiers.count == 1: return .identifier(identifiers[0])
            case .id(let ids) where ids.count == 1: return .id(ids[0])
            default: break
            }
        }
        guard isOwn, !criteria.conditions.isEmpty else {
            throw ExchangeError(
                .badRequest,
                isOwn
                    ? "say whom to search for: an identifier, a name, a birth date; see metadata"
                    : "search patients by identifier, or ask Patient/$match")
        }
        return .criteria(criteria)
    }

    /// This search as a link, as understood, for the page behind a record.
    func link(base: String, after record: PatientID? = nil) -> String {
        let page = record.map { RequestField(name: "_page", value: ResourceCursor(index: 0, after: $0.description).text) }
        return DocumentSearch.link("\(base)/Patient", understood + [page].compactMap { $0 })
    }

    private static func plain(_ argument: SearchArgument) throws(ExchangeError) {
        guard argument.modifier == nil else { throw argument.fault("has a modifier that is not supported") }
    }

    private static func text(_ name: String, _ text: PatientCriteria.Text, _ definition: String) -> Criterion {
        Criterion(name: name, kind: .string, definition: definition) { argument throws(ExchangeError) in
            let comparison: PatientCriteria.Comparison
            switch argument.modifier {
            case nil: comparison = .beginning
            case "exact": comparison = .exact
            case "contains": comparison = .containing
            default: throw argument.fault("has a modifier that is not supported")
            }
            let words = argument.texts()
            // An empty one would begin everything.
            guard words.allSatisfy({ $0.utf8.contains { $0 > 0x20 } }) else { throw argument.fault("needs a text") }
            return .text(text, comparison, words)
        }
    }
}
