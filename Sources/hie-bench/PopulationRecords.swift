import ExchangeCore
import PatientIndex

/// Registrations of a made-up population, as its facilities write them, with the errors that people make.
struct PopulationRecords {
    /// The columns, in the order of the importer (patient-matching.md 7).
    static let header =
        "rec_id,source,mrn,registered,last_name,first_name,middle_name,suffix,dob,sex,ssn,phone,email,address,city,state,zip,insurance_id,mbi,drivers_license"

    /// One registration as cells, its person, and what is wrong with it.
    struct Row {
        let person: Int
        let day: Int
        var cells: [String: String]
        var errors: [String]
    }

    private let population: Population
    private var chance: Chance

    /// A writer of registrations.
    init(_ population: Population, seed: UInt64) {
        self.population = population
        chance = Chance(seed: seed)
    }

    private mutating func one(in many: Int) -> Bool { Int.random(in: 0..<many, using: &chance) == 0 }
    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
    private mutating func pick<T>(_ list: [T]) -> T { list[draw(0...list.count - 1)] }

    /// A registration as it is compared, read as the importer reads it.
    static func record(_ row: Row, by table: RegistrationTable) throws -> PackedRecord {
        let line = columns.map { $0 == "rec_id" ? "R" : row.cells[$0] ?? "" }.joined(separator: ",")
        guard let read = try table.row(Array(line.utf8), number: 1) else { return PackedRecord(Demographics()) }
        return PackedRecord(read.demographics, identifiers: read.identifiers)
    }

    private static let columns = header.split(separator: ",").map(String.init)

    /// All registrations in order of arrival.
    mutating func rows() -> [Row] {
        var rows: [Row] = []
        for index in population.persons.indices where !population.strangers.contains(index) {
            var count = 1
            while count < 9, draw(0...99) < 47 { count += 1 }
            for _ in 0..<count { rows.append(registration(of: index, day: draw(0...4999))) }
        }
        rows.sort { ($0.day, $0.person) < ($1.day, $1.person) }
        return rows
    }

    /// Questions, in part about persons who are not registered; all with everything known.
    mutating func questions(_ count: Int) -> [Row] {
        let strangers = population.strangers.sorted()
        return (0..<count).map { number in
            let person =
                number % 4 == 0 && !strangers.isEmpty
                ? pick(strangers) : draw(0...population.persons.count - 1)
            return registration(of: person, day: 4999)
        }
    }

    private mutating func registration(of index: Int, day: Int) -> Row {
        let person = population.persons[index]
        let facility = draw(1...24)
        var row = Row(person: index, day: day, cells: [:], errors: [])
        let stage = min(person.homes.count - 1, person.homes.count * day / 5000)
        name(person, facility, day, &row)
        birth(person, &row)
        contact(person, stage, &row)
        numbers(person, facility, &row)
        row.cells["source"] = "F" + (facility < 10 ? "0" : "") + String(facility)
        if facility % 2 == 0 {
            for column in ["last_name", "first_name", "middle_name", "suffix", "address", "city"] {
                row.cells[column] = row.cells[column]?.uppercased()
            }
        }
        return row
    }

    private mutating func name(_ person: Population.Person, _ facility: Int, _ day: Int, _ row: inout Row) {
        var family = person.family
        if let maiden = person.maiden, day < 2500 { family = maiden } else if person.maiden != nil, one(in: 12) {
            family = person.maiden ?? family
            row.errors.append("ln_stale")
        }
        var first = person.first
        var middle = facility % 3 == 0 ? String(person.middle.prefix(1)) : facility % 3 == 1 ? person.middle : ""
        if one(in: 26), let short = PopulationNames.short[first] {
            first = pick(short)
            row.errors.append("fn_alt")
        } else if one(in: 6), [.chinese, .vietnamese, .korean].contains(person.group) {
            first = PopulationNames.anglicised[person.number % PopulationNames.anglicised.count]
            row.errors.append("fn_alt")
        } else if one(in: 24) {
            first = slip(first)
            row.errors.append("fn_typo")
        } else if one(in: 200) {
            first = String(first.prefix(1))
            row.errors.append("fn_initial")
        } else if one(in: 260), person.middle.count > 2 {
            first = person.middle
            middle = ""
            row.errors.append("fn_middle")
        }
        if person.group == .korean, one(in: 3) { first = first.replacing("-", with: one(in: 2) ? "" : " ") }
        if one(in: 31) {
            family = slip(family)
            row.errors.append("ln_typo")
        } else if family.contains(" ") || family.contains("-"), one(in: 8) {
            let parts = family.split(whereSeparator: { $0 == " " || $0 == "-" }).map(String.init)
            family = pick(parts)
            row.errors.append("ln_maternal")
        }
        if one(in: 23), !middle.isEmpty {
            middle = String(pick(PopulationNames.onsets).prefix(1))
            row.errors.append("mn_err")
        }
        if person.isNewborn, day < 2500, one(in: 6) {
            first = pick(["Baby Girl", "Baby Boy", "BG", "Girl", "Boy", "BABYBOY"])
            middle = ""
            row.errors.append("newborn_name")
        }
        if one(in: 130) {
            swap(&first, &family)
            row.errors.append("name_swap")
        }
        row.cells["last_name"] = family
        row.cells["first_name"] = first
        row.cells["middle_name"] = middle
        if !one(in: 3) { row.cells["suffix"] = person.suffix }
        row.cells["sex"] = one(in: 240) ? (person.isFemale ? "M" : "F") : person.isFemale ? "F" : "M"
    }

    private mutating func birth(_ person: Population.Person, _ row: inout Row) {
        var (year, month, day) = person.born
        if one(in: 29) {
            row.errors.append("dob_err")
            switch draw(0...6) {
            case 0: swap(&month, &day)
            case 1: year += pick([-1, 1, 10, -10])
            case 2: day = day == 1 ? 2 : day - 1
            case 3: month = draw(1...12)
            case 4: (year, month, day) = (1900, 1, 1)
            case 5: (month, day) = (1, 1)
            default: return
            }
        }
        if month > 12 { swap(&month, &day) }
        func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
        row.cells["dob"] = "\(year)-\(two(month))-\(two(day))"
    }

    private mutating func contact(_ person: Population.Person, _ stage: Int, _ row: inout Row) {
        var home = person.homes[stage]
        if stage > 0, one(in: 8) {
            home = person.homes[stage - 1]
            row.errors.append("ad_stale")
        }
        let isLong = one(in: 2)
        var street = PopulationNames.streets[home.street]
        if one(in: 22) {
            street = slip(street)
            row.errors.append("ad_typo")
        }
        let kind = isLong ? PopulationNames.longKinds[home.kind] : PopulationNames.kinds[home.kind]
        var address = "\(one(in: 65) ? home.number + 1 : home.number) \(street) \(kind)"
        if home.unit > 0, !one(in: 3) { address += " Apt \(home.unit)" }
        if one(in: 43) {
            address = "PO Box \(draw(1...4000))"
        } else if one(in: 165) {
            address = pick(["HOMELESS", "UNKNOWN", "GENERAL DELIVERY", "100 Shelter Way"])
        }
        if !one(in: 72) {
            row.cells["address"] = address
            row.cells["city"] = "City" + String(home.city)
            row.cells["state"] = "OH"
            row.cells["zip"] = one(in: 82) ? String(home.code + 10) : String(home.code)
        }
        var phone = person.born.year > 1998 || one(in: 4) ? home.phone : stage == 0 ? person.phone : person.phone + stage
        let relatives = population.households[person.household]
        if one(in: 16) {
            phone = population.persons[pick(relatives)].phone
            row.errors.append("ph_kin")
        }
        if one(in: 71) {
            row.cells["phone"] = pick(["999-999-9999", "555-555-5555", "800-555-1212", "000-000-0000"])
        } else if !one(in: 11) {
            row.cells["phone"] = "614" + String(one(in: 58) ? phone + 1 : phone)
        }
        if one(in: 3), let email = person.email { row.cells["email"] = email }
    }

    private mutating func numbers(_ person: Population.Person, _ facility: Int, _ row: inout Row) {
        var number = person.number
        if one(in: 170) {
            number = population.persons[pick(population.households[person.household])].number
            row.errors.append("ssn_kin")
        } else if one(in: 40) {
            number += pick([1, 10, 100, -1000])
            row.errors.append("ssn_typo")
        }
        if !one(in: 2) || one(in: 20) {
            let digits = one(in: 150) ? pick(["111111111", "888888888", "123456789"]) : String(number)
            row.cells["ssn"] = facility % 2 == 0 ? String(digits.suffix(4)) : digits
        }
        if !one(in: 2) || one(in: 10) {
            let family = 100_000_000 + person.household
            let hasDependent = facility % 3 != 0
            row.cells["insurance_id"] =
                pick(["UMR"]) + String(one(in: 40) ? family + 1 : family)
                + (hasDependent ? (person.dependent < 10 ? "0" : "") + String(person.dependent) : "")
        }
        if person.born.year < 1958, one(in: 2) { row.cells["mbi"] = "1AA" + String(person.medicare) }
        if person.born.year < 2007, one(in: 14) { row.cells["drivers_license"] = "D" + String(person.licence) }
    }

    private mutating func slip(_ word: String) -> String {
        var letters = Array(word)
        guard letters.count > 2 else { return word }
        let at = draw(0...letters.count - 2)
        switch draw(0...3) {
        case 0: letters.remove(at: at)
        case 1: letters.swapAt(at, at + 1)
        case 2: letters[at] = pick(Array("aeiourstlnmc"))
        default: letters.insert(pick(Array("aeiourstlnmc")), at: at)
        }
        return String(letters)
    }
}
