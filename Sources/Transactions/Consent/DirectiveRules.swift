import ConsentEngine
import ExchangeCore
import JSON

/// What a directive must be before it is recorded: within limits, not over already, and not against itself.
///
/// What `ConsentMapping` reads of a Consent is judged there, with how many provisions it may have; this judges the whole.
package enum DirectiveRules {
    /// Bytes of one Consent at the most.
    package static let bytesMax = 256 * 1024

    /// Refuses a resource that is too large before anything is made of it.
    package static func check(size bytes: Int) throws(ExchangeError) {
        guard bytes <= bytesMax else {
            throw ExchangeError(.tooLarge, "a Consent has at most \(bytesMax) bytes", at: "Consent")
        }
    }

    /// Refuses a Consent that names itself as what it stands on.
    package static func check(sourceOf consent: JSONObject) throws(ExchangeError) {
        if let source = consent["sourceReference"]?["reference"]?.string, let id = consent["id"]?.string,
            source.utf8.elementsEqual("Consent/\(id)".utf8)
        {
            throw ExchangeError(
                .badRequest, "a directive cannot be its own source; name the signed form", at: "Consent.sourceReference")
        }
    }

    /// Refuses what is over already, ends before it begins, or says yes and no to the same.
    ///
    /// A directive whose period lies ahead is accepted: it decides nothing until then. One that is not active may be of
    /// any time.
    package static func check(_ directive: ConsentDirective, now: Timestamp) throws(ExchangeError) {
        let rules = [(path: "Consent.provision", rule: directive.base)]
            + directive.exceptions.enumerated().map { ("Consent.provision.provision[\($0.offset)]", $0.element) }
        for (path, rule) in rules {
            for (name, period) in [("period", rule.period), ("dataPeriod", rule.dataPeriod)] {
                guard let start = period?.start, let end = period?.end, end.end <= start.start else { continue }
                throw ExchangeError(.badRequest, "the period ends before it begins", at: "\(path).\(name)")
            }
            guard directive.status == .active, let end = rule.period?.end, end.end <= now else { continue }
            throw ExchangeError(
                .badRequest, "the period is over, so this would decide nothing; correct the end, or record it inactive",
                at: "\(path).period.end")
        }
        var said: [ConsentRule: (path: String, effect: ConsentEffect)] = [:]
        for (path, rule) in rules {
            var conditions = rule
            conditions.effect = .deny
            // The base's period is the directive's own.
            if path == "Consent.provision" { conditions.period = nil }
            if let before = said[conditions], before.effect != rule.effect {
                throw ExchangeError(
                    .badRequest, "this contradicts \(before.path): the same conditions, permitted and denied", at: path)
            }
            said[conditions] = (path, rule.effect)
        }
    }
}
