import Transactions

/// The section `retention` of `node.yaml`: the age of majority, and the rules in the order they are tried.
enum RetentionKeys {
    static func read(_ section: inout YAMLReader) -> RetentionRules {
        var rules = RetentionRules()
        if let age = section.integer("majority-age", in: 14...25) { rules.majorityAge = age }
        for var rule in section.readers("rules") {
            let years = rule.integer("years", in: 0...200)
            if years == nil { rule.refuse("years", "says for how many years after the last care") }
            rules.rules.append(
                RetentionRule(
                    code: rule.text("code"), jurisdiction: rule.required("jurisdiction"), years: years ?? 200,
                    yearsAfterMajority: rule.integer("years-after-majority", in: 0...100)))
            section.take(rule)
        }
        return rules
    }

    static func effective(_ rules: RetentionRules) -> [(key: String, value: String)] {
        let listed = rules.rules.map { rule in
            "\(rule.code ?? "any") \(rule.jurisdiction) \(rule.years)"
                + (rule.yearsAfterMajority.map { " or majority + \($0)" } ?? "")
        }
        return [
            ("retention.majority-age", String(rules.majorityAge)), ("retention.rules", listed.joined(separator: "; ")),
        ]
    }
}
