/// What each level is worth, in thousandths of a bit: log2 of how much more often it is seen between two
/// registrations of one person than of two (Fellegi and Sunter 1969; weights of patient-matching.md 6.4).
///
/// Missing is worth nothing. Telephone, e-mail and address are one comparison with a cap: they are a family's as much
/// as a person's.
enum FellegiSunter {
    /// The evidence of a comparison, the prior included: how unlikely it is beforehand that two registrations of so
    /// many people at risk are one person's.
    static func score(_ comparison: PersonComparison, priorMillibits: Int) -> MatchScore {
        func field(_ name: String, _ level: String, _ millibits: Int) -> FieldComparison {
            FieldComparison(field: name, level: level, millibits: millibits)
        }
        let household = household(comparison)
        return MatchScore(fields: [
            field("first", comparison.first.rawValue, first(comparison.first)),
            field("family", comparison.family.rawValue, family(comparison.family)),
            field("middle", comparison.middle.rawValue, middle(comparison.middle)),
            field("suffix", comparison.suffix.rawValue, suffix(comparison.suffix)),
            field("birth-date", comparison.birthDate.rawValue, birthDate(comparison.birthDate)),
            field("sex", comparison.sex.rawValue, sex(comparison.sex)),
            field("household", comparison.household.name, household),
            field("social-security", comparison.socialSecurity.rawValue, socialSecurity(comparison.socialSecurity)),
            field("licence", comparison.single.rawValue, single(comparison.single)),
            field("identifier", comparison.assigned.rawValue, comparison.assigned == .same ? 30_000 : 0),
            field("prior", "people-at-risk", -priorMillibits),
        ])
    }

    static func first(_ level: NameLevel) -> Int {
        switch level {
        case .exact: 8_700
        case .swapped: 5_800
        case .nickname: 5_500
        case .similar: 5_400
        case .initial: 4_500
        case .partial: 4_500
        case .resembling: 3_100
        case .unlike: -4_800
        case .missing: 0
        }
    }

    static func family(_ level: NameLevel) -> Int {
        switch level {
        case .exact: 10_200
        case .similar: 7_600
        case .swapped: 6_800
        case .partial: 5_900
        case .resembling: 4_400
        case .nickname, .initial, .unlike: -3_750
        case .missing: 0
        }
    }

    static func middle(_ level: Agreement) -> Int { weigh(level, same: 3_600, different: -3_500) }
    static func suffix(_ level: Agreement) -> Int { weigh(level, same: 0, different: -4_000) }

    private static func birthDate(_ level: DateLevel) -> Int {
        switch level {
        case .exact: 14_600
        case .consistent: 5_000
        case .oneEdit: 5_200
        case .twoEdits, .sameYear: -1_400
        case .unlike: -6_300
        case .missing: 0
        }
    }

    private static func sex(_ level: Agreement) -> Int { weigh(level, same: 1_000, different: -5_500) }

    private static func socialSecurity(_ level: Agreement) -> Int {
        // Twins have consecutive numbers: a near one is worth less than learning says.
        level == .close ? 11_000 : weigh(level, same: 15_900, different: -4_800)
    }

    private static func single(_ level: Agreement) -> Int { weigh(level, same: 14_800, different: -8_000) }

    private static func household(_ comparison: PersonComparison) -> Int {
        let household = comparison.household
        let worth: Int
        switch household.items {
        case 3...: worth = 12_000
        case 2: worth = 11_000
        case 1: worth = 9_000
        default:
            worth = household.postalCode ? 3_800 : household.city ? 800 : household.isComparable ? -4_000 : 0
        }
        let isSomeoneElse =
            comparison.first == .unlike || comparison.birthDate == .unlike
            || comparison.birthDate == .sameYear
        return isSomeoneElse ? min(worth, 4_000) : worth
    }

    private static func weigh(_ level: Agreement, same: Int, different: Int) -> Int {
        switch level {
        case .same: same
        case .different: different
        case .close, .missing: 0
        }
    }
}
