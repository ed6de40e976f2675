import ExchangeCore
import Synchronization

/// What one patient has said: read once, and compiled once for as long as time changes nothing of what is in force.
///
/// Whoever keeps one keeps it by the ids and versions of its directives; another version is another value.
package final class PatientConsent: Sendable {
    /// Every directive, by id.
    package let directives: [ConsentDirective]
    /// Every stay and visit, of merged records too.
    package let care: [CareEncounter]
    /// Whether the record itself has any: where it has none, a refusal to whoever treats speaks of everybody, merged or not.
    package let hasOwnCare: Bool
    private let last = Mutex<Compiled?>(nil)

    private struct Compiled {
        let consent: CompiledConsent
        /// The first moment after which something else is in force; nil when that never comes.
        let until: Timestamp?
    }

    /// What a patient has said, from their directives.
    package init(_ directives: [ConsentDirective], care: [CareEncounter] = [], hasOwnCare: Bool? = nil) {
        self.directives = directives
        self.care = care
        self.hasOwnCare = hasOwnCare ?? !care.isEmpty
    }

    /// The directives under a community's default, ready for judging at a moment.
    package func compiled(policy: ConsentPolicyDefault, treating: TreatingPeriod = .usual, now: Timestamp) -> CompiledConsent {
        last.withLock { last in
            // A clock that was set back may be before a period that has begun.
            if let last, last.consent.policy == policy, last.consent.treating == treating, last.consent.now <= now, last.until.map({ now < $0 }) ?? true {
                return last.consent
            }
            let consent = CompiledConsent(
                directives, care: care, hasOwnCare: hasOwnCare, policy: policy, treating: treating, now: now)
            last = Compiled(consent: consent, until: nextChange(after: now, treating))
            return consent
        }
    }

    /// The first moment after another at which something else is in force, or somebody begins or ceases to treat.
    private func nextChange(after now: Timestamp, _ period: TreatingPeriod) -> Timestamp? {
        let isAsked = directives.contains { directive in
            ([directive.base] + directive.exceptions).contains { $0.actors.contains(.treating) }
        }
        let care = isAsked ? self.care.compactMap { $0.treats(period) }.flatMap { [$0.from, $0.until] }.filter { $0 > now }.min() : nil
        return [Self.nextChange(of: directives, after: now), care].compactMap(\.self).min()
    }

    /// The first moment after another at which a period of a directive or of a provision begins or ends.
    static func nextChange(of directives: [ConsentDirective], after now: Timestamp) -> Timestamp? {
        directives.flatMap { [$0.base.period] + $0.exceptions.map(\.period) }.compactMap(\.self)
            .flatMap { [$0.start?.start, $0.end?.end] }.compactMap(\.self).filter { $0 > now }.min()
    }
}
