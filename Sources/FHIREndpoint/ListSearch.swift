import ExchangeCore
import RecordLocation
import Transactions
import XDSMetadata

/// A search for Lists as understood (ITI-66): what is asked, what was left out, how the answer is shaped.
struct ListSearch: Sendable {
    private static let hl7 = "http://hl7.org/fhir/SearchParameter/"
    private static let mhd = "https://profiles.ihe.net/ITI/MHD/SearchParameter/"
    private static let listTypes = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"

    /// The parameters it understands, for the CapabilityStatement.
    static let criteria: [(name: String, kind: SearchParameter.Kind, definition: String?)] = [
        ("_id", .token, hl7 + "Resource-id"), ("_lastUpdated", .date, hl7 + "Resource-lastUpdated"),
        ("code", .token, hl7 + "clinical-code"), ("date", .date, hl7 + "clinical-date"),
        ("designationType", .token, mhd + "List-DesignationType"), ("identifier", .token, hl7 + "clinical-identifier"),
        ("patient", .reference, hl7 + "clinical-patient"), ("patient.identifier", .token, nil),
        ("source.family", .string, nil), ("source.given", .string, nil), ("sourceId", .token, mhd + "List-SourceId"),
        ("status", .token, hl7 + "List-status"), ("targetCommunityIdList", .uri, mhd + "IHE-TargetCommunityIdList"),
    ]

    /// The patient by this node's id; nil when not given.
    private(set) var patient: PatientID?
    /// The patient by identifier: not given, given but of a form no patient has, or given.
    private(set) var patientIdentifier: PatientIdentifier??
    /// What is asked.
    private(set) var query = ListQuery()
    /// The communities to be asked; nil means all.
    private(set) var communities: Set<CommunityID>?
    /// How far the question goes.
    private(set) var scope = AskingScope.region
    /// Whether the documents in the lists are wanted, too (`_include=List:item`).
    private(set) var includesItems = false
    private(set) var isAscending = false
    private(set) var subset = ResourceSubset.whole
    /// Which page, how long, and what was left out.
    private(set) var frame = SearchFrame<ListCursor>()
    /// Whether only the total is wanted.
    private(set) var isCountOnly = false

    /// Reads a search; throws `badRequest` for what is wrong, and for one that names no patient.
    init(_ fields: [RequestField], isStrict: Bool, asked now: Timestamp) throws(ExchangeError) {
        var seen: Set<String> = []
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            let name = argument.name == "_lastupdated" ? "_lastUpdated" : argument.name
            if name != "date", name != "_lastUpdated", name != "_include", !seen.insert(name).inserted {
                throw argument.fault("may be given once; join alternatives with commas")
            }
            if argument.modifier != nil, !["patient", "source.family", "source.given"].contains(name) {
                throw argument.fault("has a modifier that is not supported")
            }
            let isAsked = try fill(name, argument)
            try frame.take(field, argument, isStrict: isStrict, isAsked: isAsked)
        }
        guard patient != nil || patientIdentifier != nil else {
            throw ExchangeError(
                .badRequest, "XDSStoredQueryMissingParam: a search names its patient: patient or patient.identifier")
        }
    }

    /// How the question across communities is asked.
    var locating: Locating {
        var locating = Locating(only: communities)
        locating.scope = scope
        locating.resuming = frame.cursor?.search.map {
            Locating.Resumption(token: $0.token, seen: $0.seen, isPaging: frame.cursor?.place != nil)
        }
        return locating
    }

    /// This search as a link, as understood, perhaps of another page.
    func link(base: String, page: ListCursor? = nil) -> String {
        frame.link("\(base)/List", page: page)
    }

    /// False for a parameter that is not known.
    private mutating func fill(_ name: String, _ argument: SearchArgument) throws(ExchangeError) -> Bool {
        switch name {
        case "_id": query.ids = argument.texts()
        case "patient":
            let ids = try argument.references("Patient", PatientSubject.self)
            guard ids.count == 1 else { throw argument.fault("takes one patient") }
            patient = ids[0] ?? DocumentSearch.unknownPatient
        case "patient.identifier": patientIdentifier = .some(try argument.identifier())
        case "code": query.kinds = try Self.kinds(argument)
        case "status": query.wantsCurrent = try Self.wantsCurrent(argument)
        case "designationType": query.designations = try argument.tokens()
        case "identifier": query.identifiers = try Self.uris(argument)
        case "sourceId": query.sourceIDs = try Self.uris(argument)
        case "source.family": query.sourceFamily = try argument.names()
        case "source.given": query.sourceGiven = try argument.names()
        case "date", "_lastUpdated": query.date.append(try argument.date())
        case "targetCommunityIdList":
            var communities: Set<CommunityID> = []
            for text in argument.texts() {
                guard let community = CommunityID(text) else { throw argument.fault("takes urn:oid: identifiers") }
                communities.insert(community)
            }
            self.communities = communities
        default: return try shape(name, argument)
        }
        return true
    }

    private mutating func shape(_ name: String, _ argument: SearchArgument) throws(ExchangeError) -> Bool {
        switch name {
        case "scope":
            guard let scope = AskingScope(rawValue: try argument.single()) else {
                throw argument.fault("takes known, region or exhaustive")
            }
            self.scope = scope
        case "_include":
            guard ["List:item", "List:item:DocumentReference"].contains(try argument.single()) else {
                throw argument.fault("takes List:item")
            }
            includesItems = true
        case "_sort":
            switch try argument.single() {
            case "-date", "-_lastUpdated": isAscending = false
            case "date", "_lastUpdated": isAscending = true
            default: throw argument.fault("sorts by date or -date")
            }
        case "_summary": if try argument.single() == "count" { isCountOnly = true } else { subset = try argument.summary() }
        case "_elements": subset = try argument.elements()
        default: return false
        }
        return true
    }

    /// A code that no list has finds nothing.
    private static func kinds(_ argument: SearchArgument) throws(ExchangeError) -> Set<ListKind> {
        Set(
            try argument.tokens().flatMap { filter -> [ListKind] in
                guard filter.system == nil || filter.system == listTypes else { return [] }
                return filter.code.isEmpty ? ListKind.allCases : [ListKind(rawValue: filter.code)].compactMap { $0 }
            })
    }

    private static func wantsCurrent(_ argument: SearchArgument) throws(ExchangeError) -> Bool {
        let codes = try argument.tokens()
        guard
            codes.allSatisfy({
                ["current", "retired", "entered-in-error"].contains($0.code)
                    && [nil, "", "http://hl7.org/fhir/list-status"].contains($0.system)
            })
        else { throw argument.fault("is current, retired or entered-in-error") }
        return codes.contains { $0.code == "current" }
    }

    /// Identifiers here are URIs; within another system nothing is found.
    private static func uris(_ argument: SearchArgument) throws(ExchangeError) -> [String] {
        var found: [String] = []
        for text in argument.alternatives {
            let (system, value) = SearchText.token(text)
            guard !value.isEmpty else { throw argument.fault("needs a value") }
            found.append(system == nil || system == "" || system == "urn:ietf:rfc:3986" ? value : DocumentSearch.nobody)
        }
        return found
    }
}
