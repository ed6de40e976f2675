import ConsentEngine
import ExchangeCore
import JSON

/// A directive from the plain forms of the command line: what people ask most, without FHIR.
struct DirectiveComposing {
    let call: AdminCall
    let parts: JSONValue

    /// The directive the forms state; throws `badRequest` naming the form.
    func directive(id: DirectiveID, patient: PatientID, recorded: Timestamp) throws(ExchangeError) -> ConsentDirective {
        let period = try period("from", "until")
        let wanted = try permits()
        let refused = try denials()
        var base: ConsentRule
        var exceptions = refused
        if let effect = parts["effect"]?.string {
            guard let effect = ConsentEffect(rawValue: effect) else {
                throw ExchangeError(.badRequest, "say permit or deny", at: "directive.effect")
            }
            base = try conditions(effect)
        } else if let wanted {
            base = wanted
        } else if !refused.isEmpty {
            base = exceptions.removeFirst()
        } else {
            throw ExchangeError(.badRequest, "say what is permitted or denied", at: "directive")
        }
        base.period = period
        return ConsentDirective(
            id: id, patient: patient, base: base, exceptions: exceptions, recorded: recorded,
            recordedBy: try representative())
    }

    /// `--deny` or `--permit` with their conditions.
    private func conditions(_ effect: ConsentEffect) throws(ExchangeError) -> ConsentRule {
        var types: [CodedValue] = []
        for text in try call.texts("types", of: parts) {
            let halves = text.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            types.append(
                halves.count == 2
                    ? CodedValue(code: halves[1], system: halves[0]) : CodedValue(code: text, system: CodeSystems.loinc)
            )
        }
        return ConsentRule(
            effect,
            actors: try call.texts("organizations", of: parts).map { .organization($0) }
                + (try call.texts("users", of: parts).map { .practitioner($0) })
                + (parts["treating"] == true ? [.treating] : []),
            purposes: try purposes("purposes"), typeCodes: types, dataPeriod: try period("careFrom", "careUntil"))
    }

    /// `--permit-organization` and `--permit-only-purpose`: these, and nobody and nothing else.
    private func permits() throws(ExchangeError) -> ConsentRule? {
        let organizations = try call.texts("permitOrganizations", of: parts)
        let purposes = try purposes("permitOnlyPurposes")
        guard !organizations.isEmpty || !purposes.isEmpty else { return nil }
        return ConsentRule(.permit, actors: organizations.map { .organization($0) }, purposes: purposes)
    }

    /// `--deny-organization` and `--withhold`: each a refusal of its own.
    private func denials() throws(ExchangeError) -> [ConsentRule] {
        var rules: [ConsentRule] = []
        let organizations = try call.texts("denyOrganizations", of: parts)
        if !organizations.isEmpty {
            rules.append(ConsentRule(.deny, actors: organizations.map { .organization($0) }))
        }
        var labels: [CodedValue] = []
        for word in try call.texts("withhold", of: parts) {
            guard let code = SensitivityWords.code(word) else {
                throw ExchangeError(
                    .badRequest, "is none of \(SensitivityWords.all.joined(separator: ", ")) or a code in capitals",
                    at: "directive.withhold")
            }
            labels.append(CodedValue(code: code, system: CodeSystems.actCode))
        }
        if !labels.isEmpty { rules.append(ConsentRule(.deny, securityLabels: labels)) }
        return rules
    }

    private func purposes(_ name: String) throws(ExchangeError) -> [CodedValue] {
        try call.texts(name, of: parts).map { CodedValue(code: $0, system: CodeSystems.actReason) }
    }

    /// `--recorded-by`, `--relation` and `--evidence`.
    private func representative() throws(ExchangeError) -> Representative? {
        guard let person = parts["recordedBy"], person.object != nil else { return nil }
        var evidence: ConsentEvidence?
        if let text = person["digest"]?.string {
            guard let digest = Hexadecimal.decode(text), digest.count == 32 else {
                throw ExchangeError(.badRequest, "is 64 hexadecimal digits of SHA-256", at: "directive.recordedBy.digest")
            }
            evidence = .digest(digest)
        } else if let reference = person["document"]?.string {
            evidence = .document(reference)
        }
        let name = person["name"]?.string
        let relation = person["relation"]?.string.map { CodedValue(code: $0, system: Representative.relations) }
        guard name != nil || evidence != nil || relation != nil else { return nil }
        return Representative(
            relation: relation ?? (name == nil ? Representative.oneself : Representative.unsaid), name: name,
            evidence: evidence)
    }

    private func period(_ from: String, _ until: String) throws(ExchangeError) -> ConsentPeriod? {
        let start = try date(from)
        let end = try date(until)
        guard start != nil || end != nil else { return nil }
        if let start, let end, end.end <= start.start {
            throw ExchangeError(.badRequest, "the period ends before it begins", at: "directive.\(until)")
        }
        return ConsentPeriod(start: start, end: end)
    }

    private func date(_ name: String) throws(ExchangeError) -> PartialDate? {
        guard let text = parts[name]?.string else { return nil }
        guard let date = PartialDate(text) else {
            throw ExchangeError(.badRequest, "write a date such as 2026-03-02", at: "directive.\(name)")
        }
        return date
    }
}

/// Sensitivities in words people use, as codes of v3-ActCode.
package enum SensitivityWords {
    private static let codes: [(word: String, code: String)] = [
        ("psychiatric", "PSY"), ("substance-use", "ETH"), ("hiv", "HIV"), ("violence", "SDV"), ("sexual", "SEX"),
        ("genetic", "GDIS"),
    ]

    /// The words there are.
    package static var all: [String] { codes.map(\.word) }

    /// The code of a word, or a code written as one; nil for anything else.
    package static func code(_ word: String) -> String? {
        if let known = codes.first(where: { $0.word == word }) { return known.code }
        let isCode = (2...16).contains(word.utf8.count) && word.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        return isCode ? word : nil
    }
}
