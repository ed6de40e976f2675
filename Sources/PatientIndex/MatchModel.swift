/// What each level is worth, in thousandths of a bit: log2 of how much more often it is seen between two
/// registrations of one person than of two (Fellegi and Sunter 1969; weights of patient-matching.md 6.4).
///
/// Missing is worth nothing. Telephone, e-mail, address and insurance are one comparison with a cap: they are a
/// family's as much as a person's, and stay constants, for learning sees a wrong mixture of them.
package struct MatchModel: Sendable, Hashable {
    /// What tells this model from another; every link says which one judged it.
    package var id: String
    var first: [NameLevel: Int]
    var family: [NameLevel: Int]
    var birthDate: [DateLevel: Int]
    var socialSecurity: [SocialSecurityLevel: Int]
    var middle = AgreementWeights(same: 3_600, different: -3_500)
    var suffix = AgreementWeights(same: 1_000, different: -4_000)
    var sex = AgreementWeights(same: 1_000, different: -5_500)
    var dependent = AgreementWeights(same: 2_100, different: -5_700)
    var single = AgreementWeights(same: 14_800, different: -8_000)
    var assigned = AgreementWeights(same: 30_000, different: 0)

    /// What agreeing and differing in one field are worth.
    package struct AgreementWeights: Sendable, Hashable {
        var same: Int
        var different: Int

        func weigh(_ level: Agreement) -> Int {
            switch level {
            case .same: same
            case .different: different
            case .close, .missing: 0
            }
        }
    }

    /// The model a node starts with.
    package static let initial = MatchModel(
        id: "initial-1",
        first: [
            .exact: 8_700, .swapped: 5_800, .nickname: 5_500, .similar: 5_400, .initial: 4_500, .compound: 4_500, .reordered: 5_500, .alias: 1_000,
            .partial: 4_500,
            .resembling: 3_100, .unlike: -4_800, .missing: 0,
        ],
        family: [
            .exact: 10_200, .similar: 7_600, .swapped: 6_800, .partial: 5_900, .resembling: 4_400, .unlike: -3_750,
            .nickname: 0, .initial: 0, .compound: 0, .reordered: 0, .alias: 0,
            .missing: 0,
        ],
        birthDate: [
            .exact: 14_600, .oneEdit: 5_200, .consistent: 5_000, .twoEdits: -1_400, .sameYear: -1_400,
            .unlike: -6_300, .missing: 0,
        ],
        // Twins have consecutive numbers: a near one is worth less than learning says.
        socialSecurity: [.same: 15_900, .lastFour: 12_800, .slip: 12_500, .close: 11_000, .lastFourClose: 2_000,
            .different: -4_800, .missing: 0])

    /// How sure an exact first name is to be exact again, in millionths, and what rarity may be worth at most.
    private static let exactShare: UInt64 = 850_000
    private static let firstCap = 12_500
    private static let familyCap = 13_500

    /// What a first name in the other's family name's place is worth.
    private static let crossed = 4_500

    func first(_ evidence: Evidence, _ names: NameFrequencies) -> Int { min(uncappedFirst(evidence, names), Self.firstCap) }

    private func uncappedFirst(_ evidence: Evidence, _ names: NameFrequencies) -> Int {
        if Self.isCrossed(evidence) { return Self.crossed }
        guard evidence.first == .exact, evidence.firstHash != 0 else { return first[evidence.first] ?? 0 }
        return Millibits.log2(Self.exactShare * 1000, over: names.share(first: evidence.firstHash))
    }

    private static func isCrossed(_ evidence: Evidence) -> Bool { evidence.first == .unlike && evidence.isCrossed }

    func family(_ evidence: Evidence, _ names: NameFrequencies) -> Int { min(uncappedFamily(evidence, names), Self.familyCap) }

    private func uncappedFamily(_ evidence: Evidence, _ names: NameFrequencies) -> Int {
        guard evidence.family == .exact, evidence.familyHash != 0 else { return family[evidence.family] ?? 0 }
        return Millibits.log2(Self.exactShare * 1000, over: names.share(family: evidence.familyHash))
    }

    func birthDate(_ evidence: Evidence) -> Int { birthDate[evidence.birthDate] ?? 0 }

    func socialSecurity(_ evidence: Evidence) -> Int { socialSecurity[evidence.socialSecurity] ?? 0 }

    func household(_ evidence: Evidence) -> Int {
        let worth = uncappedHousehold(evidence.household)
        let isSomeoneElse =
            evidence.first == .unlike && !evidence.isCrossed || evidence.birthDate == .unlike || evidence.birthDate == .sameYear
        return isSomeoneElse ? min(worth, 4_000) : worth
    }

    private func uncappedHousehold(_ household: HouseholdLevel) -> Int {
        switch household.items {
        case 3...: 12_000
        case 2: 11_000
        case 1: 9_000
        default: household.postalCode ? 3_800 : household.city ? 800 : household.isComparable ? -4_000 : 0
        }
    }

    /// The sum of all fields and the prior: how unlikely it is beforehand that two registrations of so many people at
    /// risk are one person's.
    func total(_ evidence: Evidence, _ names: NameFrequencies, prior: Int) -> Int {
        first(evidence, names) + family(evidence, names) + middle.weigh(evidence.middle)
            + suffix.weigh(evidence.suffix) + birthDate(evidence) + sex.weigh(evidence.sex) + household(evidence)
            + socialSecurity(evidence) + dependent.weigh(evidence.dependent) + single.weigh(evidence.single)
            + assigned.weigh(evidence.assigned) - prior
    }

    /// The same sum, field by field.
    func explain(_ evidence: Evidence, _ names: NameFrequencies, prior: Int) -> MatchScore {
        func field(_ name: String, _ level: String, _ millibits: Int, uncapped: Int? = nil) -> FieldComparison {
            FieldComparison(field: name, level: level, millibits: millibits, uncapped: uncapped)
        }
        return MatchScore(fields: [
            field(
                "first", Self.isCrossed(evidence) ? "crossed" : evidence.first.rawValue, first(evidence, names),
                uncapped: uncappedFirst(evidence, names)),
            field("family", evidence.family.rawValue, family(evidence, names), uncapped: uncappedFamily(evidence, names)),
            field("middle", evidence.middle.rawValue, middle.weigh(evidence.middle)),
            field("suffix", evidence.suffix.rawValue, suffix.weigh(evidence.suffix)),
            field("birth-date", evidence.birthDate.rawValue, birthDate(evidence)),
            field("sex", evidence.sex.rawValue, sex.weigh(evidence.sex)),
            field(
                "household", evidence.household.name, household(evidence), uncapped: uncappedHousehold(evidence.household)),
            field("social-security", evidence.socialSecurity.rawValue, socialSecurity(evidence)),
            field("dependent", evidence.dependent.rawValue, dependent.weigh(evidence.dependent)),
            field("licence", evidence.single.rawValue, single.weigh(evidence.single)),
            field("identifier", evidence.assigned.rawValue, assigned.weigh(evidence.assigned)),
            field("prior", "people-at-risk", -prior),
        ])
    }

    /// Which of two levels is the better one, whatever a model has learnt.
    @inline(__always) static func rank(_ level: NameLevel) -> Int {
        switch level {
        case .exact: 10
        case .nickname: 9
        case .reordered: 8
        case .similar: 7
        case .swapped: 6
        case .compound: 5
        case .initial: 4
        case .alias: 3
        case .partial: 3
        case .resembling: 2
        case .unlike: 1
        case .missing: 0
        }
    }

    @inline(__always) static func rank(_ level: DateLevel) -> Int {
        switch level {
        case .exact: 6
        case .oneEdit: 5
        case .consistent: 4
        case .twoEdits: 3
        case .sameYear: 2
        case .unlike: 1
        case .missing: 0
        }
    }

    @inline(__always) static func rank(_ level: SocialSecurityLevel) -> Int {
        switch level {
        case .same: 6
        case .lastFour: 5
        case .slip: 4
        case .close: 3
        case .lastFourClose: 2
        case .different: 1
        case .missing: 0
        }
    }
}
