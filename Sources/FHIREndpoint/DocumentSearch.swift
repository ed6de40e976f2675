import ExchangeCore
import JSON
import RecordLocation
import Transactions
import XDSMetadata

/// A search for DocumentReferences as understood: what is asked, what was left out, how the answer is shaped.
struct DocumentSearch: Sendable {
    /// An identifier that no document has.
    static let nobody = "urn:uuid:00000000-0000-0000-0000-000000000000"
    /// An id that no patient has: asked for like any other, so that unknown and hidden take one road.
    static let unknownPatient = zero(PatientSubject.self)
    /// An id that no document has.
    static let unknownDocument = zero(DocumentSubject.self)

    /// The patient by this node's id; nil when not given.
    var patient: PatientID?
    /// The patient by identifier: not given, given but of a form no patient has, or given.
    var patientIdentifier: PatientIdentifier??
    /// What is asked.
    var query = DocumentQuery()
    /// The communities to be asked; nil means all.
    var communities: Set<CommunityID>?
    /// How far the question goes.
    var scope = AskingScope.region
    /// Oldest first.
    var isAscending = false
    /// Only the total is wanted.
    var isCountOnly = false
    /// How much of each resource is wanted.
    var subset = ResourceSubset.whole
    /// Entries on a page, as asked for.
    var count: Int?
    /// Which page.
    var cursor: PageCursor?
    /// `_format`.
    var format: String?
    /// What was understood, for the self link.
    private(set) var understood: [RequestField] = []
    /// Names of parameters that were left out.
    private(set) var ignored: [String] = []

    /// Reads a search.
    ///
    /// Throws `badRequest` for what is wrong, for a search that names no patient, and, when strict, for names not known.
    init(_ fields: [RequestField], isStrict: Bool, asked now: Timestamp, namesPatient: Bool = true) throws(ExchangeError) {
        var seen: Set<String> = []
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            guard let parameter = SearchParameters.named(argument.name) else {
                guard !isStrict else {
                    throw ExchangeError(.badRequest, "a search parameter is not known here; see metadata")
                }
                ignored.append(argument.name)
                continue
            }
            if argument.modifier != nil, parameter.kind != .reference, parameter.kind != .string {
                throw argument.fault("has a modifier that is not supported")
            }
            if seen.insert(parameter.name).inserted || parameter.isRepeatable {
                try parameter.fill(&self, argument)
            } else {
                try fillAgain(parameter, argument)
            }
            if parameter.name != "_page" { understood.append(field) }
        }
        guard patient != nil || patientIdentifier != nil || !namesPatient else {
            throw ExchangeError(
                .badRequest, "XDSStoredQueryMissingParam: a search names its patient: patient or patient.identifier")
        }
    }

    /// A search that says nothing yet.
    private init() {}

    /// A parameter that was given again: both must hold. One whose two values could not both hold is a slip.
    private mutating func fillAgain(_ parameter: SearchParameter, _ argument: SearchArgument) throws(ExchangeError) {
        let isCode = parameter.kind == .token || parameter.kind == .string || parameter.name == "related"
        guard isCode, parameter.name != "patient.identifier" else {
            throw argument.fault("may be given once; join alternatives with commas")
        }
        var other = DocumentSearch()
        try parameter.fill(&other, argument)
        query.also.append(other.query)
    }

    /// Entries on this page at the most; nothing but the total when 0.
    func pageSize(max limit: Int) -> Int { isCountOnly ? 0 : min(count ?? limit, limit) }

    /// How the question across communities is asked.
    var locating: Locating {
        var locating = Locating(only: communities)
        locating.scope = scope
        locating.resuming = cursor?.search.map {
            Locating.Resumption(token: $0.token, seen: $0.seen, isPaging: cursor?.after != nil)
        }
        return locating
    }

    /// This search as a link, as understood, perhaps of another page.
    func link(base: String, page: PageCursor? = nil) -> String {
        let fields = understood + (page.map { [RequestField(name: "_page", value: $0.text)] } ?? [])
        return Self.link("\(base)/DocumentReference", fields)
    }

    /// A search's address with its fields.
    static func link(_ address: String, _ fields: [RequestField]) -> String {
        var link = Array(address.utf8)
        var separator = UInt8(ascii: "?")
        for field in fields {
            link.append(separator)
            PercentEncoding.append(field.name, to: &link)
            link.append(UInt8(ascii: "="))
            PercentEncoding.append(field.value, to: &link)
            separator = UInt8(ascii: "&")
        }
        return String(decoding: link, as: UTF8.self)
    }

    /// An id that nothing has: asked for like any other.
    static func zero<Subject>(_: Subject.Type) -> LocalID<Subject> {
        guard let id = LocalID<Subject>(bytes: [UInt8](repeating: 0, count: 16)) else {
            preconditionFailure("sixteen bytes are an id")
        }
        return id
    }
}
