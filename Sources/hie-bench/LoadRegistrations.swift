import ExchangeCore
import PatientIndex

/// Registrations to fill an index with: as many and as skewed as wanted, drawn one by one from a seed, none of them kept.
///
/// Households of three share a family name, an address and often a telephone; names follow a steep curve. Not realistic
/// otherwise; what accuracy is measured on is `Population`.
struct LoadRegistrations: Sendable {
    /// Persons that registrations are drawn of.
    let persons: Int
    private let seed: UInt64
    private let givens: [String]
    private let families: [String]

    /// A source of registrations.
    init(persons: Int, seed: UInt64) {
        self.persons = persons
        self.seed = seed
        var chance = Chance(seed: seed &+ 1)
        func words(_ count: Int, _ syllables: ClosedRange<Int>) -> [String] {
            (0..<count).map { _ in
                (0..<Int.random(in: syllables, using: &chance)).map { _ in
                    PopulationNames.onsets[Int.random(in: 0..<PopulationNames.onsets.count, using: &chance)]
                        + PopulationNames.vowels[Int.random(in: 0..<PopulationNames.vowels.count, using: &chance)]
                }.joined()
            }
        }
        givens = words(3000, 2...3)
        families = words(60_000, 2...4)
    }

    /// Registrations in all: 1.9 of a person.
    var count: Int { persons * 19 / 10 }

    /// The registration that arrives at a place; the same at every call. Its person is `person(at:)`.
    func row(_ place: Int) -> RegistrationTable.Row {
        registration(of: person(at: place), writtenBy: UInt64(place), id: "L\(place)")
    }

    /// Whose registration arrives at a place: everybody's once, then nine tenths' again.
    func person(at place: Int) -> Int {
        // A stride that meets everybody before it meets somebody twice.
        var stride = 618_033
        while Self.divisor(stride, persons) != 1 { stride += 1 }
        return place % persons * stride % persons
    }

    /// A question about a registered person, written anew.
    func question(_ number: Int) -> RegistrationTable.Row {
        var chance = Chance(seed: seed ^ 0xA5A5 &+ UInt64(number))
        return registration(
            of: Int.random(in: 0..<persons, using: &chance), writtenBy: UInt64(number) | 1 << 48, id: "Q\(number)")
    }

    private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }

    private func registration(of person: Int, writtenBy writer: UInt64, id: String) -> RegistrationTable.Row {
        var home = Chance(seed: seed &* 3 &+ UInt64(person / 3))
        var own = Chance(seed: seed &* 5 &+ UInt64(person))
        var slip = Chance(seed: seed &* 7 &+ writer)
        func draw(_ range: ClosedRange<Int>, _ chance: inout Chance) -> Int { Int.random(in: range, using: &chance) }
        func skewed(_ list: [String], _ chance: inout Chance) -> String {
            let x = Double.random(in: 0..<1, using: &chance)
            return list[min(list.count - 1, Int(x * x * x.squareRoot() * Double(list.count)))]
        }
        let family = skewed(families, &home)
        let code = 40_000 + draw(0...max(20, persons / 2500), &home)
        let line = "\(draw(1...3999, &home)) \(PopulationNames.streets[draw(0...PopulationNames.streets.count - 1, &home)]) St"
        let shared = 2_000_000 + draw(0...7_999_999, &home)
        var given = skewed(givens, &own)
        var middle = String(UnicodeScalar(UInt8(65 + draw(0...25, &own))))
        let (year, month, day) = (draw(1930...2020, &own), draw(1...12, &own), draw(1...28, &own))
        let number = 101_010_000 + draw(0...598_000_000, &own)
        let phone = draw(0...1, &own) == 0 ? shared : 2_000_000 + draw(0...7_999_999, &own)
        let mail = draw(1...3, &own) == 1
        let isFemale = draw(0...1, &own) == 0
        func one(in many: Int) -> Bool { draw(1...many, &slip) == 1 }
        if one(in: 25), given.count > 3 { given.removeLast() }
        if one(in: 3) { middle = "" }
        func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
        var demographics = Demographics(
            names: [PersonName(family: family, given: middle.isEmpty ? [given] : [given, middle])],
            birthDate: PartialDate("\(year)-\(two(month))-\(two(one(in: 30) ? day % 28 + 1 : day))"),
            sex: isFemale ? .female : .male)
        if !one(in: 20) {
            demographics.addresses = [PostalAddress(lines: [line], city: "City\(code / 4)", state: "OH", postalCode: String(code))]
        }
        if !one(in: 8) { demographics.phones = ["614\(phone)"] }
        if mail, one(in: 2) { demographics.emails = ["\(given).\(family)\(person)@mail.example"] }
        var identifiers: [PatientIdentifier] = []
        func add(_ system: String, _ value: String) {
            if let identifier = PatientIdentifier(system: system, value: value) { identifiers.append(identifier) }
        }
        let digits = String(number)
        if one(in: 2) { add(RegistrationTable.socialSecuritySystem, one(in: 2) ? digits : String(digits.suffix(4))) }
        if one(in: 3) { add(RegistrationTable.memberSystem, "UMR\(100_000_000 + person / 3)\(two(person % 3 + 1))") }
        return RegistrationTable.Row(
            id: id, source: "F\(writer % 24)", recordNumber: "\(writer)", demographics: demographics, identifiers: identifiers)
    }
}
