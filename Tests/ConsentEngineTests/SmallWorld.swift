/// A world small enough to try everything in it, and what PCF and our precedence say there.
///
/// Written from the text of IHE PCF, FHIR R4 and the stated rules; shares nothing with the engine. Slow, naive and
/// in other words on purpose: what both say is likely meant.
enum SmallWorld {
    enum Effect: CaseIterable { case permit, deny }
    enum Who: CaseIterable { case anybody, organization, person }
    enum Why: CaseIterable { case anything, treatment, emergency }
    enum Label: CaseIterable { case any, normal, restricted, psychiatry }
    enum Kind: CaseIterable { case any, discharge }

    struct Provision {
        var effect: Effect
        var who: Who
        var why: Why
        var label: Label
        var kind: Kind

        static let all: [Provision] = Effect.allCases.flatMap { effect in
            Who.allCases.flatMap { who in
                Why.allCases.flatMap { why in
                    Label.allCases.flatMap { label in
                        Kind.allCases.map { Provision(effect: effect, who: who, why: why, label: label, kind: $0) }
                    }
                }
            }
        }

        var saysNothingOfDocuments: Bool { label == .any && kind == .any }
        var isUnlimited: Bool { who == .anybody && why == .anything && saysNothingOfDocuments }
    }

    struct Statement {
        var base: Provision
        var exception: Provision?
        var day: Int
    }

    struct Asker {
        let isOfOrganization: Bool
        let isPerson: Bool
        let why: Why

        static let all: [Asker] = [
            Asker(isOfOrganization: true, isPerson: true, why: .treatment),
            Asker(isOfOrganization: true, isPerson: false, why: .emergency),
            Asker(isOfOrganization: false, isPerson: true, why: .treatment),
            Asker(isOfOrganization: false, isPerson: false, why: .emergency),
            Asker(isOfOrganization: false, isPerson: false, why: .anything),
        ]
    }

    /// 0 normal, 1 restricted, 2 very restricted.
    struct Paper {
        let level: Int
        let isPsychiatric: Bool
        /// Nil when nobody said.
        let isDischarge: Bool?

        static let all: [Paper] = [
            Paper(level: 0, isPsychiatric: false, isDischarge: true),
            Paper(level: 0, isPsychiatric: false, isDischarge: false),
            Paper(level: 1, isPsychiatric: true, isDischarge: false),
            Paper(level: 1, isPsychiatric: false, isDischarge: nil),
            Paper(level: 2, isPsychiatric: true, isDischarge: true),
        ]
    }

    enum Default: CaseIterable { case nothing, normalForCare, normalForAll, emergencies }

    /// What is said about one paper: by whom it may be beaten is in `beats`.
    private struct Claim {
        let effect: Effect
        let isStated: Bool
        /// Person, organisation, kind, label, purpose, exception: the stronger name comes first.
        let names: [Bool]
        let day: Int

        /// Explicit over implicit, specific over general, newer over older, deny over permit.
        func beats(_ other: Claim) -> Bool {
            if isStated != other.isStated { return isStated }
            for (mine, theirs) in zip(names, other.names) where mine != theirs { return mine }
            if day != other.day { return day > other.day }
            return effect == .deny && other.effect == .permit
        }
    }

    static func permits(_ statements: [Statement], _ fallback: Default, _ asker: Asker, _ paper: Paper) -> Bool {
        var claims: [Claim] = []
        let refusedOn = statements.filter { $0.base.effect == .deny && $0.base.isUnlimited }.map(\.day).max()
        for statement in statements {
            for claim in self.claims(statement, asker, paper) {
                if claim.effect == .permit, let refusedOn, statement.day < refusedOn { continue }
                claims.append(claim)
            }
        }
        guard let winner = claims.first(where: { claim in !claims.contains { $0.beats(claim) } }) else {
            switch fallback {
            case .nothing: return false
            case .normalForCare: return paper.level == 0 && asker.why == .treatment
            case .normalForAll: return paper.level == 0
            case .emergencies: return asker.why == .emergency
            }
        }
        return winner.effect == .permit
    }

    private static func claims(_ statement: Statement, _ asker: Asker, _ paper: Paper) -> [Claim] {
        var claims: [Claim] = []
        let base = statement.base
        let baseNames = names(base)
        if speaks(base, asker, paper) {
            claims.append(Claim(effect: base.effect, isStated: true, names: baseNames + [false], day: statement.day))
        }
        if let exception = statement.exception, speaks(completed(exception, by: base), asker, paper) {
            let both = zip(names(exception), baseNames).map { $0 || $1 }
            claims.append(Claim(effect: exception.effect, isStated: true, names: both + [true], day: statement.day))
        }
        // Who permits only this refuses the rest.
        if base.effect == .permit, !base.isUnlimited {
            claims.append(
                Claim(effect: .deny, isStated: false, names: [Bool](repeating: false, count: 6), day: statement.day))
        }
        return claims
    }

    private static func names(_ provision: Provision) -> [Bool] {
        [
            provision.who == .person, provision.who == .organization, provision.kind != .any, provision.label != .any,
            provision.why != .anything,
        ]
    }

    /// An exception that permits is read within its base; one that denies stands as it is.
    private static func completed(_ exception: Provision, by base: Provision) -> Provision {
        guard exception.effect == .permit else { return exception }
        var whole = exception
        if exception.who == .anybody { whole.who = base.who }
        if exception.why == .anything { whole.why = base.why }
        if base.effect == .deny || exception.saysNothingOfDocuments {
            if exception.label == .any { whole.label = base.label }
            if exception.kind == .any { whole.kind = base.kind }
        }
        return whole
    }

    private static func speaks(_ provision: Provision, _ asker: Asker, _ paper: Paper) -> Bool {
        let isDeny = provision.effect == .deny
        switch provision.who {
        case .anybody: break
        case .organization: if !asker.isOfOrganization { return false }
        case .person: if !asker.isPerson { return false }
        }
        if provision.why != .anything, provision.why != asker.why { return false }
        if provision.kind == .discharge, !(paper.isDischarge ?? isDeny) { return false }
        switch (provision.label, provision.effect) {
        case (.any, _): return true
        case (.normal, .permit): return paper.level == 0
        case (.normal, .deny): return true
        case (.restricted, .permit): return paper.level <= 1
        case (.restricted, .deny): return paper.level >= 1
        case (.psychiatry, .permit): return paper.isPsychiatric && paper.level <= 1
        case (.psychiatry, .deny): return paper.isPsychiatric
        }
    }
}
