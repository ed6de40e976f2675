/// A made-up population: families, twins, fathers and sons of one name, namesakes, moves and marriages.
///
/// Deterministic by seed. Only as skewed as people are, not fitted to any; no name, address or number is anybody's.
struct Population {
    /// Where somebody lives and can be reached, from a day on.
    struct Home {
        let number: Int
        let street: Int
        let kind: Int
        let unit: Int
        let city: Int
        let code: Int
        let phone: Int
    }

    /// One person.
    struct Person {
        var group: PopulationNames.Group
        var family: String
        var maiden: String?
        var first: String
        var middle: String
        var suffix = ""
        var isFemale: Bool
        var born: (year: Int, month: Int, day: Int)
        var number: Int
        var household: Int
        var dependent: Int
        var homes: [Home]
        var phone: Int
        var email: String?
        var licence: Int
        var medicare: Int
        var isNewborn: Bool { born.year >= 2012 }
    }

    private(set) var persons: [Person] = []
    /// Persons asked about but never registered.
    private(set) var strangers: Set<Int> = []
    /// Each household's persons, for borrowed telephones and numbers.
    private(set) var households: [[Int]] = []
    private var chance: Chance
    private let cities: Int

    /// Draws so many persons, and some more who are only asked about.
    init(persons count: Int, seed: UInt64) {
        chance = Chance(seed: seed)
        cities = max(20, min(240, count / 20))
        while persons.count < count { addHousehold() }
        addNamesakes(count / 1250)
        for index in persons.indices where one(in: 34) { strangers.insert(index) }
    }

    private mutating func one(in many: Int) -> Bool { Int.random(in: 0..<many, using: &chance) == 0 }
    private mutating func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &chance)] }

    /// The first of a list more often than the last (Zipf, roughly).
    private mutating func pickSkewed<T>(_ list: [T]) -> T {
        let x = Double.random(in: 0..<1, using: &chance)
        return list[min(list.count - 1, Int(x * x * Double(list.count)))]
    }

    private mutating func group() -> PopulationNames.Group {
        var left = Int.random(in: 0..<1000, using: &chance)
        for group in PopulationNames.Group.allCases {
            left -= group.share
            if left < 0 { return group }
        }
        return .general
    }

    private mutating func family(_ group: PopulationNames.Group) -> String {
        let isPlain = group == .general && !one(in: 3) || group == .black && one(in: 2)
        if isPlain {
            var name = pick(PopulationNames.onsets) + pick(PopulationNames.vowels) + pick(PopulationNames.codas)
            if one(in: 2) { name += pick(PopulationNames.vowels) + pick(PopulationNames.codas) }
            return name + pick(PopulationNames.endings)
        }
        let name = pickSkewed(PopulationNames.families(group))
        guard group == .hispanic, one(in: 2) else { return name }
        return name + (one(in: 2) ? "-" : " ") + pickSkewed(PopulationNames.families(group))
    }

    private mutating func home() -> Home {
        let city = Int.random(in: 0..<cities, using: &chance)
        return Home(
            number: Int.random(in: 1...3999, using: &chance),
            street: Int.random(in: 0..<PopulationNames.streets.count, using: &chance),
            kind: Int.random(in: 0..<PopulationNames.kinds.count, using: &chance),
            unit: one(in: 5) ? Int.random(in: 1...60, using: &chance) : 0, city: city,
            code: 40000 + city * 4 + Int.random(in: 0..<4, using: &chance),
            phone: Int.random(in: 2_000_000...9_999_999, using: &chance))
    }

    private mutating func homes(_ first: Home) -> [Home] {
        var homes = [first]
        while homes.count < 4, one(in: 3) { homes.append(home()) }
        return homes
    }

    private mutating func person(
        _ group: PopulationNames.Group, family: String, year: Int, isFemale: Bool, home first: Home, household: Int,
        dependent: Int,
    ) -> Person {
        let names = PopulationNames.given(group, isFemale: isFemale)
        let middles = PopulationNames.given(.general, isFemale: isFemale)
        var person = Person(
            group: group, family: family, first: pickSkewed(names), middle: one(in: 6) ? "" : pickSkewed(middles),
            isFemale: isFemale,
            born: (year, Int.random(in: 1...12, using: &chance), Int.random(in: 1...28, using: &chance)),
            number: Int.random(in: 101_010_001...665_999_999, using: &chance), household: household,
            dependent: dependent, homes: homes(first), phone: Int.random(in: 2_000_000...9_999_999, using: &chance),
            licence: Int.random(in: 10_000_000...99_999_999, using: &chance),
            medicare: Int.random(in: 1_000_000...9_999_999, using: &chance))
        if one(in: 60) { person.born = (year, 1, 1) }
        if !one(in: 3) {
            let local = "\(person.first).\(family)".lowercased().filter { $0.isLetter || $0 == "." }
            person.email = local + "\(Int.random(in: 1...99_999, using: &chance))@mail.example"
        }
        return person
    }

    private mutating func addHousehold() {
        let group = group()
        let family = family(group)
        let year = Int.random(in: 1935...1992, using: &chance)
        let house = home()
        let household = households.count
        var members: [Int] = []
        func note(_ list: inout [Int], _ index: Int) { list.append(index) }
        var father = person(
            group, family: family, year: year, isFemale: false, home: house, household: household, dependent: 1)
        persons.append(father)
        note(&members, persons.count - 1)
        if !one(in: 3) {
            var mother = person(
                group, family: family, year: year + Int.random(in: -5...5, using: &chance), isFemale: true, home: house,
                household: household, dependent: 2)
            if one(in: 2) { mother.maiden = self.family(group) }
            persons.append(mother)
            note(&members, persons.count - 1)
            let children = Int.random(in: 0...4, using: &chance)
            var isJunior = false
            for child in 0..<children {
                let birth = min(2024, mother.born.year + 19 + child * 2 + Int.random(in: 0...4, using: &chance))
                var one = person(
                    group, family: family, year: birth, isFemale: self.one(in: 2), home: house, household: household,
                    dependent: 3 + child)
                let names = PopulationNames.given(group, isFemale: one.isFemale)
                while members.contains(where: { persons[$0].first == one.first }) { one.first = pick(names) }
                if !one.isFemale, !isJunior, self.one(in: 9) {
                    isJunior = true
                    one.first = father.first
                    one.suffix = self.one(in: 2) ? "Jr" : ""
                    if self.one(in: 2) { one.middle = father.middle }
                    father.suffix = self.one(in: 2) ? "Sr" : ""
                    persons[members[0]].suffix = father.suffix
                }
                persons.append(one)
                note(&members, persons.count - 1)
                if self.one(in: 55) { addTwin(of: one, household, &members) }
            }
        }
        households.append(members)
    }

    private mutating func addTwin(of one: Person, _ household: Int, _ members: inout [Int]) {
        var twin = person(
            one.group, family: one.family, year: one.born.year, isFemale: self.one(in: 3) ? !one.isFemale : one.isFemale,
            home: one.homes[0], household: household, dependent: one.dependent + 4)
        twin.born = one.born
        twin.homes = one.homes
        twin.number = one.number + 1
        let names = PopulationNames.given(one.group, isFemale: twin.isFemale)
        while twin.first == one.first { twin.first = pick(names) }
        // Parents like names that sound alike.
        if self.one(in: 3), let letter = one.first.first {
            let alike = PopulationNames.given(one.group, isFemale: twin.isFemale).filter {
                $0.first == letter && $0 != one.first
            }
            if !alike.isEmpty { twin.first = pick(alike) }
        }
        if self.one(in: 3) { twin.middle = one.middle }
        persons.append(twin)
        members.append(persons.count - 1)
    }

    /// Strangers of one name and birthday, some in one city.
    private mutating func addNamesakes(_ count: Int) {
        for _ in 0..<count {
            let model = persons[Int.random(in: 0..<persons.count, using: &chance)]
            var other = person(
                model.group, family: model.family, year: model.born.year, isFemale: model.isFemale, home: home(),
                household: households.count, dependent: 1)
            other.first = model.first
            other.born = model.born
            if one(in: 3) {
                let place = model.homes[0]
                other.homes = [
                    Home(
                        number: place.number + 17, street: (place.street + 5) % PopulationNames.streets.count,
                        kind: place.kind, unit: 0, city: place.city, code: place.city * 4 + 40000 + Int.random(in: 0..<4, using: &chance),
                        phone: other.phone)
                ]
            }
            persons.append(other)
            households.append([persons.count - 1])
        }
    }

    /// What two people are to each other who are taken for one.
    func kind(_ one: Int, _ other: Int) -> String {
        let (one, other) = (persons[one], persons[other])
        let isSameDay = one.born == other.born
        if one.household != other.household { return isSameDay ? "namesakes of one birthday" : "strangers" }
        if isSameDay { return "twins" }
        return one.first == other.first ? "father and son" : "relatives"
    }
}
