import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import PatientIndex
import Transactions

/// Stewards' operations under the names that HAPI FHIR's MDM gave them, where they mean the same here.
///
/// A golden resource is a person: `Person/` and its id, or a record of it, `Patient/` and its id. It is a derived view and is
/// not served as a resource of its own; a person's records name each other in `Patient.link`.
extension FHIRService {
    /// `$mdm-query-links`: the links of `resourceId` or `goldenResourceId`, else every open review; `matchResult` and
    /// `linkSource` narrow, `_offset` and `_count` page.
    func queryLinks(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await linkFields(&exchanged)
        let question = try exchanged.reading { () throws(ExchangeError) in try LinkQuestion(fields) }
        let links = try await asking { () throws(ExchangeError) in
            try await exchange.personLinks(of: question.subject, limit: LinkQuestion.countMax, for: context)
        }
        let wanted = links.filter(question.takes)
        let page = wanted.dropFirst(question.offset).prefix(question.count)
        var parameters = [Parameters.Parameter("total", "valueInteger", .number(String(wanted.count)))]
        parameters += page.map { Parameters.Parameter(name: "link", parts: Self.parts(of: $0)) }
        return Answer(.ok, resource: Parameters(parameters).json)
    }

    /// `$mdm-link-history` of `resourceId`: what stewards and feeds did about the record, newest first.
    func linkHistory(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await linkFields(&exchanged)
        let record = try exchanged.reading { () throws(ExchangeError) in try fields.demandRecord("resourceId") }
        let acts = try await Self.finding { () throws(ExchangeError) in
            try await exchange.linkHistory(of: record, for: context)
        }
        return Answer(
            .ok,
            resource: Parameters(
                acts.map { past in
                    var parts: [Parameters.Parameter] = [
                        .init("entry", "valueInteger", .number(String(past.position))),
                        .init("act", "valueCode", .string(past.act.kind.rawValue)),
                        .init("actor", "valueString", .string(past.act.actor)),
                        .init("reason", "valueString", .string(past.act.reason)),
                    ]
                    for other in past.act.records.prefix(LinkQuestion.countMax) {
                        parts.append(.init("targetResourceId", "valueString", .string("Patient/\(other)")))
                    }
                    if let undone = past.undoneBy { parts.append(.init("undoneBy", "valueInteger", .number(String(undone)))) }
                    return Parameters.Parameter(name: "historical", parts: parts)
                }
            ).json)
    }

    /// `$mdm-create-link`, `$mdm-update-link`, `$mdm-merge-golden-resources` and `$mdm-not-duplicate`: a steward's word.
    func decideLink(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let operation = exchanged.route?.interaction ?? ""
        let fields = try await linkFields(&exchanged)
        let word = try exchanged.reading { () throws(ExchangeError) in try fields.word(of: operation) }
        let reason = try exchanged.reading { () throws(ExchangeError) in try fields.reason(by: operation) }
        let isPreview = fields["preview"] == "true"
        let decided = try await Self.finding { () throws(ExchangeError) in
            try await exchange.decideLink(word, reason: reason, isPreview: isPreview, for: context)
        }
        let preview = decided.preview
        func number(_ name: String, _ value: Int) -> Parameters.Parameter { .init(name, "valueInteger", .number(String(value))) }
        var parameters = [
            Parameters.Parameter("act", "valueCode", .string(preview.act.kind.rawValue)), number("records", preview.records),
            number("documents", preview.documents), number("directives", preview.directives.count),
            number("communities", preview.correlations),
        ]
        if let position = decided.position { parameters.append(number("entry", Int(clamping: position))) }
        return Answer(.ok, resource: Parameters(parameters).json)
    }

    /// Asks the exchange; a record or person that is not there is 404: it is what the request is about.
    private static func finding<Value: Sendable>(_ question: () async throws(ExchangeError) -> Value)
        async throws(EdgeRefusal) -> Value
    {
        do {
            return try await question()
        } catch {
            guard error.code == .unknownPatient else { throw .exchange(error) }
            throw .exchange(ExchangeError(.notFound, "there is no such record or person here"))
        }
    }

    private func linkFields(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> LinkFields {
        if exchanged.request.method == .post {
            let resource = try await exchanged.resource(bodies, limits: exchange.settings.limits)
            return try exchanged.reading { () throws(ExchangeError) in try LinkFields(resource) }
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        let fields = try exchanged.fields()
        return try exchanged.reading { () throws(ExchangeError) in
            try LinkFields(fields.filter { $0.name != "_format" }.map { ($0.name, $0.value) })
        }
    }

    private static func parts(of link: PersonLink) -> [Parameters.Parameter] {
        var parts: [Parameters.Parameter] = [
            .init("goldenResourceId", "valueString", .string("Person/\(link.person)")),
            .init("targetResourceId", "valueString", .string("Patient/\(link.record)")),
            .init("matchResult", "valueString", .string(link.standing.rawValue)),
            .init("linkSource", "valueString", .string(link.isManual ? "MANUAL" : "AUTO")),
        ]
        if let millibits = link.millibits {
            // Bits, not a share: an open review's score can be any number.
            parts.append(.init("score", "valueDecimal", .number(Self.decimal(millibits))))
        }
        return parts
    }

    private static func decimal(_ millibits: Int) -> String {
        let size = abs(millibits)
        return (millibits < 0 ? "-" : "") + "\(size / 1000)." + String(String(1000 + size % 1000).dropFirst())
    }
}

/// The named texts of a steward's question, each once.
struct LinkFields: Sendable {
    private let values: [String: String]

    static let known: Set<String> = [
        "resourceId", "goldenResourceId", "fromGoldenResourceId", "toGoldenResourceId", "matchResult", "linkSource", "_offset",
        "_count", "reason", "preview",
    ]

    /// Reads Parameters; throws `badRequest` naming the one that is wrong.
    init(_ resource: FHIRResource) throws(ExchangeError) {
        guard let parameters = Parameters(json: resource.json) else {
            throw ExchangeError(.badRequest, "send Parameters", at: "resourceType")
        }
        var pairs: [(String, String)] = []
        for parameter in parameters.parameters {
            switch parameter.value {
            case .string(let text), .number(let text): pairs.append((parameter.name, text))
            case .bool(let truth): pairs.append((parameter.name, truth ? "true" : "false"))
            default: throw ExchangeError(.badRequest, "give a text", at: parameter.name)
            }
        }
        try self.init(pairs)
    }

    /// Takes names with their texts.
    init(_ pairs: [(String, String)]) throws(ExchangeError) {
        var values: [String: String] = [:]
        for (name, text) in pairs {
            guard Self.known.contains(name) else {
                throw ExchangeError(
                    .badRequest, "there is no such parameter; there are \(Self.known.sorted().joined(separator: ", "))", at: name)
            }
            guard (1...1024).contains(text.utf8.count) else {
                throw ExchangeError(.badRequest, "give 1 to 1,024 bytes", at: name)
            }
            guard values.updateValue(text, forKey: name) == nil else {
                throw ExchangeError(.badRequest, "give it once", at: name)
            }
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }

    /// A record that must be named: `Patient/id` or its id.
    func demandRecord(_ name: String) throws(ExchangeError) -> PatientID {
        guard let text = values[name] else { throw ExchangeError(.badRequest, "name the record: Patient/id", at: name) }
        guard let id = PatientID(Self.id(text, of: "Patient") ?? "") else {
            throw ExchangeError(.badRequest, "a record is named as Patient/id", at: name)
        }
        return id
    }

    /// A person, when one is named: `Person/id`, or a record of it, `Patient/id`.
    func person(_ name: String) throws(ExchangeError) -> PersonChoice? {
        guard let text = values[name] else { return nil }
        if text.utf8.starts(with: "Patient/".utf8) { return .record(try demandRecord(name)) }
        guard let id = PersonID(Self.id(text, of: "Person") ?? "") else {
            throw ExchangeError(.badRequest, "a person is named as Person/id, or by a record, Patient/id", at: name)
        }
        return .person(id)
    }

    func demandPerson(_ name: String) throws(ExchangeError) -> PersonChoice {
        guard let person = try person(name) else {
            throw ExchangeError(.badRequest, "name the person: Person/id, or a record of it, Patient/id", at: name)
        }
        return person
    }

    /// The words a person gave for it, or which operation it was.
    func reason(by operation: String) throws(ExchangeError) -> String { values["reason"] ?? "stated by \(operation)" }

    /// What an operation's parameters say.
    func word(of operation: String) throws(ExchangeError) -> LinkWord {
        switch operation {
        case "$mdm-merge-golden-resources":
            return .merge(try demandPerson("fromGoldenResourceId"), into: try demandPerson("toGoldenResourceId"))
        case "$mdm-not-duplicate":
            guard let other = try person("resourceId") else {
                throw ExchangeError(.badRequest, "name the other person: Person/id, or a record of it, Patient/id", at: "resourceId")
            }
            return .apart(try demandPerson("goldenResourceId"), other)
        default:
            let (record, person) = (try demandRecord("resourceId"), try demandPerson("goldenResourceId"))
            switch values["matchResult"] {
            case "MATCH": return .same(record, person)
            case nil where operation == "$mdm-create-link": return .same(record, person)
            case "NO_MATCH" where operation == "$mdm-update-link": return .different(record, person)
            default:
                throw ExchangeError(
                    .badRequest, operation == "$mdm-create-link" ? "MATCH makes a link" : "a steward says MATCH or NO_MATCH",
                    at: "matchResult")
            }
        }
    }

    private static func id(_ text: String, of type: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return text
        case 2 where parts[0] == type: return String(parts[1])
        default: return nil
        }
    }
}

/// Which links are asked for.
struct LinkQuestion: Sendable {
    /// Links shown at once.
    static let countMax = 1000

    let subject: PersonChoice?
    let offset: Int
    let count: Int
    private let record: PatientID?
    private let standing: PersonLink.Standing?
    private let isManual: Bool?

    /// Reads the fields; throws `badRequest` naming the one that is wrong.
    init(_ fields: LinkFields) throws(ExchangeError) {
        record = fields["resourceId"] == nil ? nil : try fields.demandRecord("resourceId")
        if let record { subject = .record(record) } else { subject = try fields.person("goldenResourceId") }
        switch fields["matchResult"] {
        case nil: standing = nil
        case let text?:
            guard let known = PersonLink.Standing(rawValue: text) else {
                throw ExchangeError(
                    .badRequest, "there are \(PersonLink.Standing.allCases.map(\.rawValue).joined(separator: ", "))",
                    at: "matchResult")
            }
            standing = known
        }
        switch fields["linkSource"] {
        case nil: isManual = nil
        case "MANUAL": isManual = true
        case "AUTO": isManual = false
        default: throw ExchangeError(.badRequest, "there are AUTO and MANUAL", at: "linkSource")
        }
        offset = try Self.number(fields, "_offset", 0, 0...1_000_000)
        count = try Self.number(fields, "_count", 100, 1...Self.countMax)
    }

    private static func number(_ fields: LinkFields, _ name: String, _ usual: Int, _ range: ClosedRange<Int>)
        throws(ExchangeError) -> Int
    {
        guard let text = fields[name] else { return usual }
        guard let number = Int(text), range.contains(number) else {
            throw ExchangeError(.badRequest, "a number from \(range.lowerBound) to \(range.upperBound)", at: name)
        }
        return number
    }

    /// Whether a link is one that is asked for.
    func takes(_ link: PersonLink) -> Bool {
        (standing == nil || link.standing == standing) && (isManual == nil || link.isManual == isManual)
    }
}
