import ExchangeCore
import FHIRModel
import JSON
import Transactions
import XDSMetadata

/// A search for care services as understood (ITI-90): what must hold, what comes along, and which page.
struct CareServiceSearch: Sendable {
    /// One parameter of one type: how it is called and what of a resource it looks at.
    struct Parameter: Sendable {
        let name: String
        let kind: SearchParameter.Kind
        let definition: String?
        let values: @Sendable (JSONObject) -> [JSONValue]
    }

    private typealias Test = @Sendable (CareService) -> Bool

    /// The type searched for.
    let type: CareServiceType
    private(set) var includes: Set<String> = []
    private(set) var reverseIncludes: Set<String> = []
    /// How the answer is shaped, and what was left out.
    private(set) var frame = SearchFrame<ResourceCursor>()
    private var tests: [Test] = []

    /// Reads a search; throws `badRequest` for what is wrong.
    init(_ type: CareServiceType, _ fields: [RequestField], isStrict: Bool, asked now: Timestamp) throws(ExchangeError) {
        self.type = type
        for field in fields {
            let argument = try SearchArgument(field, asked: now)
            let isAsked = try fill(argument)
            try frame.take(field, argument, isStrict: isStrict, isAsked: isAsked)
        }
    }

    /// Whether a resource is meant; never one that is there no longer.
    func matches(_ service: CareService) -> Bool {
        service.type == type && service.resource != nil && tests.allSatisfy { $0(service) }
    }

    /// This search as a link, as understood, perhaps of another page.
    func link(base: String, page: ResourceCursor? = nil) -> String {
        frame.link("\(base)/\(type.rawValue)", page: page)
    }

    /// What comes along with a page of matches, each once, in the order of types and ids.
    func included(with matches: [CareService], of all: [CareService]) -> [CareService] {
        var wanted: Set<String> = []
        let found = Set(matches.map(\.reference))
        for rule in CareServiceTables.includes[type] ?? [] where includes.contains(rule.name) {
            for match in matches {
                for value in match.resource.map(rule.values) ?? [] { if let text = value.string { wanted.insert(text) } }
            }
        }
        var along = all.filter { $0.resource != nil && wanted.contains($0.reference) && !found.contains($0.reference) }
        for (source, rules) in CareServiceTables.includes {
            for rule in rules where reverseIncludes.contains(rule.name) {
                along += all.filter { service in
                    guard service.type == source, let resource = service.resource else { return false }
                    return rule.values(resource).contains { $0.string.map(found.contains) ?? false }
                }
            }
        }
        var seen = found
        return along.filter { seen.insert($0.reference).inserted }
            .sorted { ($0.type.rawValue, $0.id) < ($1.type.rawValue, $1.id) }
    }

    /// False for a parameter that is not known.
    private mutating func fill(_ argument: SearchArgument) throws(ExchangeError) -> Bool {
        if let parameter = CareServiceTables.parameters(of: type).first(where: { $0.name == argument.name }) {
            tests.append(try Self.test(parameter, argument))
            return true
        }
        if argument.name == "_include" || argument.name == "_revinclude" { return try include(argument) }
        guard argument.modifier == nil else {
            throw argument.fault("has a modifier that is not supported")
        }
        switch argument.name {
        case "_id":
            let ids = Set(argument.texts())
            tests.append { ids.contains($0.id) }
        case "_lastUpdated":
            let date = try argument.date()
            tests.append { date.holds(at: $0.updated) }
        default: return false
        }
        return true
    }

    private mutating func include(_ argument: SearchArgument) throws(ExchangeError) -> Bool {
        guard argument.modifier == nil else { throw argument.fault("has a modifier that is not supported") }
        let isReverse = argument.name == "_revinclude"
        // `Source:parameter` or `Source:parameter:Target`; one with a target is that of the same name.
        for text in argument.texts() {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2 || parts.count == 3 else { throw argument.fault("is Source:parameter") }
            let name = "\(parts[0]):\(parts[1])"
            let known = isReverse ? CareServiceTables.reverse(of: type) : CareServiceTables.forward(of: type)
            guard known.contains(name) else { throw argument.fault("is not one of metadata's") }
            if isReverse { reverseIncludes.insert(name) } else { includes.insert(name) }
        }
        return true
    }

    private static func test(_ parameter: Parameter, _ argument: SearchArgument) throws(ExchangeError) -> Test {
        let values = parameter.values
        if argument.modifier != nil, parameter.kind != .string, parameter.kind != .reference {
            throw argument.fault("has a modifier that is not supported")
        }
        switch parameter.kind {
        case .token:
            let filters = try argument.tokens()
            return { service in
                (service.resource.map(values) ?? []).contains { value in filters.contains { Self.isToken(value, $0) } }
            }
        case .string:
            let texts = argument.texts()
            guard texts.allSatisfy({ $0.utf8.contains { $0 > 0x20 } }) else { throw argument.fault("needs some text") }
            guard let isMatch = Self.comparison(argument.modifier) else {
                throw argument.fault("takes the modifiers :contains and :exact")
            }
            return { service in
                (service.resource.map(values) ?? []).contains { value in
                    value.string.map { text in texts.contains { isMatch(text, $0) } } ?? false
                }
            }
        case .reference:
            if let modifier = argument.modifier, modifier != "Organization" { throw argument.fault("refers to Organization") }
            let targets = argument.texts().map { $0.utf8.contains(UInt8(ascii: "/")) ? $0 : "Organization/\($0)" }
            return { service in
                (service.resource.map(values) ?? []).contains { value in
                    value.string.map { text in targets.contains { $0 == text || $0.hasSuffix("/" + text) } } ?? false
                }
            }
        case .date:
            let date = try argument.date()
            return { service in
                let ends = (service.resource.map(values) ?? []).compactMap { $0.string.flatMap { PartialDate($0) } }
                guard let first = ends.first, let last = ends.last else { return false }
                return date.holds(from: first.start, until: last.end)
            }
        case .uri, .number, .special: throw argument.fault("is not supported")
        }
    }

    /// Letters' case does not matter, unless it is `:exact`.
    private static func comparison(_ modifier: String?) -> (@Sendable (String, String) -> Bool)? {
        switch modifier {
        case nil: { $0.lowercased().hasPrefix($1.lowercased()) }
        case "contains"?: { $0.lowercased().contains($1.lowercased()) }
        case "exact"?: { $0.utf8.elementsEqual($1.utf8) }
        default: nil
        }
    }

    private static func isToken(_ value: JSONValue, _ filter: DocumentQuery.CodeFilter) -> Bool {
        let code = value["value"]?.string ?? value["code"]?.string ?? value.string ?? value.bool.map { String($0) }
        guard code == filter.code else { return false }
        return filter.system.map { $0 == value["system"]?.string ?? "" } ?? true
    }

}
