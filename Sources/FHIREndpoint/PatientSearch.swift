import ExchangeCore

/// A search for patients as understood: by one identifier or one id (a first part of ITI-78).
struct PatientSearch: Sendable {
    /// Whom it names.
    enum Subject: Sendable {
        case identifier(PatientIdentifier)
        case id(PatientID)
    }

    /// The parameters it understands, for the CapabilityStatement.
    static let criteria: [(name: String, kind: SearchParameter.Kind, definition: String)] = [
        ("_id", .token, "http://hl7.org/fhir/SearchParameter/Resource-id"),
        ("identifier", .token, "http://hl7.org/fhir/SearchParameter/Patient-identifier"),
    ]

    let subject: Subject
    private(set) var count: Int?
    private(set) var format: String?
    private(set) var ignored: [String] = []
    private var understood: [RequestField] = []

    /// Reads a search; throws `badRequest` for what is wrong and for a search by anything else alone.
    init(_ fields: [RequestField], isStrict: Bool) throws(ExchangeError) {
        var subject: Subject?
        for field in fields {
            let argument = try SearchArgument(field)
            switch argument.name {
            case "identifier", "_id":
                guard subject == nil else { throw argument.fault("cannot stand beside another of identifier and _id") }
                guard argument.modifier == nil else { throw argument.fault("has a modifier that is not supported") }
                subject = try Self.subject(argument)
            case "_count":
                guard let number = Int(try argument.single()), number >= 0 else { throw argument.fault("takes 0 or more") }
                count = number
            case "_format": format = SearchText.unescaped(try argument.single())
            default:
                guard !isStrict else {
                    throw ExchangeError(.badRequest, "a search parameter is not known here; see metadata")
                }
                ignored.append(argument.name)
                continue
            }
            understood.append(field)
        }
        guard let subject else {
            throw ExchangeError(.badRequest, "search patients by identifier, or ask Patient/$match")
        }
        self.subject = subject
    }

    /// This search as a link, as understood.
    func link(base: String) -> String {
        DocumentSearch.link("\(base)/Patient", understood)
    }

    private static func subject(_ argument: SearchArgument) throws(ExchangeError) -> Subject {
        if argument.name == "_id" { return .id(PatientID(try argument.single()) ?? DocumentSearch.unknownPatient) }
        // An identifier that no patient can have is asked for like one that none has.
        return try argument.identifier().map { .identifier($0) } ?? .id(DocumentSearch.unknownPatient)
    }
}
