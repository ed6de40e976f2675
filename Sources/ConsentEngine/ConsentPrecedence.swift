import ExchangeCore

/// Which rule wins when several speak: the one place where that is written.
///
/// 1. A directive that was not fully understood denies, whatever else is said (deny on doubt).
/// 2. A blanket refusal (a base provision that denies without any condition) withdraws every permit recorded before
/// it. 3. Explicit over implicit: a rule that applies beats the remainder of a permit that does not (who permits
/// "only    this" refuses the rest), and both beat the community's default. 4. Specific over general: an exception
/// beats its base; otherwise a rule that names a document beats one that names a    person, then organisation or
/// role, then kind of document, then label or time of care, then purpose, then nothing. 5. Newer over older. 6. Deny
/// over permit when nothing else decides.
///
/// Why adding a deny never permits more: apart from 2, a rule's rank depends on that rule alone (its directive's base
/// and its time), so ranks of the others do not move when a rule is added, and the winner is the highest rank among
/// those that apply. A new deny that applies either wins or leaves the winner as it was; by 2 it can only take
/// permits away. (A new *permit directive* may deny more, through its remainder, and never removes a deny.)
struct ConsentPrecedence: Comparable {
    /// Explicit over implicit.
    enum Tier: UInt8, Comparable {
        case remainder, explicit, doubt

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    let tier: Tier
    let specificity: Int
    let recorded: Timestamp
    let effect: ConsentEffect

    static func < (left: Self, right: Self) -> Bool {
        if left.tier != right.tier { return left.tier < right.tier }
        if left.specificity != right.specificity { return left.specificity < right.specificity }
        if left.recorded != right.recorded { return left.recorded < right.recorded }
        return left.effect == .permit && right.effect == .deny
    }

    /// How specific a base provision is.
    static func specificity(base: ConsentRule) -> Int { names(base) << 1 }

    /// How specific an exception is: never less than its base.
    static func specificity(exception: ConsentRule, to base: ConsentRule) -> Int {
        (names(exception) | names(base)) << 1 | 1
    }

    /// One bit for each thing a rule can name, the strongest highest.
    private static func names(_ rule: ConsentRule) -> Int {
        var bits = 0
        if !rule.purposes.isEmpty { bits |= 1 }
        if rule.dataPeriod != nil || !rule.securityLabels.isEmpty { bits |= 2 }
        if !rule.classCodes.isEmpty || !rule.typeCodes.isEmpty { bits |= 4 }
        for actor in rule.actors {
            switch actor {
            case .organization, .role, .treating: bits |= 8
            case .practitioner: bits |= 16
            }
        }
        for item in rule.data {
            switch item {
            case .author, .related, .unresolvable: bits |= 4
            case .document, .uniqueID: bits |= 32
            }
        }
        return bits
    }
}

extension ConsentDirective {
    /// Whether it decides at a moment: what is inactive, ended or not yet begun says nothing.
    func isInForce(at now: Timestamp) -> Bool { status == .active && (base.period?.contains(now) ?? true) }

    /// Whether it is a blanket refusal.
    var refusesEverything: Bool {
        var base = base
        base.period = nil
        return base.effect == .deny && base.isUnconditional
    }
}

extension ConsentRule {
    /// Whether it speaks about everybody and everything.
    var isUnconditional: Bool { namesNobody && namesNoDocument && period == nil }

    private var namesNobody: Bool { actors.isEmpty && purposes.isEmpty }

    private var namesNoDocument: Bool {
        classCodes.isEmpty && typeCodes.isEmpty && data.isEmpty && dataPeriod == nil && securityLabels.isEmpty
    }

    /// An exception with what it takes over from its base where it says nothing itself.
    ///
    /// A deny takes over nothing, so that it never becomes narrower than it reads. A permit keeps to its base's
    /// people and purposes. To a base that denies it opens only what that denies; to a base that permits it may add
    /// documents.
    func completed(by base: ConsentRule) -> ConsentRule {
        guard effect == .permit else { return self }
        var rule = self
        if rule.actors.isEmpty { rule.actors = base.actors }
        if rule.purposes.isEmpty { rule.purposes = base.purposes }
        guard base.effect == .deny || namesNoDocument else { return rule }
        if rule.classCodes.isEmpty { rule.classCodes = base.classCodes }
        if rule.typeCodes.isEmpty { rule.typeCodes = base.typeCodes }
        if rule.data.isEmpty { rule.data = base.data }
        if rule.dataPeriod == nil { rule.dataPeriod = base.dataPeriod }
        if rule.securityLabels.isEmpty { rule.securityLabels = base.securityLabels }
        return rule
    }
}
