import ExchangeCore
import JSON
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
    /// Oldest first.
    var isAscending = false
    /// Only the total is wanted.
    var isCountOnly = false
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
    init(_ fields: [RequestField], isStrict: Bool) throws(ExchangeError) {
        var seen: Set<String> = []
        for field in fields {
            let argument = try SearchArgument(field)
            guard let parameter = SearchParameters.named(argument.name) else {
                guard !isStrict else {
                    throw ExchangeError(.badRequest, "a search parameter is not known here; see metadata")
                }
                ignored.append(argument.name)
                continue
            }
            if argument.modifier != nil, parameter.kind != .reference {
                throw argument.fault("has a modifier that is not supported")
            }
            guard seen.insert(parameter.name).inserted || parameter.isRepeatable else {
                throw argument.fault("may be given once; join alternatives with commas")
            }
            try parameter.fill(&self, argument)
            if parameter.name != "_page" { understood.append(field) }
        }
        guard patient != nil || patientIdentifier != nil else {
            throw ExchangeError(
                .badRequest, "XDSStoredQueryMissingParam: a search names its patient: patient or patient.identifier")
        }
    }

    /// Entries on this page at the most; nothing but the total when 0.
    func pageSize(max limit: Int) -> Int { isCountOnly ? 0 : min(count ?? limit, limit) }

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

/// Where a page begins: behind an entry, or at an index when that entry is gone. Opaque to callers.
struct PageCursor: Hashable, Sendable {
    /// Entries before the page when the link was made.
    let index: Int
    /// The id of the last entry before the page.
    let after: String

    /// A place in an answer.
    init(index: Int, after: String) {
        self.index = index
        self.after = after
    }

    /// Reads a link's text; nil when it is not one of ours.
    init?(_ text: String) {
        guard text.utf8.count <= 128, let bytes = Base64.decode(text, .url),
            let plain = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let parts = plain.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Int(parts[0]), (0...1_000_000).contains(index) else { return nil }
        self.init(index: index, after: String(parts[1]))
    }

    /// The text for a link.
    var text: String { Base64.encode(Array("\(index) \(after)".utf8), .url) }

    /// The index of the page's first entry among these.
    func start(among ids: [String]) -> Int {
        if let at = ids.firstIndex(where: { $0.utf8.elementsEqual(after.utf8) }) { return at + 1 }
        return min(index, ids.count)
    }
}
