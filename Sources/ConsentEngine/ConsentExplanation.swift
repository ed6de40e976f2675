import ExchangeCore

/// A decision in plain sentences: how it came about, and what would change it.
///
/// Sentences name directives, organisations, users as the requester stated them, and codes; never the patient.
package struct ConsentExplanation: Hashable, Sendable {
    /// What was decided; always what `CompiledConsent.decide` decides.
    package let effect: ConsentEffect
    /// The rules in the order they were weighed, with what became of each; the last that counts says who decided.
    package let steps: [String]
    /// Changes of the request, the directives, the document's labels or the date that would turn the decision.
    package let wouldChange: [String]

    /// An explanation from its parts.
    package init(effect: ConsentEffect, steps: [String], wouldChange: [String]) {
        self.effect = effect
        self.steps = steps
        self.wouldChange = wouldChange
    }
}

extension CompiledConsent {
    /// At most this many rules are told, and at most this many ways to change the decision.
    private static let sentencesMax = 100
    private static let changesMax = 12

    /// Judges one document like `decide`, with the whole chain of rules and what would change the outcome.
    package func explain(_ request: AccessContext, document: DocumentFacts) -> ConsentExplanation {
        let own = decideAlone(request, document: document)
        var told = steps(request, document, own)
        // Another community's directives are told where they decide: they cannot permit, only deny.
        if own.isPermitted, Self.refusal(request) == nil, let other = denier(request, document) {
            told += other.steps(request, document, other.decideAlone(request, document: document))
        }
        let effect = decide(request, document: document).effect
        return ConsentExplanation(effect: effect, steps: told, wouldChange: changes(request, document, effect))
    }

    private func steps(_ request: AccessContext, _ document: DocumentFacts, _ decision: ConsentDecision) -> [String] {
        if let refusal = Self.refusal(request) { return refusal.rules.map { "\(refusal.effect.verb): \($0)" } }
        var steps: [String] = []
        var isDecided = false
        for rule in rules {
            if steps.count == Self.sentencesMax {
                steps.append("\(rules.count - Self.sentencesMax) more rules are not told here")
                break
            }
            switch (rule.failing(request, document), isDecided) {
            case (nil, false):
                steps.append("\(rule.name): applies and decides: nothing that ranks above it applies")
                isDecided = true
            case (nil, true): steps.append("\(rule.name): applies too, but ranks below the rule that decided")
            case (let failing?, false):
                steps.append("\(rule.name): does not apply, \(failing.reason(request, document))")
            case (_?, true): continue
            }
        }
        for withdrawn in withdrawn {
            steps.append("\(withdrawn): counts no more, as everything was refused after it was recorded")
        }
        guard !isDecided else { return steps }
        let subject = "purpose \(request.purpose ?? "none"), confidentiality \(document.labels.confidentiality.rawValue)"
        steps.append("no directive speaks, so \(policyName) decides: \(decision.effect.rawValue) for \(subject)")
        return steps
    }

    /// Every change is tried with the judge itself, one at a time.
    private func changes(_ request: AccessContext, _ document: DocumentFacts, _ effect: ConsentEffect) -> [String] {
        let other = effect == .permit ? "denied" : "permitted"
        var changes: [String] = []
        func note(_ consent: CompiledConsent, _ asked: AccessContext, _ about: DocumentFacts, _ words: String) {
            guard changes.count < Self.changesMax, consent.decide(asked, document: about).effect != effect else { return }
            changes.append("\(words): it would be \(other)")
        }
        guard request.door != .administration else {
            return ["documents are shown to users through a facility's own door, never to the administrator"]
        }
        var named = Named()
        for directive in source { named.add(directive) }
        for purpose in named.purposes where purpose != request.purpose {
            note(self, request.with(purpose: purpose), document, "if the purpose were \(purpose)")
        }
        for user in named.users where !same(user, request.user) {
            note(self, request.with(user: user), document, "if user \(user) asked")
        }
        for role in named.roles where role != request.role {
            note(self, request.with(role: role), document, "if the user's role were \(role)")
        }
        for organization in named.organizations where !same(organization, request.organization) {
            note(self, request.with(organization: organization), document, "if organisation \(organization) asked")
        }
        for directive in source.prefix(Self.sentencesMax) where directive.status == .active {
            let others = source.filter { $0.id != directive.id }
            note(
                CompiledConsent(others, care: care, hasOwnCare: hasOwnCare, policy: policy, treating: treating, now: now), request, document,
                "if directive \(directive.id) were revoked")
        }
        for (moment, words) in named.moments where moment > now {
            note(CompiledConsent(source, care: care, hasOwnCare: hasOwnCare, policy: policy, treating: treating, now: moment), request, document, words)
        }
        for level in [Confidentiality.normal, .restricted, .veryRestricted] {
            var labelled = document
            labelled.labels = SecurityLabels(confidentiality: level)
            if labelled.labels == document.labels { continue }
            note(self, request, labelled, "if the document were labelled \(level.rawValue) and nothing else")
        }
        return changes
    }

    /// What the directives name, in the order they name it, each once; the first few of each kind.
    private struct Named {
        private static let max = 20
        var purposes = ["TREAT", "BTG"]
        var users: [String] = []
        var roles: [String] = []
        var organizations: [String] = []
        var moments: [(Timestamp, String)] = []

        mutating func add(_ directive: ConsentDirective) {
            for rule in [directive.base] + directive.exceptions.prefix(Self.max) {
                for purpose in rule.purposes { Self.add(purpose.code, to: &purposes) }
                for actor in rule.actors {
                    switch actor {
                    case .practitioner(let name): Self.add(name, to: &users)
                    case .role(let name): Self.add(name, to: &roles)
                    case .organization(let name): Self.add(name, to: &organizations)
                    case .treating: break
                    }
                }
                guard let period = rule.period, moments.count < Self.max else { continue }
                if let start = period.start { moments.append((start.start, "from \(start.text) on")) }
                if let end = period.end { moments.append((end.end, "after \(end.text)")) }
            }
        }

        private static func add(_ name: String, to names: inout [String]) {
            if names.count < max, !names.contains(where: { same($0, name) }) { names.append(name) }
        }
    }
}

extension ConsentEffect {
    fileprivate var verb: String { self == .permit ? "permitted" : "denied" }
}

extension AccessContext {
    /// The same request with one thing asked otherwise.
    fileprivate func with(
        user: String? = nil, role: String? = nil, organization: String? = nil, purpose: String? = nil,
    ) -> AccessContext {
        AccessContext(
            door: door, user: user ?? self.user, role: role ?? self.role,
            organization: organization ?? self.organization, community: community, purpose: purpose ?? self.purpose,
            deadline: deadline, traceID: traceID, tokenID: tokenID, presentedRole: role == nil ? presentedRole : nil)
    }
}
