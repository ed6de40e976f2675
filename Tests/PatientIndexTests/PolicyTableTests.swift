import ExchangeCore
import Testing

@testable import PatientIndex

/// Every combination of levels against the lines of the table.
struct PolicyTableTests {
    private static let households: [HouseholdLevel] = [
        HouseholdLevel(), HouseholdLevel(city: true, isComparable: true),
        HouseholdLevel(postalCode: true, city: true, isComparable: true),
        HouseholdLevel(phone: true, isComparable: true),
        HouseholdLevel(phone: true, address: true, postalCode: true, isComparable: true),
    ]

    /// Calls with every combination of the levels that the policy reads.
    private static func every(_ body: (Evidence) -> Void) {
        for first in NameLevel.allCases {
            for family in [NameLevel.exact, .similar, .partial, .unlike, .missing] {
                for date in DateLevel.allCases {
                    for number in SocialSecurityLevel.allCases {
                        for (single, dependent) in [
                            (Agreement.missing, Agreement.missing), (.same, .missing), (.different, .missing),
                            (.missing, .same), (.missing, .different),
                        ] {
                            for household in households {
                                for (middle, sex) in [
                                    (Agreement.missing, Agreement.same), (.same, .same), (.different, .same),
                                    (.missing, .different),
                                ] {
                                    var evidence = Evidence()
                                    evidence.first = first
                                    evidence.family = family
                                    evidence.birthDate = date
                                    evidence.socialSecurity = number
                                    evidence.single = single
                                    evidence.dependent = dependent
                                    evidence.household = household
                                    evidence.middle = middle
                                    evidence.sex = sex
                                    body(evidence)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private static let policies = [MatchPolicy.strict, .remote, .balanced]

    @Test(arguments: policies) func `what the table forbids is never certain`(policy: MatchPolicy) {
        var broken: [String] = []
        Self.every { evidence in
            let isCertain = policy.verdict(evidence, namesakes: 0).isCertain
            guard isCertain else { return }
            func never(_ name: String, _ isSo: Bool) { if isSo, broken.count < 20 { broken.append("\(name): \(evidence)") } }
            never("identifier conflict", evidence.single == .different)
            let household = evidence.household
            let isNamedThroughout =
                evidence.first == .exact && evidence.family == .exact && evidence.birthDate == .exact
                && evidence.middle != .different && evidence.sex != .different
                && (household.phone || household.email || household.address)
            never("dependent conflict", evidence.dependent == .different && !(policy == .balanced && isNamedThroughout))
            never(
                "social security conflict",
                evidence.socialSecurity == .different && evidence.single != .same
                    && !(policy == .balanced && isNamedThroughout))
            never(
                "birth date far off",
                [.unlike, .sameYear].contains(evidence.birthDate)
                    && !(evidence.socialSecurity == .same && evidence.single == .same))
            never(
                "first name unlike without a number",
                evidence.first == .unlike && evidence.individualIdentifiers == 0)
            never(
                "twin rule",
                evidence.birthDate == .exact && evidence.first == .resembling && evidence.household.items > 0
                    && evidence.individualIdentifiers == 0)
            never(
                "a twin's number",
                evidence.birthDate == .exact && evidence.first != .exact && evidence.first != .missing
                    && [.close, .lastFourClose].contains(evidence.socialSecurity) && evidence.individualIdentifiers == 0)
            never(
                "a short form with another middle name or sex",
                evidence.birthDate == .exact && evidence.first == .nickname
                    && (evidence.middle == .different || evidence.sex == .different) && evidence.individualIdentifiers == 0)
            never(
                "a twin's name with both numbers known",
                evidence.birthDate == .exact && evidence.first == .similar && evidence.socialSecurity == .close
                    && evidence.individualIdentifiers == 0)
        }
        #expect(broken.isEmpty, "\(broken.prefix(3))")
    }

    @Test func `name and birth date, with whatever place, are never certain for whoever asks`() {
        var broken = 0
        Self.every { evidence in
            guard evidence.individualIdentifiers == 0, evidence.household.items == 0 else { return }
            guard !(evidence.household.postalCode && evidence.middle == .same) else { return }
            if MatchPolicy.remote.verdict(evidence, namesakes: 0).isCertain { broken += 1 }
        }
        #expect(broken == 0)
    }

    @Test(arguments: policies) func `each veto stands alone`(policy: MatchPolicy) {
        var good = Evidence()
        good.first = .exact
        good.family = .exact
        good.birthDate = .exact
        good.sex = .same
        good.household.postalCode = true
        good.middle = .same
        #expect(policy.verdict(good, namesakes: .max).isCertain)
        let vetoes: [(PolicyRule, (inout Evidence) -> Void)] = [
            (.placeholderIdentity, { $0.hasPlaceholderName = true }), (.suffixConflict, { $0.suffix = .different }),
            (.dependentConflict, { $0.dependent = .different }), (.identifierConflict, { $0.single = .different }),
            (.socialSecurityConflict, { $0.socialSecurity = .different }),
        ]
        for (rule, plant) in vetoes {
            var evidence = good
            plant(&evidence)
            #expect(policy.verdict(evidence, namesakes: .max) == PolicyVerdict(rule: rule, isCertain: false))
        }
        var twin = good
        twin.first = .resembling
        twin.household.phone = true
        #expect(policy.verdict(twin, namesakes: .max) == PolicyVerdict(rule: .twinRule, isCertain: false))
        twin.first = .similar
        twin.isEstablishedPair = true
        #expect(policy.verdict(twin, namesakes: .max) == PolicyVerdict(rule: .twinRule, isCertain: false))
    }

    @Test func `a slip in a number is forgiven where all else names one person, and only in one organisation`() {
        var slip = Evidence()
        slip.first = .exact
        slip.family = .exact
        slip.birthDate = .exact
        slip.household.phone = true
        slip.socialSecurity = .different
        slip.dependent = .different
        #expect(MatchPolicy.balanced.verdict(slip, namesakes: .max).isCertain)
        for policy in [MatchPolicy.strict, .remote] {
            #expect(policy.verdict(slip, namesakes: 0) == PolicyVerdict(rule: .dependentConflict, isCertain: false))
            var number = slip
            number.dependent = .missing
            #expect(policy.verdict(number, namesakes: 0) == PolicyVerdict(rule: .socialSecurityConflict, isCertain: false))
        }
        let doubts: [(inout Evidence) -> Void] = [
            { $0.first = .nickname }, { $0.family = .similar }, { $0.birthDate = .oneEdit }, { $0.middle = .different },
            { $0.sex = .different }, { $0.household.phone = false }, { $0.hasPlaceholderName = true },
        ]
        for plant in doubts {
            var other = slip
            plant(&other)
            #expect(!MatchPolicy.balanced.verdict(other, namesakes: 0).isCertain, "\(other)")
        }
    }

    @Test(arguments: policies) func `a veto outweighs everything else that agrees`(policy: MatchPolicy) {
        var all = Evidence()
        all.first = .exact
        all.family = .exact
        all.birthDate = .exact
        all.middle = .same
        all.sex = .same
        all.suffix = .same
        all.household = HouseholdLevel(
            phone: true, email: true, address: true, insurance: true, postalCode: true, city: true, isComparable: true)
        all.socialSecurity = .same
        all.dependent = .same
        all.assigned = .same
        #expect(policy.verdict(all, namesakes: 0).isCertain)
        let vetoes: [(isForgiven: Bool, plant: (inout Evidence) -> Void)] = [
            (false, { $0.hasPlaceholderName = true }), (false, { $0.suffix = .different }), (false, { $0.single = .different }),
            (policy.forgivesNumbers, { $0.dependent = .different }), (policy.forgivesNumbers, { $0.socialSecurity = .different }),
        ]
        for (isForgiven, plant) in vetoes {
            var evidence = all
            plant(&evidence)
            #expect(policy.verdict(evidence, namesakes: 0).isCertain == isForgiven)
        }
        // Somebody may carry a relative's number: another number of the person's own outweighs it, and nothing else.
        var carried = all
        carried.socialSecurity = .different
        carried.single = .same
        #expect(policy.verdict(carried, namesakes: 0).isCertain)
    }

    @Test func `the score alone decides only where a file says so`() throws {
        let policy = try MatchPolicy(file: Array(#"{"evidence": "score-alone"}"#.utf8))
        #expect(policy.name == "custom")
        Self.every { #expect(policy.verdict($0, namesakes: .max) == PolicyVerdict(rule: .scoreAlone, isCertain: true)) }
        #expect(Self.policies.allSatisfy { $0.demandsEvidence })
    }

    @Test func `rarity counts only where the profile says so`() {
        var evidence = Evidence()
        evidence.first = .exact
        evidence.family = .exact
        evidence.birthDate = .exact
        evidence.household.postalCode = true
        #expect(!MatchPolicy.remote.verdict(evidence, namesakes: 1).isCertain)
        #expect(MatchPolicy.balanced.verdict(evidence, namesakes: 1).isCertain)
        #expect(!MatchPolicy.balanced.verdict(evidence, namesakes: 1_000_000).isCertain)
    }

    @Test func `bits keep their fractions`() {
        #expect(Millibits.log2(5_000_000) == 22_253)
        #expect(Millibits.log2(3) == 1_584)
        #expect(Millibits.log2(1 << 40) == 40_000)
        #expect(Millibits.log2(0) == 0)
    }
}
