import ExchangeCore

/// What a registration may hold: what is beyond it is refused with the field, whatever door it came by.
///
/// Within it everything is stored as written; what names nobody (placeholders, unknown words, other scripts) is kept and
/// counts for nothing in matching.
package enum RegistrationRules {
    /// Identifiers of one record.
    package static let identifiersMax = 100
    /// Names, addresses, telephone numbers and e-mail addresses, each.
    package static let valuesMax = 50
    /// Bytes of one text.
    package static let textBytesMax = 1_000
    /// Nobody was born before this year.
    package static let firstYear = 1850

    /// Refuses what no registration holds; `.badRequest` names the field, and never what stands in it.
    package static func check(_ identifiers: [PatientIdentifier], _ facts: Demographics, now: Timestamp) throws(ExchangeError) {
        try check(count: identifiers.count, atMost: identifiersMax, "Patient.identifier")
        for identifier in identifiers { try check([identifier.system, identifier.value], "Patient.identifier") }
        try check(count: facts.names.count, atMost: valuesMax, "Patient.name")
        for name in facts.names {
            try check(count: name.given.count, atMost: valuesMax, "Patient.name.given")
            try check([name.family], "Patient.name.family")
            try check(name.given, "Patient.name.given")
            try check([name.suffix].compactMap { $0 }, "Patient.name.suffix")
        }
        try check(count: facts.addresses.count, atMost: valuesMax, "Patient.address")
        for address in facts.addresses {
            try check(count: address.lines.count, atMost: valuesMax, "Patient.address.line")
            let parts = [address.city, address.state, address.postalCode, address.country].compactMap { $0 }
            try check(address.lines + parts, "Patient.address")
        }
        try check(count: facts.phones.count + facts.emails.count, atMost: valuesMax, "Patient.telecom")
        try check(facts.phones + facts.emails, "Patient.telecom")
        try check([facts.mothersMaidenName].compactMap { $0 }, "Patient.extension")
        guard let born = facts.birthDate else { return }
        guard let year = Int(born.text.prefix(4)), year >= firstYear, born.start <= now else {
            throw ExchangeError(
                .badRequest, "a birth date lies between \(firstYear) and today; leave it out when it is not known",
                at: "Patient.birthDate")
        }
    }

    private static func check(count: Int, atMost limit: Int, _ field: String) throws(ExchangeError) {
        guard count <= limit else { throw ExchangeError(.badRequest, "at most \(limit) values are taken", at: field) }
    }

    private static func check(_ texts: [String], _ field: String) throws(ExchangeError) {
        for text in texts {
            guard text.utf8.count <= textBytesMax else {
                throw ExchangeError(.badRequest, "at most \(textBytesMax) bytes are taken", at: field)
            }
            guard text.unicodeScalars.allSatisfy(isPlain) else {
                throw ExchangeError(.badRequest, "control characters and marks of direction are not taken", at: field)
            }
        }
    }

    /// Neither a control character nor one that changes the direction of what is shown.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF0...0xFFFF: false
        default: true
        }
    }
}
