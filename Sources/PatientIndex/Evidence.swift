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
    /// Two names one letter apart that are both names in use: JEAN and JANE rather than a slip of the pen.
    var isEstablishedPair = false
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
    private(set) var evidence = Evidence()
    private var firstWorth = Int.min
    private var familyWorth = Int.min
    private var dateWorth = Int.min
    private var hasFirst = false

    init(_ query: RecordView, names: NameFrequencies) {
        self.query = query
        self.names = names
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
        }
        let worth = MatchModel.rank(first)
        if worth > firstWorth {
            firstWorth = worth
            evidence.first = first
            evidence.firstHash = first == .exact ? name.firstHash : 0
            evidence.isEstablishedPair =
                first == .similar && names.isEstablished(name.firstHash) && names.isEstablished(other.firstHash)
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
        if query.phones.meets(record.phones) { household.phone = true }
        if query.emails.meets(record.emails) { household.email = true }
        let sharesCode = query.postalCodes.meets(record.postalCodes)
        let sharesCity = query.cities.meets(record.cities)
        if sharesCode { household.postalCode = true }
        if sharesCity { household.city = true }
        if sharesCode || sharesCity || query.postalCodes.isEmpty || record.postalCodes.isEmpty,
            query.streets.meets(record.streets)
        {
            household.address = true
        }
        if (!query.phones.isEmpty && !record.phones.isEmpty) || (!query.emails.isEmpty && !record.emails.isEmpty)
            || (!query.postalCodes.isEmpty && !record.postalCodes.isEmpty)
            || (!query.cities.isEmpty && !record.cities.isEmpty)
            || (!query.streets.isEmpty && !record.streets.isEmpty)
        {
            household.isComparable = true
        }
        evidence.household = household
    }

    private mutating func addSocialSecurity(_ record: RecordView) {
        let mine = query.socialSecurity
        let theirs = record.socialSecurity
        for i in 0..<mine.count {
            for j in 0..<theirs.count {
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
        for i in 0..<query.singles.count {
            for j in 0..<record.singles.count where query.singles[i] >> 48 == record.singles[j] >> 48 {
                evidence.single = Self.merge(
                    evidence.single, query.singles[i] == record.singles[j] ? .same : .different)
            }
        }
    }
}
