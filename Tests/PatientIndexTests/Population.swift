import ExchangeCore
import Fixtures
import PatientIndex

/// The synthetic sample of `data/matching/population-5k`, as registrations.
struct Population {
    struct Row {
        let id: String
        let person: String
        let demographics: Demographics
        let identifiers: [PatientIdentifier]
    }

    let rows: [Row]

    /// Reads records or queries with their truth; the truth's person is empty for somebody who is not in the index.
    init(_ file: String, truth: String, key: String) throws {
        let folder = "matching/population-5k/"
        var persons: [String: String] = [:]
        for line in try Self.table(folder + truth) { persons[line[key, default: ""]] = line["person_id"] }
        rows = try Self.table(folder + file).map { line in
            Row(
                id: line[key, default: ""], person: persons[line[key, default: ""]] ?? "",
                demographics: Self.demographics(line), identifiers: Self.identifiers(line))
        }
    }

    private static func demographics(_ line: [String: String]) -> Demographics {
        func filled(_ name: String) -> String? { line[name].flatMap { $0.isEmpty ? nil : $0 } }
        var given = [filled("first_name")].compactMap(\.self)
        if let middle = filled("middle_name") { given.append(middle) }
        let sex: AdministrativeSex? =
            switch line["sex"] {
            case "F": .female
            case "M": .male
            default: nil
            }
        var demographics = Demographics(birthDate: filled("dob").flatMap { PartialDate($0) }, sex: sex)
        if let family = filled("last_name") {
            demographics.names = [PersonName(family: family, given: given, suffix: filled("suffix"))]
        }
        if filled("address") != nil || filled("zip") != nil || filled("city") != nil {
            demographics.addresses = [
                PostalAddress(
                    lines: [filled("address")].compactMap(\.self), city: filled("city"), state: filled("state"),
                    postalCode: filled("zip"))
            ]
        }
        demographics.phones = [filled("phone")].compactMap(\.self)
        demographics.emails = [filled("email")].compactMap(\.self)
        return demographics
    }

    private static func identifiers(_ line: [String: String]) -> [PatientIdentifier] {
        let systems = [
            ("ssn", "http://hl7.org/fhir/sid/us-ssn"), ("mbi", "http://hl7.org/fhir/sid/us-mbi"),
            ("drivers_license", "urn:oid:2.16.840.1.113883.4.3.39"),
        ]
        return systems.compactMap { column, system in
            PatientIdentifier(system: system, value: line[column] ?? "")
        }
    }

    private static func table(_ path: String) throws -> [[String: String]] {
        let lines = try SharedData.bytes(path).split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        guard let head = lines.first else { return [] }
        let names = cells(head)
        return lines.dropFirst().map { line in
            Dictionary(zip(names, cells(line)), uniquingKeysWith: { first, _ in first })
        }
    }

    /// Cells of a line; quoted ones may hold commas.
    private static func cells(_ line: String) -> [String] {
        var cells: [String] = [""]
        var isQuoted = false
        for character in line where character != "\r" {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: cells.append("")
            default: cells[cells.count - 1].append(character)
            }
        }
        return cells
    }
}
