import ExchangeCore

/// A registration as matching compares it: every part folded once, placeholders taken for missing.
struct NormalizedPerson: Sendable {
    /// Names, the one in use first.
    let names: [NormalizedName]
    /// Whether a name was there but named a situation instead of a person.
    let hasPlaceholderName: Bool
    /// `YYYYMMDD`, or as much of it as is known.
    let birthDate: [UInt8]?
    let sex: AdministrativeSex?
    let phones: Set<String>
    let emails: Set<String>
    let addresses: [NormalizedAddress]
    let identifiers: NormalizedIdentifiers

    init(_ demographics: Demographics, identifiers: [PatientIdentifier]) {
        let given = demographics.names.prefix(8)
        names = given.compactMap(NormalizedName.init)
        hasPlaceholderName =
            given.contains { !$0.family.isEmpty || !$0.given.isEmpty } && names.allSatisfy(\.isPlaceholder)
        birthDate = demographics.birthDate.flatMap(Self.date)
        sex = demographics.sex == .male || demographics.sex == .female ? demographics.sex : nil
        phones = Set(demographics.phones.prefix(8).compactMap(Self.phone))
        emails = Set(demographics.emails.prefix(8).compactMap(Self.email))
        addresses = demographics.addresses.prefix(8).compactMap(NormalizedAddress.init)
        self.identifiers = NormalizedIdentifiers(identifiers)
    }

    /// Digits of the date; nil for the dates that registrations put in for want of one.
    static func date(_ date: PartialDate) -> [UInt8]? {
        let digits = Array(date.text.utf8.prefix(10).filter { $0 != 0x2D })
        let text = String(decoding: digits, as: UTF8.self)
        if ["19000101", "19010101", "11111111", "99991231", "18000101"].contains(text) { return nil }
        return digits
    }

    /// Ten digits of a number of the North American plan, else all digits; nil for what nobody has.
    static func phone(_ text: String) -> String? {
        var digits = text.utf8.prefix(40).filter { (0x30...0x39).contains($0) }
        if digits.count == 11, digits.first == 0x31 { digits.removeFirst() }
        guard (7...15).contains(digits.count) else { return nil }
        if Set(digits).count == 1 { return nil }
        let number = String(decoding: digits, as: UTF8.self)
        if digits.count == 10 {
            // Neither area code nor exchange begins with 0 or 1; 555-01xx, toll-free and counted-up numbers are no
            // one's.
            guard digits[0] > 0x31, digits[3] > 0x31 else { return nil }
            let area = number.prefix(3)
            if ["800", "888", "877", "866", "855", "844", "833"].contains(String(area)) { return nil }
            if digits[3...].allSatisfy({ $0 == digits[3] }) || number.hasSuffix("5551212") { return nil }
        }
        return ["1234567890", "1234567", "2345678901", "9876543210"].contains(number) ? nil : number
    }

    static func email(_ text: String) -> String? {
        let folded = text.utf8.prefix(254).map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
        guard folded.contains(0x40), folded.count > 4, folded.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        let email = String(decoding: folded, as: UTF8.self)
        let local = email.prefix { $0 != "@" }
        return ["none", "noemail", "no", "na", "test", "unknown", "declined", "refused"].contains(String(local))
            ? nil : email
    }
}
