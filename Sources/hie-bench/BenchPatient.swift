import JSON

/// The patients of a benchmark: as many as wanted, none like another.
struct BenchPatient: Sendable {
    private static let families = [
        "Adams", "Baxter", "Chalmers", "Dekker", "Eriksen", "Fabre", "Gonzalez", "Hashimoto", "Ivanova", "Jansen",
        "Kowalski", "Lindqvist", "Moreau", "Newman", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka",
    ]
    private static let given = [
        "Alice", "Bruno", "Carla", "Dmitri", "Emma", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Karin", "Luis", "Mia",
        "Nils", "Olga", "Paul", "Rosa", "Sven", "Tara", "Viktor",
    ]
    private let number: Int

    /// The patient of a number.
    init(_ number: Int) { self.number = number }

    /// A FHIR Patient with the facility's record number.
    var json: JSONValue {
        var chance = Chance(seed: UInt64(number) &+ 1)
        let family = Self.families[Int.random(in: 0..<20, using: &chance)]
        let middle = Self.families[Int.random(in: 0..<20, using: &chance)]
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        let birth =
            "\(Int.random(in: 1930...2020, using: &chance))-\(two(Int.random(in: 1...12, using: &chance)))"
            + "-\(two(Int.random(in: 1...28, using: &chance)))"
        return [
            "resourceType": "Patient",
            "identifier": [["system": "urn:oid:1.3.6.1.4.1.21367.2026.99.1", "value": .string("B-\(number)")]],
            "name": [
                [
                    "family": .string("\(family)-\(middle)"),
                    "given": [.string(Self.given[Int.random(in: 0..<20, using: &chance)])],
                ],
            ],
            "gender": Bool.random(using: &chance) ? "female" : "male", "birthDate": .string(birth),
            "address": [
                [
                    "line": [.string("\(Int.random(in: 1...999, using: &chance)) Main Street")], "city": "Eastside",
                    "postalCode": .string("0\(Int.random(in: 1000...9999, using: &chance))"), "country": "US",
                ],
            ],
        ]
    }
}
