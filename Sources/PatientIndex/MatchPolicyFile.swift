import ExchangeCore
import JSON

extension MatchPolicy {
    /// A profile of one's own, from a JSON file: `base` (`strict` or `balanced`), and what differs from it.
    ///
    ///     {"base": "balanced", "certain-bits": 3, "possible-bits": 0, "lead-bits": 8, "people-at-risk": 5000000,
    ///      "namesakes": {"postal-code": 1000, "city": 100, "alone": 10, "demands-middle": false},
    ///      "accepts-other-names": true, "forgives-numbers": true, "evidence": "demanded"}
    ///
    /// `evidence: "score-alone"` switches the whole table of evidence off: for test data, never for patients.
    package init(file bytes: [UInt8]) throws(ExchangeError) {
        let json: JSONValue
        do { json = try JSONReader.read(bytes) } catch {
            throw ExchangeError(.badRequest, "the profile is no JSON", at: "profile")
        }
        guard case .object(let object) = json else { throw Self.refusal("it is no object", "profile") }
        try Self.demand(Self.members, object, "profile")
        guard let base = Self.named(json["base"]?.string ?? "strict"), !base.isDeterministic else {
            throw Self.refusal("base is strict or balanced", "base")
        }
        self = base
        name = "custom"
        certainMillibits = try Self.thousandths(json["certain-bits"], "certain-bits", certainMillibits, 0...40_000)
        possibleMillibits = try Self.thousandths(json["possible-bits"], "possible-bits", possibleMillibits, -20_000...40_000)
        lead = try Self.thousandths(json["lead-bits"], "lead-bits", lead, 0...40_000)
        if let people = json["people-at-risk"] {
            guard let number = people.integer, (1...1_000_000_000).contains(number) else {
                throw Self.refusal("a whole number from 1 to 1,000,000,000", "people-at-risk")
            }
            peopleAtRisk = number
        }
        if let limits = json["namesakes"] { rarity = try Self.limits(limits, rarity) }
        acceptsOtherNames = try Self.truth(json, "accepts-other-names", acceptsOtherNames)
        forgivesNumbers = try Self.truth(json, "forgives-numbers", forgivesNumbers)
        switch json["evidence"]?.string ?? "demanded" {
        case "demanded": demandsEvidence = true
        case "score-alone": demandsEvidence = false
        default: throw Self.refusal("demanded or score-alone", "evidence")
        }
        guard possibleMillibits <= certainMillibits else {
            throw Self.refusal("possible-bits may not be above certain-bits", "possible-bits")
        }
    }

    private static let members = [
        "base", "certain-bits", "possible-bits", "lead-bits", "people-at-risk", "namesakes", "accepts-other-names",
        "forgives-numbers", "evidence",
    ]
    private static let limitMembers = ["postal-code", "city", "alone", "demands-middle"]

    /// Refuses a setting that is none, with all there are.
    private static func demand(_ known: [String], _ object: JSONObject, _ name: String) throws(ExchangeError) {
        for member in object.members where !known.contains(member.name) {
            throw refusal(
                "there is no setting \(member.name.prefix(40)), there are \(known.joined(separator: ", ")); "
                    + "see hie patient import --help", name)
        }
    }

    private static func truth(_ json: JSONValue, _ name: String, _ start: Bool) throws(ExchangeError) -> Bool {
        guard let value = json[name] else { return start }
        guard let truth = value.bool else { throw refusal("true or false", name) }
        return truth
    }

    private static func limits(_ json: JSONValue, _ start: RarityLimits?) throws(ExchangeError) -> RarityLimits? {
        if case .null = json { return nil }
        guard case .object(let object) = json else { throw refusal("an object, or null for never", "namesakes") }
        try demand(limitMembers, object, "namesakes")
        let most = 0...1_000_000_000
        return RarityLimits(
            withPostalCode: try thousandths(json["postal-code"], "namesakes", start?.withPostalCode ?? 0, most),
            withCity: try thousandths(json["city"], "namesakes", start?.withCity ?? 0, most),
            alone: try thousandths(json["alone"], "namesakes", start?.alone ?? 0, most),
            demandsMiddle: try truth(json, "demands-middle", start?.demandsMiddle ?? true))
    }

    /// A decimal number in thousandths.
    private static func thousandths(_ json: JSONValue?, _ name: String, _ start: Int, _ range: ClosedRange<Int>)
        throws(ExchangeError) -> Int
    {
        guard let json else { return start }
        guard case .number(let text) = json, let number = Double(text) else { throw refusal("a number", name) }
        let scaled = (number * 1000).rounded()
        guard scaled >= Double(range.lowerBound), scaled <= Double(range.upperBound) else {
            throw refusal("from \(range.lowerBound / 1000) to \(range.upperBound / 1000)", name)
        }
        return Int(scaled)
    }

    private static func refusal(_ words: String, _ name: String) -> ExchangeError {
        ExchangeError(.badRequest, "the profile cannot be read: \(words)", at: name)
    }
}
