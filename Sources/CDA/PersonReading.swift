import ExchangeCore
import XML

/// Names, addresses and telephones of people in a document (HL7 v3 `PN`, `AD`, `TEL`).
enum PersonReading {
    /// A name in parts, or a name in one piece as the family name; nil when it says nothing.
    static func name(_ element: XMLElement) -> PersonName? {
        let family = element.all("family").compactMap(ElementReading.text)
        let given = element.all("given").compactMap(ElementReading.text)
        let suffixes = element.all("suffix").compactMap(ElementReading.text)
        let suffix = suffixes.isEmpty ? nil : suffixes.joined(separator: " ")
        if family.isEmpty, given.isEmpty {
            return ElementReading.text(element).map { PersonName(family: $0) }
        }
        return PersonName(family: family.joined(separator: " "), given: given, suffix: suffix)
    }

    static func address(_ element: XMLElement) -> PostalAddress? {
        let lines = element.all("streetAddressLine").compactMap(ElementReading.text)
        let address = PostalAddress(
            lines: lines, city: element.first("city").flatMap(ElementReading.text),
            state: element.first("state").flatMap(ElementReading.text),
            postalCode: element.first("postalCode").flatMap(ElementReading.text),
            country: element.first("country").flatMap(ElementReading.text))
        let isEmpty =
            lines.isEmpty && address.city == nil && address.state == nil && address.postalCode == nil
            && address.country == nil
        return isEmpty ? ElementReading.text(element).map { PostalAddress(lines: [$0]) } : address
    }

    /// Demographics of a `patientRole`.
    static func demographics(_ role: XMLElement) -> Demographics {
        let patient = role.first("patient")
        let names = patient?.all("name") ?? []
        // The legal name first: later ones are nicknames, maiden names and scripts.
        let ordered = names.filter { $0.attribute("use") == "L" } + names.filter { $0.attribute("use") != "L" }
        var demographics = Demographics(
            names: ordered.compactMap(name), birthDate: patient?.first("birthTime").flatMap(birthDate),
            sex: patient?.first("administrativeGenderCode").flatMap(sex),
            addresses: role.all("addr").compactMap(address))
        for telecom in role.all("telecom") {
            guard let value = telecom.attribute("value").flatMap(ElementReading.filled) else { continue }
            if value.utf8.starts(with: "mailto:".utf8) {
                demographics.emails.append(String(value.dropFirst(7)))
            } else if value.utf8.starts(with: "tel:".utf8) {
                demographics.phones.append(String(value.dropFirst(4)))
            } else if !value.utf8.contains(UInt8(ascii: ":")) {
                demographics.phones.append(value)
            }
        }
        return demographics
    }

    private static func birthDate(_ element: XMLElement) -> PartialDate? {
        // Never the time of birth: a birth date with a zone would move to another day elsewhere.
        element.attribute("value").flatMap(ElementReading.filled).flatMap { text in
            HL7Time.read(String(decoding: text.utf8.prefix { (0x30...0x39).contains($0) }.prefix(8), as: UTF8.self))
        }
    }

    private static func sex(_ element: XMLElement) -> AdministrativeSex? {
        switch element.attribute("code") {
        case "M": .male
        case "F": .female
        case "UN": .other
        case nil: element.attribute("nullFlavor") == nil ? nil : .unknown
        default: nil
        }
    }
}
