import ExchangeCore
import JSON

extension MatchModel {
    /// The form in journal, file and answer: thousandths of a bit by field and level.
    package var json: JSONValue {
        func levels<Level: RawRepresentable<String> & Hashable & CaseIterable>(_ worth: [Level: Int]) -> JSONValue {
            .object(
                JSONObject(
                    Level.allCases.compactMap { level in
                        worth[level].map { JSONObject.Member(level.rawValue, .number(String($0))) }
                    }))
        }
        func agreement(_ weights: AgreementWeights) -> JSONValue {
            ["same": .number(String(weights.same)), "different": .number(String(weights.different))]
        }
        return [
            "id": .string(id), "first": levels(first), "family": levels(family), "birth-date": levels(birthDate),
            "social-security": levels(socialSecurity), "middle": agreement(middle), "suffix": agreement(suffix),
            "sex": agreement(sex), "dependent": agreement(dependent), "licence": agreement(single),
            "identifier": agreement(assigned),
        ]
    }

    /// Reads a model; levels that are not named keep the initial model's worth. `.badRequest` names what cannot be read.
    package init(json: JSONValue) throws(ExchangeError) {
        guard let id = json["id"]?.string, (1...64).contains(id.utf8.count) else {
            throw ExchangeError(.badRequest, "a model has an id of at most 64 bytes", at: "id")
        }
        self = .initial
        self.id = id
        first = try Self.levels(json, "first", first)
        family = try Self.levels(json, "family", family)
        birthDate = try Self.levels(json, "birth-date", birthDate)
        socialSecurity = try Self.levels(json, "social-security", socialSecurity)
        middle = try Self.agreement(json, "middle", middle)
        suffix = try Self.agreement(json, "suffix", suffix)
        sex = try Self.agreement(json, "sex", sex)
        dependent = try Self.agreement(json, "dependent", dependent)
        single = try Self.agreement(json, "licence", single)
        assigned = try Self.agreement(json, "identifier", assigned)
    }

    private static func levels<Level: RawRepresentable<String> & Hashable>(
        _ json: JSONValue, _ name: String, _ start: [Level: Int],
    ) throws(ExchangeError) -> [Level: Int] {
        guard let field = json[name] else { return start }
        guard case .object(let object) = field else { throw ExchangeError(.badRequest, "a field is an object", at: name) }
        var worth = start
        for member in object.members {
            guard let level = Level(rawValue: member.name) else {
                throw ExchangeError(.badRequest, "there is no level \(member.name.prefix(32))", at: name)
            }
            worth[level] = try number(member.value, name)
        }
        return worth
    }

    private static func agreement(_ json: JSONValue, _ name: String, _ start: AgreementWeights) throws(ExchangeError)
        -> AgreementWeights
    {
        guard let field = json[name] else { return start }
        return AgreementWeights(
            same: try field["same"].map { value throws(ExchangeError) in try number(value, name) } ?? start.same,
            different: try field["different"].map { value throws(ExchangeError) in try number(value, name) }
                ?? start.different)
    }

    private static func number(_ value: JSONValue, _ name: String) throws(ExchangeError) -> Int {
        guard let number = value.integer, abs(number) <= 40_000 else {
            throw ExchangeError(.badRequest, "a level is worth -40,000 to 40,000 thousandths of a bit", at: name)
        }
        return number
    }

    /// A name that two models share only when they weigh alike: `learned-` and 16 hex digits.
    package var fingerprint: String {
        var bare = self
        bare.id = "-"
        let digits = String(StableHash.word(JSONWriter.bytes(bare.json)), radix: 16)
        return "learned-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Where two models differ: field, level, what it was worth and is worth now; thousandths of a bit.
    package func changes(to other: MatchModel) -> [ModelChange] {
        guard case .object(let mine) = json, case .object(let theirs) = other.json else { return [] }
        return mine.members.flatMap { field -> [ModelChange] in
            guard case .object(let levels) = field.value else { return [] }
            return levels.members.compactMap { level in
                guard let before = level.value.integer, let after = theirs[field.name]?[level.name]?.integer, before != after
                else { return nil }
                return ModelChange(field: field.name, level: level.name, before: before, after: after)
            }
        }
    }
}

/// One level that another model weighs otherwise.
package struct ModelChange: Sendable, Hashable {
    /// The field, such as `family`.
    package let field: String
    /// The level, such as `similar`.
    package let level: String
    /// What it was worth, in thousandths of a bit.
    package let before: Int
    /// What it is worth in the other model.
    package let after: Int
}
