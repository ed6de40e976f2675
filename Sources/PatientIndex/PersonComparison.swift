import ExchangeCore

/// Two registrations side by side: the level each field reaches, before anything is weighed.
struct PersonComparison: Sendable {
    let first: NameLevel
    let family: NameLevel
    let middle: Agreement
    let suffix: Agreement
    let birthDate: DateLevel
    let sex: Agreement
    let household: HouseholdLevel
    let socialSecurity: Agreement
    /// Medicare number, driver's licence.
    let single: Agreement
    let assigned: Agreement
    let hasPlaceholderName: Bool
    /// Different kinds of identifier that agree.
    let sharedIdentifiers: Int

    init(_ left: NormalizedPerson, _ right: NormalizedPerson) {
        var best: (NameLevel, NameLevel, Agreement, Agreement)?
        var bestWorth = Int.min
        for a in left.names {
            for b in right.names {
                let levels = Self.names(a, b)
                let worth =
                    FellegiSunter.first(levels.0) + FellegiSunter.family(levels.1)
                    + FellegiSunter.middle(levels.2) + FellegiSunter.suffix(levels.3)
                if worth > bestWorth { (best, bestWorth) = (levels, worth) }
            }
        }
        (first, family, middle, suffix) = best ?? (.missing, .missing, .missing, .missing)
        birthDate = Self.dates(left.birthDate, right.birthDate)
        sex = Self.agreement(left.sex, right.sex)
        household = Self.household(left, right)
        socialSecurity = Self.numbers(left.identifiers.socialSecurity, right.identifiers.socialSecurity)
        single = Self.single(left.identifiers.single, right.identifiers.single)
        let shared = left.identifiers.assigned.intersection(right.identifiers.assigned)
        assigned = shared.isEmpty ? .missing : .same
        hasPlaceholderName = left.hasPlaceholderName || right.hasPlaceholderName
        sharedIdentifiers = (socialSecurity == .same ? 1 : 0) + (single == .same ? 1 : 0) + shared.count
    }

    private static func agreement<Value: Equatable>(_ left: Value?, _ right: Value?) -> Agreement {
        guard let left, let right else { return .missing }
        return left == right ? .same : .different
    }

    private static func names(_ a: NormalizedName, _ b: NormalizedName) -> (NameLevel, NameLevel, Agreement, Agreement)
    {
        let suffix = agreement(a.suffix, b.suffix)
        let middle = agreement(a.middleInitial, b.middleInitial)
        let first = first(a, b)
        let family = family(a, b)
        if first == .unlike || family == .unlike, !a.first.isEmpty, !b.first.isEmpty,
            StringDistance.jaroWinkler(a.first, b.family) >= 920, StringDistance.jaroWinkler(a.family, b.first) >= 920
        {
            return (.swapped, .swapped, middle, suffix)
        }
        return (first, family, middle, suffix)
    }

    private static func first(_ a: NormalizedName, _ b: NormalizedName) -> NameLevel {
        guard !a.first.isEmpty, !b.first.isEmpty else { return .missing }
        if a.first == b.first { return .exact }
        let classes = Set(Nicknames.classes(a.first))
        if !classes.isDisjoint(with: Nicknames.classes(b.first)) { return .nickname }
        if a.first.count == 1 || b.first.count == 1 { return a.first.first == b.first.first ? .initial : .unlike }
        let likeness = StringDistance.jaroWinkler(a.first, b.first)
        // A slip of the pen is one edit; more are another name, a twin's perhaps (JESSICA and JESSENIA).
        if likeness >= 920, StringDistance.edits(a.first, b.first, limit: 1) <= 1 { return .similar }
        // MARY ANN and MARY, or the middle name in first place.
        if a.givenTokens.first == b.givenTokens.first { return .partial }
        if b.givenTokens.contains(a.first) || a.givenTokens.contains(b.first) { return .partial }
        return likeness >= 850 ? .resembling : .unlike
    }

    private static func family(_ a: NormalizedName, _ b: NormalizedName) -> NameLevel {
        guard !a.family.isEmpty, !b.family.isEmpty else { return .missing }
        if a.family == b.family { return .exact }
        let likeness = StringDistance.jaroWinkler(a.family, b.family)
        if likeness >= 920 { return .similar }
        if a.familyTokens.contains(where: { $0.count > 2 && b.familyTokens.contains($0) }) { return .partial }
        return likeness >= 850 ? .resembling : .unlike
    }

    private static func dates(_ left: [UInt8]?, _ right: [UInt8]?) -> DateLevel {
        guard let left, let right else { return .missing }
        if left.count != right.count || left.count < 8 {
            let known = min(left.count, right.count)
            return left.prefix(known).elementsEqual(right.prefix(known)) ? .consistent : .unlike
        }
        if left == right { return .exact }
        let isSwapped = left[0..<4] == right[0..<4] && left[4..<6] == right[6..<8] && left[6..<8] == right[4..<6]
        switch StringDistance.edits(left, right, limit: 2) {
        case 0, 1: return .oneEdit
        case 2: return isSwapped ? .oneEdit : .twoEdits
        default:
            if isSwapped { return .oneEdit }
            return left[0..<4] == right[0..<4] ? .sameYear : .unlike
        }
    }

    private static func household(_ left: NormalizedPerson, _ right: NormalizedPerson) -> HouseholdLevel {
        func share(_ part: (NormalizedAddress) -> String?) -> Bool {
            let known = Set(left.addresses.compactMap(part))
            return right.addresses.contains { part($0).map(known.contains) ?? false }
        }
        let sharesPlace = share(\.postalCode) || share(\.city)
        return HouseholdLevel(
            phone: !left.phones.isDisjoint(with: right.phones), email: !left.emails.isDisjoint(with: right.emails),
            address: sharesPlace && share(\.street), postalCode: share(\.postalCode), city: share(\.city),
            isComparable: (!left.phones.isEmpty && !right.phones.isEmpty)
                || (!left.addresses.isEmpty && !right.addresses.isEmpty)
                || (!left.emails.isEmpty && !right.emails.isEmpty))
    }

    private static func numbers(_ left: Set<[UInt8]>, _ right: Set<[UInt8]>) -> Agreement {
        guard !left.isEmpty, !right.isEmpty else { return .missing }
        if !left.isDisjoint(with: right) { return .same }
        let isClose = left.contains { a in right.contains { StringDistance.edits(a, $0, limit: 1) <= 1 } }
        return isClose ? .close : .different
    }

    private static func single(_ left: [String: Set<String>], _ right: [String: Set<String>]) -> Agreement {
        var result = Agreement.missing
        for (system, values) in left {
            guard let others = right[system] else { continue }
            if values.isDisjoint(with: others) { return .different }
            result = .same
        }
        return result
    }
}
