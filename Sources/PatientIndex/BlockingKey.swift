import ExchangeCore

/// A key under which a record is filed so that registrations of the same person meet; text, without a missing part.
package struct BlockingKey: Hashable, Sendable, Comparable {
    /// Kind and normalised parts, such as `dn:19580130:MR`; demographics, so an index stores only a keyed hash of it.
    package let text: String

    /// A key from its text.
    package init(text: String) { self.text = text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    /// Keys of one registration at most.
    package static let keysMax = 64

    /// The keys of a registration, each once, sorted, at most `keysMax`.
    ///
    /// Birth date with the sound of any name (swapped names and middle names meet), birth date with postal code,
    /// telephone, e-mail, both names' sounds with postal code, city, birth year or birthday, and identifiers. A key
    /// with a part that is missing or a placeholder is not made: it would file strangers together.
    package static func keys(for demographics: Demographics, identifiers: [PatientIdentifier] = []) -> [BlockingKey] {
        keys(for: NormalizedPerson(demographics, identifiers: identifiers), identifiers: identifiers)
    }

    static func keys(for person: NormalizedPerson, identifiers: [PatientIdentifier]) -> [BlockingKey] {
        var texts: [String] = []
        func add(_ parts: String...) { texts.append(parts.joined(separator: ":")) }
        for identifier in identifiers.prefix(16) { add("id", identifier.system, identifier.value) }
        for phone in person.phones.sorted() { add("ph", phone) }
        for email in person.emails.sorted() { add("em", email) }
        let date = person.birthDate.flatMap { $0.count == 8 ? String(decoding: $0, as: UTF8.self) : nil }
        let places = person.addresses
        if let date { for place in places { if let code = place.postalCode { add("dz", date, code) } } }
        for name in person.names {
            let sounds = Set(name.familyTokens + [name.family] + name.givenTokens).map(sound)
            if let date {
                for sound in Set(sounds).sorted() where !sound.isEmpty { add("dn", date, sound) }
                for number in Nicknames.classes(name.first) { add("dk", date, String(number)) }
            }
            guard !name.first.isEmpty, !name.family.isEmpty else { continue }
            let pair = [sound(name.first), sound(name.family)].sorted().joined(separator: "+")
            if let date {
                add("ny", pair, String(date.prefix(4)))
                add("nd", pair, String(date.suffix(4)))
            }
            for place in places {
                if let code = place.postalCode { add("nz", pair, code) }
                if let city = place.city { add("nc", pair, city) }
            }
        }
        return Set(texts.prefix(keysMax)).sorted().map { BlockingKey(text: $0) }
    }

    private static func sound(_ name: [UInt8]) -> String {
        name.count < 2 ? "" : String(decoding: Phonetic.code(name), as: UTF8.self)
    }
}
