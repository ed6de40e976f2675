/// The deterministic rules of the CMS Health Tech Ecosystem's Patient Matching Proposal (3.4, a draft), as far as the
/// fields of a registration go: a combination of agreeing fields may match when chance alone would seldom bring it
/// about (product of shares at most 2e-12).
enum DeterministicRules {
    /// -log10 of the share of each field, in tenths; the proposal's table.
    private enum Weight {
        static let first = 17
        static let firstFuzzy = 15
        static let last = 23
        static let lastFuzzy = 20
        static let street = 45
        static let streetAlone = 42
        static let birthDate = 40
        static let birthDateFuzzy = 35
        static let postalCode = 35
        static let unique = 60
        static let four = 40
        /// -log10 of 2e-12.
        static let enough = 117
    }

    static func verdict(_ evidence: Evidence) -> PolicyVerdict {
        let no = PolicyVerdict(rule: .combination, isCertain: false)
        guard !evidence.hasPlaceholderName else { return PolicyVerdict(rule: .placeholderIdentity, isCertain: false) }
        guard evidence.suffix != .different else { return PolicyVerdict(rule: .suffixConflict, isCertain: false) }
        guard evidence.dependent != .different else {
            return PolicyVerdict(rule: .dependentConflict, isCertain: false)
        }
        guard evidence.single != .different else { return PolicyVerdict(rule: .identifierConflict, isCertain: false) }
        var fuzzy = 0
        let first = first(evidence, &fuzzy)
        let last = last(evidence, &fuzzy)
        let date = date(evidence, &fuzzy)
        guard fuzzy <= 1 else { return no }
        // The individual has to be named: a first name, or a number that is nobody else's.
        guard first > 0 || evidence.single == .same else { return no }
        var individual = first + last + date
        if evidence.single == .same { individual += Weight.unique }
        if evidence.dependent == .same { individual += Weight.unique }
        switch evidence.socialSecurity {
        case .same: individual += Weight.unique
        case .lastFour: individual += Weight.four
        case .slip, .close, .lastFourClose, .different, .missing: break
        }
        // Of a household one item counts: they come together.
        let household = evidence.household
        if household.phone || household.email {
            individual += Weight.unique
        } else if household.address {
            individual += Weight.street
        } else if household.postalCode {
            individual += Weight.postalCode
        }
        // Twins share everything but their first name: a fuzzy one needs a number of their own.
        if first == Weight.firstFuzzy, date == Weight.birthDate, household.items > 0,
            evidence.individualIdentifiers == 0
        {
            return PolicyVerdict(rule: .twinRule, isCertain: false)
        }
        let isNamed = first > 0 && (last > 0 || date > 0) || evidence.single == .same
        return PolicyVerdict(rule: .combination, isCertain: isNamed && individual >= Weight.enough)
    }

    private static func first(_ evidence: Evidence, _ fuzzy: inout Int) -> Int {
        switch evidence.first {
        case .exact, .nickname: return Weight.first
        case .similar:
            fuzzy += 1
            return Weight.firstFuzzy
        default: return 0
        }
    }

    private static func last(_ evidence: Evidence, _ fuzzy: inout Int) -> Int {
        switch evidence.family {
        case .exact: return Weight.last
        case .similar:
            fuzzy += 1
            return Weight.lastFuzzy
        default: return 0
        }
    }

    private static func date(_ evidence: Evidence, _ fuzzy: inout Int) -> Int {
        switch evidence.birthDate {
        case .exact: return Weight.birthDate
        case .oneEdit:
            fuzzy += 1
            return Weight.birthDateFuzzy
        default: return 0
        }
    }
}
