/// What a registration and a person's records say about each other, field by field, before anything is weighed.
///
/// A record is compared with every record of the person: the best level of each field counts, and a conflict counts
/// only when no record agrees.
package struct Evidence: Sendable, Hashable {
    var first = NameLevel.missing
    var family = NameLevel.missing
    var middle = Agreement.missing
    var suffix = Agreement.missing
    var birthDate = DateLevel.missing
    /// Whether the years of birth lie so near that it is no parent and child.
    var isOneGeneration = false
    var sex = Agreement.missing
    var household = HouseholdLevel()
    var socialSecurity = SocialSecurityLevel.missing
    /// The dependent's number within one insurance family.
    var dependent = Agreement.missing
    /// Medicare number, driver's licence.
    var single = Agreement.missing
    /// A record number of the same authority.
    var assigned = Agreement.missing
    var hasPlaceholderName = false
    /// Two names one letter apart, or one the other's short form, that are both given to children: JEAN and JANE rather than a slip of
    /// the pen, ELIZABETH and ISABELLA. Twins may bear them.
    var isEstablishedPair = false
    /// Whether one's first name stands where the other's family name does. It is worth something for finding somebody and nothing
    /// for linking: of a household's names one that is written the wrong way round crosses every other.
    var isCrossed = false
    /// Hashes of the names that agree, for their frequency; 0 when none does.
    var firstHash: UInt32 = 0
    var familyHash: UInt32 = 0

    /// Number of things that name an individual and agree.
    var individualIdentifiers: Int {
        (socialSecurity == .same || socialSecurity == .lastFour || socialSecurity == .slip ? 1 : 0) + (single == .same ? 1 : 0)
            + (dependent == .same ? 1 : 0) + (assigned == .same ? 1 : 0)
    }
}

/// Folds the records of one person into the evidence about one registration.
struct EvidenceFold {
    let query: RecordView
    let names: NameFrequencies
    private let placeholders: LearnedPlaceholders
    /// Which of the registration's own values say something, a bit each.
    private let real: (phones: UInt32, emails: UInt32, singles: UInt32, socialSecurity: UInt32)
    private(set) var evidence = Evidence()
    private var firstWorth = Int.min
    private var familyWorth = Int.min
    private var dateWorth = Int.min
    private var hasFirst = false

    init(_ query: RecordView, names: NameFrequencies, placeholders: LearnedPlaceholders = .none) {
        self.query = query
        self.names = names
        self.placeholders = placeholders
        let (phones, emails, singles, numbers) = (query.phones, query.emails, query.singles, query.socialSecurity)
        real = (
            placeholders.real(.phone, count: phones.count) { phones[$0] },
            placeholders.real(.email, count: emails.count) { emails[$0] },
            placeholders.real(.single, count: singles.count) { singles[$0] },
            // Four digits are no key by themselves.
            placeholders.real(.socialSecurity, count: numbers.count) { UInt64(numbers[$0]) }
        )
        evidence.hasPlaceholderName = query.hasPlaceholderName
    }

    /// Adds one record of the person.
    mutating func add(_ record: RecordView) {
        addNames(record)
        addDate(record)
        evidence.sex = Self.merge(evidence.sex, Self.agree(query.sex, record.sex))
        addHousehold(record)
        addSocialSecurity(record)
        addInsurance(record)
        addSingles(record)
        if query.assigned.meets(record.assigned) { evidence.assigned = .same }
        // A person is a placeholder as long as no record names anybody.
        if !record.hasPlaceholderName { hasFirst = true }
    }

    /// The evidence of all records added.
    func finished() -> Evidence {
        var finished = evidence
        if !hasFirst { finished.hasPlaceholderName = true }
        return finished
    }

    /// Same wins over close, close over different, all over missing.
    @inline(__always) static func merge(_ left: Agreement, _ right: Agreement) -> Agreement {
        if left == .same || right == .same { return .same }
        if left == .close || right == .close { return .close }
        return left == .missing ? right : left
    }

    @inline(__always) private static func agree(_ left: Int, _ right: Int) -> Agreement {
        left == 0 || right == 0 ? .missing : left == right ? .same : .different
    }

    private mutating func addNames(_ record: RecordView) {
        var mine = query.firstName
        while let name = mine {
            var theirs = record.firstName
            while let other = theirs {
                add(name, other)
                theirs = record.name(after: other)
            }
            mine = query.name(after: name)
        }
    }

    private mutating func add(_ name: NameView, _ other: NameView) {
        evidence.suffix = Self.merge(evidence.suffix, Self.agree(name.suffix, other.suffix))
        evidence.middle = Self.merge(evidence.middle, Self.agree(name.middle, other.middle))
        var first = NameComparison.first(name, other)
        var family = NameComparison.family(name, other)
        if first == .unlike || family == .unlike, NameComparison.isSwapped(name, other) {
            first = .swapped
            family = .swapped
        } else if first == .unlike, family == .unlike, NameComparison.isHalfSwapped(name, other) {
            evidence.isCrossed = true
        }
        let worth = MatchModel.rank(first)
        if worth > firstWorth {
            firstWorth = worth
            evidence.first = first
            evidence.firstHash = first == .exact ? name.firstHash : 0
            evidence.isEstablishedPair =
                first == .similar && names.isEstablished(name.firstHash) && names.isEstablished(other.firstHash)
                || first == .nickname && Nicknames.areTwoNames(name, other)
        }
        let familyWorth = MatchModel.rank(family)
        if familyWorth > self.familyWorth {
            self.familyWorth = familyWorth
            evidence.family = family
            evidence.familyHash = family == .exact ? name.familyHash : 0
        }
    }

    private mutating func addDate(_ record: RecordView) {
        let level = DateComparison.level(query.birthDate, record.birthDate)
        let worth = MatchModel.rank(level)
        if worth > dateWorth {
            dateWorth = worth
            evidence.birthDate = level
        }
        let years = Int(query.birthDate / 10000) - Int(record.birthDate / 10000)
        if query.birthDate != 0, record.birthDate != 0, abs(years) <= 12 { evidence.isOneGeneration = true }
    }

    private mutating func addHousehold(_ record: RecordView) {
        var household = evidence.household
        if Self.meets(query.phones, real.phones, record.phones) { household.phone = true }
        if Self.meets(query.emails, real.emails, record.emails) { household.email = true }
        let sharesCode = query.postalCodes.meets(record.postalCodes)
        let sharesCity = query.cities.meets(record.cities)
        if sharesCode { household.postalCode = true }
        if sharesCity { household.city = true }
        if sharesCode || sharesCity || query.postalCodes.isEmpty || record.postalCodes.isEmpty,
            query.streets.meets(record.streets)
        {
            household.address = true
        }
        if areComparable(query.phones, real.phones, record.phones, .phone)
            || areComparable(query.emails, real.emails, record.emails, .email)
            || (!query.postalCodes.isEmpty && !record.postalCodes.isEmpty)
            || (!query.cities.isEmpty && !record.cities.isEmpty)
            || (!query.streets.isEmpty && !record.streets.isEmpty)
        {
            household.isComparable = true
        }
        evidence.household = household
    }

    /// Whether a value that says something is in both.
    @inline(__always) private static func meets(_ mine: WordList, _ real: UInt32, _ theirs: WordList) -> Bool {
        for i in 0..<mine.count where real >> UInt32(i) & 1 == 1 {
            for j in 0..<theirs.count where mine[i] == theirs[j] { return true }
        }
        return false
    }

    /// Whether both have a value that says something.
    @inline(__always) private func areComparable(
        _ mine: WordList, _ real: UInt32, _ theirs: WordList, _ kind: BlockingKey.ValueKind,
    ) -> Bool {
        guard !placeholders.isEmpty else { return !mine.isEmpty && !theirs.isEmpty }
        guard (0..<mine.count).contains(where: { real >> UInt32($0) & 1 == 1 }) else { return false }
        return (0..<theirs.count).contains { !placeholders.holds(kind, theirs[$0]) }
    }

    private mutating func addSocialSecurity(_ record: RecordView) {
        let mine = query.socialSecurity
        let theirs = record.socialSecurity
        for i in 0..<mine.count where real.socialSecurity >> UInt32(i) & 1 == 1 {
            for j in 0..<theirs.count where !placeholders.holds(.socialSecurity, UInt64(theirs[j])) {
                let level = DateComparison.socialSecurity(mine[i], theirs[j])
                if MatchModel.rank(level) > MatchModel.rank(evidence.socialSecurity) { evidence.socialSecurity = level }
            }
        }
    }

    private mutating func addInsurance(_ record: RecordView) {
        for i in 0..<query.insurance.count {
            for j in 0..<record.insurance.count where query.insurance[i] | 0xFF == record.insurance[j] | 0xFF {
                evidence.household.insurance = true
                evidence.household.isComparable = true
                let (mine, theirs) = (query.insurance[i] & 0xFF, record.insurance[j] & 0xFF)
                guard mine != 0xFF, theirs != 0xFF else { continue }
                evidence.dependent = Self.merge(evidence.dependent, mine == theirs ? .same : .different)
            }
        }
    }

    private mutating func addSingles(_ record: RecordView) {
        for i in 0..<query.singles.count where real.singles >> UInt32(i) & 1 == 1 {
            for j in 0..<record.singles.count where query.singles[i] >> 48 == record.singles[j] >> 48 {
                if placeholders.holds(.single, record.singles[j]) { continue }
                evidence.single = Self.merge(
                    evidence.single, query.singles[i] == record.singles[j] ? .same : .different)
            }
        }
    }
}
