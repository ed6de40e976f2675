import ExchangeCore

/// One patient's directives and the community's default, made ready for judging many documents.
///
/// `ConsentPrecedence` says which rule wins. Judging 20 documents of a patient costs little: nothing is parsed,
/// rendered or sorted again.
package struct CompiledConsent: Sendable {
    struct Rule: Sendable {
        let effect: ConsentEffect
        /// Nil for a rule that always applies.
        let conditions: RuleConditions?
        let name: String
        /// Which provision it comes from; nil for what holds whatever is asked.
        let origin: Origin?

        /// A directive by its place in `source`, and one of its exceptions; nil for the base.
        struct Origin: Sendable {
            let directive: Int32
            let exception: Int32?
        }

        /// The first condition that does not hold; nil when the rule applies.
        func failing(_ request: AccessContext, _ document: DocumentFacts) -> RuleCondition? {
            conditions.flatMap { $0.failing(request) ?? $0.failing(document) }
        }
    }

    /// Strongest first.
    let rules: [Rule]
    /// Names of the permits that a later blanket refusal withdrew.
    let withdrawn: [String]
    /// What it was compiled from, for trying what would change a decision.
    let source: [ConsentDirective]
    /// Stays and visits of the record.
    let care: [CareEncounter]
    /// Whether the record itself has any.
    let hasOwnCare: Bool
    let policy: ConsentPolicyDefault
    /// For how long those whom the stays name treat.
    let treating: TreatingPeriod
    let now: Timestamp
    let policyName: String
    /// The community whose directives these are, where that is another one; nil for this node's own.
    let origin: CommunityID?
    /// What other communities stated about the patient, one for each: any of them can deny, none can permit.
    private(set) var foreign: [CompiledConsent] = []
    /// At most this many rules are named in a decision: the decisive one and the next that would have applied.
    private static let namedRulesMax = 3

    /// Compiles what is in force at a moment.
    ///
    /// What another community recorded is judged apart, by the same rules: it never permits what this node's own
    /// directives and policy deny, and what it denies is denied.
    package init(
        _ directives: [ConsentDirective], care: [CareEncounter] = [], hasOwnCare: Bool? = nil,
        policy: ConsentPolicyDefault, treating: TreatingPeriod = .usual, now: Timestamp,
    ) {
        let hasOwnCare = hasOwnCare ?? !care.isEmpty
        self.init(directives, care, hasOwnCare, of: nil, policy: policy, treating: treating, now: now)
        foreign = Set(directives.compactMap(\.origin?.community)).sorted().map {
            CompiledConsent(directives, care, hasOwnCare, of: $0, policy: policy, treating: treating, now: now)
        }
    }

    private init(
        _ directives: [ConsentDirective], _ care: [CareEncounter], _ hasOwnCare: Bool, of origin: CommunityID?, policy: ConsentPolicyDefault,
        treating: TreatingPeriod, now: Timestamp,
    ) {
        self.care = care
        self.hasOwnCare = hasOwnCare
        self.origin = origin
        self.policy = policy
        self.treating = treating
        self.now = now
        source = directives
        policyName = origin.map { "nothing that \($0.urn) stated" } ?? "default policy " + policy.name
        let inForce = directives.enumerated().filter {
            $0.element.origin?.community == origin && $0.element.isInForce(at: now)
        }
        let refusal = inForce.filter { $0.element.refusesEverything }.map(\.element.recorded).max()
        var ranked: [(rank: ConsentPrecedence, rule: Rule)] = []
        var withdrawn: [String] = []
        for (index, directive) in inForce {
            for (rank, rule) in Self.rules(of: directive, at: Int32(truncatingIfNeeded: index), care, hasOwnCare, treating, now: now) {
                if rule.effect == .permit, let refusal, directive.recorded < refusal {
                    withdrawn.append(rule.name)
                    continue
                }
                ranked.append((rank, rule))
            }
        }
        self.withdrawn = withdrawn.sorted()
        // Ties after the precedence are of one effect; the name makes the order of the explanation the same
        // everywhere.
        rules = ranked.sorted { $0.rank == $1.rank ? $0.rule.name < $1.rule.name : $0.rank > $1.rank }.map(\.rule)
    }

    /// Whether no directive is in force, so that the community's default alone decides.
    package var isEmpty: Bool { rules.isEmpty }

    /// Judges one document for one requester; total, and denies on doubt.
    package func decide(_ request: AccessContext, document: DocumentFacts) -> ConsentDecision {
        if let refusal = Self.refusal(request) { return refusal }
        let own = decideAlone(request, document: document)
        return own.isPermitted ? denial(request, document) ?? own : own
    }

    /// What these directives say without those of other communities.
    func decideAlone(_ request: AccessContext, document: DocumentFacts) -> ConsentDecision {
        judge(rules, request, document) { $0.failing(request, $1) == nil }
    }

    /// The other community whose directives deny, the first in the order of their identifiers.
    func denier(_ request: AccessContext, _ document: DocumentFacts) -> CompiledConsent? {
        foreign.first { !$0.decideAlone(request, document: document).isPermitted }
    }

    private func denial(_ request: AccessContext, _ document: DocumentFacts) -> ConsentDecision? {
        denier(request, document)?.decideAlone(request, document: document)
    }

    /// Judges many documents for one requester, in their order; who asks is compared with the rules once.
    package func decide(_ request: AccessContext, documents: [DocumentFacts]) -> [ConsentDecision] {
        if let refusal = Self.refusal(request) { return documents.map { _ in refusal } }
        let forRequester = rules.filter { $0.conditions?.applyToRequester(request) ?? true }
        return documents.map { document in
            let own = judge(forRequester, request, document) { $0.conditions?.applyToDocument($1) ?? true }
            return own.isPermitted && !foreign.isEmpty ? denial(request, document) ?? own : own
        }
    }

    /// The provision behind a rule, an exception completed by its base.
    func provision(_ origin: Rule.Origin?) -> ConsentRule? {
        guard let origin else { return nil }
        let directive = source[Int(origin.directive)]
        return origin.exception.map { directive.exceptions[Int($0)].completed(by: directive.base) } ?? directive.base
    }

    /// What is refused whatever the directives say.
    static func refusal(_ request: AccessContext) -> ConsentDecision? {
        if request.door == .administration {
            return ConsentDecision(.deny, rules: ["the administrator's door shows no documents"])
        }
        if request.purpose?.isEmpty ?? true { return ConsentDecision(.deny, rules: ["no purpose of use was stated"]) }
        return nil
    }

    private func judge(
        _ rules: [Rule], _ request: AccessContext, _ document: DocumentFacts,
        _ applies: (Rule, DocumentFacts) -> Bool,
    ) -> ConsentDecision {
        var effect: ConsentEffect?
        var names: [String] = []
        for rule in rules where applies(rule, document) {
            effect = effect ?? rule.effect
            names.append(rule.name)
            if names.count == Self.namedRulesMax { break }
        }
        guard let effect else {
            if origin != nil { return ConsentDecision(.permit, rules: [policyName]) }
            let permits = policy.permits(purpose: request.purpose ?? "", labels: document.labels)
            return ConsentDecision(permits ? .permit : .deny, rules: [policyName])
        }
        return ConsentDecision(effect, rules: names)
    }

    private static func rules(
        of directive: ConsentDirective, at index: Int32, _ care: [CareEncounter], _ hasOwnCare: Bool,
        _ treating: TreatingPeriod, now: Timestamp,
    ) -> [(ConsentPrecedence, Rule)] {
        func rank(_ tier: ConsentPrecedence.Tier, _ specificity: Int, _ effect: ConsentEffect) -> ConsentPrecedence {
            ConsentPrecedence(tier: tier, specificity: specificity, recorded: directive.recorded, effect: effect)
        }
        let stated = directive.origin.map { " stated by \($0.community.urn)" } ?? ""
        let title = "directive \(directive.id)\(stated): "
        guard directive.doubts.isEmpty else {
            let name = title + "deny, because it was not fully understood"
            return [(rank(.doubt, 0, .deny), Rule(effect: .deny, conditions: nil, name: name, origin: nil))]
        }
        let isNormalOnly = directive.policies.contains { $0.utf8.suffix(7).elementsEqual("-normal".utf8) }
        var base = directive.base
        base.period = nil
        var rules = [
            (
                rank(.explicit, ConsentPrecedence.specificity(base: base), base.effect),
                Rule(
                    effect: base.effect, conditions: RuleConditions(base, isNormalOnly: isNormalOnly, care: care, hasOwnCare: hasOwnCare, treating: treating, now: now),
                    name: title + base.summary, origin: .init(directive: index, exception: nil))
            )
        ]
        for (number, exception) in directive.exceptions.enumerated() where exception.period?.contains(now) ?? true {
            let complete = exception.completed(by: base)
            rules.append(
                (
                    rank(
                        .explicit, ConsentPrecedence.specificity(exception: exception, to: base), exception.effect),
                    Rule(
                        effect: exception.effect,
                        conditions: RuleConditions(complete, isNormalOnly: isNormalOnly, care: care, hasOwnCare: hasOwnCare, treating: treating, now: now),
                        name: title + complete.summary,
                        origin: .init(directive: index, exception: Int32(truncatingIfNeeded: number)))
                ))
        }
        if base.effect == .permit, !base.isUnconditional || isNormalOnly {
            let name = title + "deny what it does not permit"
            rules.append((rank(.remainder, 0, .deny), Rule(effect: .deny, conditions: nil, name: name, origin: nil)))
        }
        return rules
    }
}
