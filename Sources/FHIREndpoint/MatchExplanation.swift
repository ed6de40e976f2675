import JSON
import PatientIndex

/// What each field weighed in a `$match`, for stewards: an extension of `entry.search`, without any value of a patient.
enum MatchExplanation {
    /// The extension.
    static let url = "https://concordat.example/fhir/StructureDefinition/match-explanation"

    /// The fields, prior included, whose bits sum to `bits` exactly, each with what it would be without its cap; the policy's line, profile and model.
    static func json(_ match: MatchResult, profile: String) -> JSONValue {
        var parts = match.explanation.fields.map { field -> JSONValue in
            var facts: [JSONValue] = [
                ["url": "name", "valueCode": .string(field.field)],
                ["url": "level", "valueString": .string(field.level)],
                ["url": "bits", "valueDecimal": .number(decimal(field.millibits))],
            ]
            if let uncapped = field.uncapped { facts.append(["url": "uncapped", "valueDecimal": .number(decimal(uncapped))]) }
            return ["url": "field", "extension": .array(facts)]
        }
        parts.append(["url": "bits", "valueDecimal": .number(decimal(match.explanation.millibits))])
        if let rule = match.rule { parts.append(["url": "rule", "valueCode": .string(rule.rawValue)]) }
        parts.append(["url": "profile", "valueCode": .string(profile)])
        if let model = match.model { parts.append(["url": "model", "valueCode": .string(model)]) }
        return ["url": .string(url), "extension": .array(parts)]
    }

    /// Thousandths as a decimal.
    static func decimal(_ thousandths: Int) -> String {
        let digits = String(abs(thousandths))
        let padded = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return "\(thousandths < 0 ? "-" : "")\(padded.dropLast(3)).\(padded.suffix(3))"
    }
}
