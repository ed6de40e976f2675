/// What a score alone may not do: join two registrations without evidence about the individual (patient-matching.md
/// 6.5).
///
/// Families share names, birth dates (twins), telephones and addresses; a score that multiplies them links relatives.
package struct MatchPolicy: Sendable, Hashable {
    /// What the profile is called.
    package var name: String
    /// The score from which on a match is probable, and certain if the evidence passes; thousandths of a bit.
    package var certainMillibits: Int
    /// The score from which on a match is possible, and worth a person's look.
    package var possibleMillibits: Int
    /// How far the next person must be behind, unless shown to be the same; thousandths of a bit.
    package var lead: Int
    /// People who could be meant, for the prior; 5 million is a catchment, whatever is registered here.
    package var peopleAtRisk: Int
    /// How few namesakes a million may have for name and birth date to be enough; nil for never.
    package var rarity: RarityLimits?
    /// Whether a middle name in first place, or a name by custom, needs no number of the person's own.
    package var acceptsOtherNames = false
    /// Whether the numbers are perhaps those of twins, who get one after the other, and the names are not one.
    func isNextNumber(_ evidence: Evidence) -> Bool {
        evidence.individualIdentifiers == 0 && evidence.first != .exact && evidence.first != .missing
            && (evidence.socialSecurity == .close || evidence.socialSecurity == .lastFourClose)
    }

    /// Whether another social security number or place in the insurance, a slip or a relative's, is outweighed by everything else
    /// that names somebody; only within one organisation, which can ask its own patient.
    package var forgivesNumbers = false
    /// Whether nobody is certain by first name, birth date and household alone, the family name another one or not given: who married
    /// is joined within one organisation, and named to whoever asks by the middle name, too.
    package var demandsFamilyName = false
    /// Whether evidence about the individual is demanded beside the score; only test data are linked without.
    package var demandsEvidence = true
    /// Decides by fixed combinations instead of the score (`cms-hte`).
    package var isDeterministic = false

    /// Expected namesakes in a million people, in thousandths, below which name and birth date name one person.
    package struct RarityLimits: Sendable, Hashable {
        /// With the same postal code.
        package var withPostalCode: Int
        /// With the same city.
        package var withCity: Int
        /// With neither; what is not compared counts as neither.
        package var alone: Int
        /// Whether city or nothing counts only beside an equal middle initial.
        package var demandsMiddle: Bool

        /// Limits from their parts.
        package init(withPostalCode: Int, withCity: Int, alone: Int, demandsMiddle: Bool = false) {
            self.demandsMiddle = demandsMiddle
            self.withPostalCode = withPostalCode
            self.withCity = withCity
            self.alone = alone
        }
    }

    /// Name and birth date alone, or with a postal code, are never certain: the default, and always between
    /// organisations.
    package static let strict = MatchPolicy(
        name: "strict", certainMillibits: 6_000, possibleMillibits: 0, lead: 8_000, peopleAtRisk: 5_000_000,
        rarity: RarityLimits(withPostalCode: 60_000, withCity: 1_000, alone: 200, demandsMiddle: true))

    /// What answers questions: as strict, but name and birth date are never enough, with whatever place, and the family name is
    /// demanded.
    package static let remote = {
        var policy = MatchPolicy(
            name: "strict", certainMillibits: 6_000, possibleMillibits: 0, lead: 8_000, peopleAtRisk: 5_000_000)
        policy.demandsFamilyName = true
        return policy
    }()

    /// For one organisation: names that are not common may be joined by name, birth date and place.
    ///
    /// Its limits were chosen on made-up populations, for the recall asked of it at two thirds of the two-person charts allowed
    /// (`hie-bench match`): the table of evidence keeps strangers apart, the last bits of the score hardly do.
    package static let balanced = MatchPolicy(
        name: "balanced", certainMillibits: 3_000, possibleMillibits: 0, lead: 8_000, peopleAtRisk: 5_000_000,
        rarity: RarityLimits(withPostalCode: 1_000_000, withCity: 100_000, alone: 10_000),
        acceptsOtherNames: true, forgivesNumbers: true)

    /// The deterministic proposal of the CMS Health Tech Ecosystem, gated by uniqueness.
    package static let cms = MatchPolicy(
        name: "cms-hte", certainMillibits: 0, possibleMillibits: 0, lead: 0, peopleAtRisk: 5_000_000,
        isDeterministic: true)

    /// -log2 of one in so many, in thousandths of a bit.
    var priorMillibits: Int { Millibits.log2(UInt64(max(peopleAtRisk, 1))) }

    /// What may be done with a score and a verdict, other candidates left aside.
    package func grade(_ millibits: Int, _ verdict: PolicyVerdict) -> MatchGrade {
        if isDeterministic { return verdict.isCertain ? .certain : .none }
        if millibits >= certainMillibits { return verdict.isCertain ? .certain : .probable }
        return millibits >= possibleMillibits ? .possible : .none
    }

    /// The profile of a name: `strict`, `balanced`, `cms-hte`; nil for another.
    package static func named(_ name: String) -> MatchPolicy? {
        [.strict, .balanced, .cms].first { $0.name == name }
    }

    /// Whether the evidence is enough for nobody to look at it, and the line of the table that said so.
    ///
    /// - Parameter namesakes: expected in a million people, in thousandths.
    func verdict(_ evidence: Evidence, namesakes: Int) -> PolicyVerdict {
        guard demandsEvidence else { return PolicyVerdict(rule: .scoreAlone, isCertain: true) }
        if let veto = veto(evidence) { return PolicyVerdict(rule: veto, isCertain: false) }
        if demandsFamilyName, !isOfTheName(evidence) { return PolicyVerdict(rule: .familyNameUnlike, isCertain: false) }
        switch evidence.birthDate {
        case .unlike, .sameYear: return birthDateFarOff(evidence)
        case .missing, .consistent, .twoEdits: return birthDateUnsure(evidence)
        case .oneEdit: return birthDateNear(evidence)
        case .exact: return birthDateExact(evidence, namesakes: namesakes)
        }
    }

    /// The family name, or what stands for it: a number of the person's own, or the middle initial of who married.
    private func isOfTheName(_ evidence: Evidence) -> Bool {
        switch evidence.family {
        case .unlike: evidence.individualIdentifiers > 0 || evidence.first == .exact && evidence.middle == .same
        case .missing: evidence.individualIdentifiers > 0
        default: true
        }
    }

    /// What no evidence outweighs.
    func veto(_ evidence: Evidence) -> PolicyRule? {
        if evidence.hasPlaceholderName { return .placeholderIdentity }
        if evidence.suffix == .different { return .suffixConflict }
        if evidence.dependent == .different, !(forgivesNumbers && isNamedThroughout(evidence)) { return .dependentConflict }
        if evidence.single == .different { return .identifierConflict }
        // Somebody may carry a relative's number; another number of the person's own outweighs it.
        if evidence.socialSecurity == .different, evidence.single != .same, !(forgivesNumbers && isNamedThroughout(evidence)) {
            return .socialSecurityConflict
        }
        return nil
    }

    /// The whole name, the birth date and something of the household agree, and nothing else speaks against it: no two of one
    /// household have all of that, twins have two first names.
    private func isNamedThroughout(_ evidence: Evidence) -> Bool {
        let household = evidence.household
        return evidence.first == .exact && evidence.family == .exact && evidence.birthDate == .exact
            && !hasSoftConflict(evidence) && (household.phone || household.email || household.address)
    }

    /// Whether another social security number or place in the insurance is all that speaks against one person: twins have two
    /// first names, father and son two birth dates.
    func isNumberAlone(_ evidence: Evidence) -> Bool {
        var rest = evidence
        if rest.dependent == .different { rest.dependent = .missing }
        if rest.socialSecurity == .different { rest.socialSecurity = .missing }
        let household = evidence.household
        return veto(rest) == nil && evidence.first == .exact && evidence.family != .unlike && evidence.birthDate == .exact
            && !hasSoftConflict(evidence) && (household.phone || household.email || household.address)
    }

    /// Whether first name and birth date, or the whole name and nearly the birth date, are exactly somebody's and nothing speaks
    /// against it: no two of one household have that, so what agrees is a person's.
    func isNobodysRelative(_ evidence: Evidence) -> Bool {
        guard demandsEvidence, !isDeterministic, evidence.first == .exact, veto(evidence) == nil, !hasSoftConflict(evidence)
        else { return false }
        return evidence.birthDate == .exact
            || evidence.birthDate == .oneEdit && evidence.isOneGeneration && evidence.family == .exact
    }

    /// Whether somebody should look at a person who is possible: not when all that agrees is the household's, and the first name or
    /// the birth date is another relative's.
    func isWorthALook(_ evidence: Evidence) -> Bool {
        guard demandsEvidence, !isDeterministic, evidence.individualIdentifiers == 0 else { return true }
        if evidence.birthDate == .unlike || evidence.birthDate == .sameYear { return false }
        if evidence.dependent == .different, !isSameFirst(evidence) { return false }
        return evidence.first != .unlike || evidence.isCrossed || !hasSoftConflict(evidence) && !isNextNumber(evidence)
    }

    private func birthDateFarOff(_ evidence: Evidence) -> PolicyVerdict {
        let isShown =
            evidence.socialSecurity == .same && evidence.single == .same
            || evidence.assigned == .same && evidence.individualIdentifiers > 1
        return PolicyVerdict(rule: .birthDateFarOff, isCertain: isShown && isSameFirst(evidence))
    }

    private func birthDateUnsure(_ evidence: Evidence) -> PolicyVerdict {
        // A question by identifier alone names nobody: the identifier then speaks for itself.
        let isBare = evidence.first == .missing && evidence.family == .missing && evidence.assigned == .same
        let isNamed = isSameFirst(evidence) && evidence.family != .unlike && evidence.middle != .different
        if isBare || hasStrongIdentifier(evidence) && isNamed {
            return PolicyVerdict(rule: .birthDateUnsure, isCertain: true)
        }
        // Father and son share all of this but the generation, or their place in the insurance.
        let isOwn = evidence.individualIdentifiers > 1 || evidence.individualIdentifiers > 0 && evidence.household.items > 0
        // The same year is one generation; without it two things of a household have to agree.
        let isHousehold =
            evidence.birthDate == .consistent && evidence.first == .exact && evidence.family == .exact
            ? evidence.household.items > 0 : evidence.isOneGeneration && evidence.household.items > 1
        return PolicyVerdict(
            rule: .birthDateUnsure, isCertain: isNamed && evidence.sex != .different && (isOwn || isHousehold))
    }

    private func birthDateNear(_ evidence: Evidence) -> PolicyVerdict {
        let rule = PolicyRule.birthDateNear
        if evidence.first == .unlike || evidence.first == .alias {
            return PolicyVerdict(rule: .firstNameUnlike, isCertain: false)
        }
        if evidence.individualIdentifiers > 0, evidence.sex != .different || isSameFirst(evidence) {
            return PolicyVerdict(rule: rule, isCertain: true)
        }
        let hasContact =
            evidence.household.items > 0 || evidence.household.postalCode && evidence.middle == .same
        let isNamed = isSameFirst(evidence) && evidence.family != .unlike
        return PolicyVerdict(rule: rule, isCertain: isNamed && hasContact && !hasSoftConflict(evidence))
    }

    private func birthDateExact(_ evidence: Evidence, namesakes: Int) -> PolicyVerdict {
        if isNextNumber(evidence) { return PolicyVerdict(rule: .twinRule, isCertain: false) }
        switch evidence.first {
        case .alias
        where evidence.family == .exact
            && evidence.household.items > (acceptsOtherNames || evidence.middle == .same ? 0 : 1):
            return PolicyVerdict(rule: .sharedContact, isCertain: !hasSoftConflict(evidence))
        case .alias, .unlike, .missing:
            let isFamily =
                evidence.family == .exact || evidence.family == .partial
                || evidence.family == .missing && evidence.first == .missing
            return PolicyVerdict(
                rule: .firstNameUnlike,
                isCertain: (hasStrongIdentifier(evidence) || isPlacedInFamily(evidence)) && isFamily
                    && !hasSoftConflict(evidence))
        case .partial where acceptsOtherNames && evidence.family == .exact && !hasSoftConflict(evidence): break
        case .initial where evidence.middle == .same && evidence.household.items > 0 && !hasSoftConflict(evidence):
            // Both initials, the birth date and the household: twins that share them are rarer than the initial alone.
            return PolicyVerdict(rule: .sharedContact, isCertain: evidence.family == .exact)
        case .partial where evidence.household.items > 1 && evidence.family == .exact && !hasSoftConflict(evidence): break
        case .resembling, .initial, .partial:
            // JESSICA and JESSENIA of one birthday and one telephone.
            if evidence.household.items > 0, evidence.individualIdentifiers == 0 {
                return PolicyVerdict(rule: .twinRule, isCertain: false)
            }
        case .similar:
            if evidence.individualIdentifiers == 0, evidence.socialSecurity != .missing || evidence.isEstablishedPair {
                return PolicyVerdict(rule: .twinRule, isCertain: false)
            }
        case .nickname:
            if evidence.individualIdentifiers == 0, evidence.isEstablishedPair {
                return PolicyVerdict(rule: .twinRule, isCertain: false)
            }
        case .exact, .swapped, .reordered: break
        case .compound:
            // The initials differ when the middle name stands in first place.
            if evidence.family == .exact, evidence.sex != .different, evidence.individualIdentifiers > 0 {
                return PolicyVerdict(rule: .individualIdentifier, isCertain: true)
            }
            // A twin may have the other's name for a middle name.
            if !acceptsOtherNames { return PolicyVerdict(rule: .twinRule, isCertain: false) }
        }
        // MARK RICHARD and MARC CHRISTOPHER are twins perhaps.
        let isOneName = isSameFirst(evidence) && (evidence.first != .nickname || evidence.individualIdentifiers > 0)
        if hasSoftConflict(evidence), !isOneName {
            return PolicyVerdict(rule: .sexOrMiddleConflict, isCertain: false)
        }
        if evidence.individualIdentifiers > 0 { return PolicyVerdict(rule: .individualIdentifier, isCertain: true) }
        if evidence.household.items > 0 { return PolicyVerdict(rule: .sharedContact, isCertain: true) }
        if evidence.household.postalCode, evidence.middle == .same {
            return PolicyVerdict(rule: .postalCodeAndMiddle, isCertain: true)
        }
        return PolicyVerdict(rule: .nameAndBirthDate, isCertain: isRare(evidence, namesakes: namesakes))
    }

    private func isRare(_ evidence: Evidence, namesakes: Int) -> Bool {
        guard let rarity, !hasSoftConflict(evidence) else { return false }
        let isFamily = evidence.family == .exact || evidence.family == .similar || evidence.family == .partial
        if evidence.household.postalCode, isSameFirst(evidence) || evidence.first == .similar, isFamily {
            return namesakes < rarity.withPostalCode
        }
        guard isSameFirst(evidence), evidence.family == .exact else { return false }
        let limit = evidence.household.city ? rarity.withCity : rarity.alone
        return namesakes < (evidence.middle == .same ? limit * 10 : rarity.demandsMiddle ? 0 : limit)
    }

    /// The same number within one insurance, and more of the household: twins have different ones.
    private func isPlacedInFamily(_ evidence: Evidence) -> Bool {
        evidence.individualIdentifiers > 0
            && (evidence.household.phone || evidence.household.email || evidence.household.address)
    }

    private func isSameFirst(_ evidence: Evidence) -> Bool {
        evidence.first == .exact || evidence.first == .reordered || evidence.first == .nickname && !evidence.isEstablishedPair
    }

    private func hasStrongIdentifier(_ evidence: Evidence) -> Bool {
        evidence.socialSecurity == .same || evidence.single == .same || evidence.assigned == .same
    }

    private func hasSoftConflict(_ evidence: Evidence) -> Bool {
        evidence.middle == .different || evidence.sex == .different
    }
}

/// The line of the policy's table that decided.
package enum PolicyRule: String, Sendable, CaseIterable {
    case placeholderIdentity = "placeholder-identity"
    case suffixConflict = "suffix-conflict"
    case dependentConflict = "dependent-conflict"
    case identifierConflict = "identifier-conflict"
    case socialSecurityConflict = "social-security-conflict"
    case assertedDifferent = "asserted-different"
    case firstNameUnlike = "first-name-unlike"
    case birthDateFarOff = "birth-date-far-off"
    case birthDateUnsure = "birth-date-unsure"
    case birthDateNear = "birth-date-near"
    case twinRule = "twin-rule"
    case sexOrMiddleConflict = "sex-or-middle-conflict"
    case individualIdentifier = "individual-identifier"
    case sharedContact = "shared-contact"
    case postalCodeAndMiddle = "postal-code-and-middle-initial"
    case nameAndBirthDate = "name-and-birth-date"
    case combination = "deterministic-combination"
    case scoreAlone = "score-alone"
    case familyNameUnlike = "family-name-unlike"
}

/// What the policy says of some evidence.
package struct PolicyVerdict: Sendable, Hashable {
    /// The line that decided.
    package let rule: PolicyRule
    /// Whether the evidence is enough for nobody to look at it.
    package let isCertain: Bool
}
