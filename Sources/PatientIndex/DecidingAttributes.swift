import ExchangeCore

/// What a question left out that would tell people apart, the most telling first (XCPD case 3), in the words of FHIR's
/// Patient; and how much a question says at all (HL7 identity matching).
package enum DecidingAttributes {
    /// Attributes named at the most.
    package static let namedMax = 3
    /// The least weight of a question from another community: HL7 identity matching, IDI-Patient L0.
    package static let weightMin = 9

    /// The attributes that are missing, by the bits that agreeing in them adds; taken from the question alone, so that
    /// they tell nothing of who is near.
    package static func missing(from facts: Demographics, identifiers: [PatientIdentifier], model: MatchModel = .initial)
        -> [String]
    {
        var missing: [(name: String, millibits: Int)] = []
        let hasDay = facts.birthDate.map { $0.text.utf8.count >= 10 } ?? false
        if !hasDay { missing.append(("birthDate", model.birthDate[.exact] ?? 0)) }
        if identifiers.isEmpty { missing.append(("identifier", model.single.same)) }
        let hasTelecom = !(facts.phones.isEmpty && facts.emails.isEmpty)
        // The first thing that a household shares is worth most of what it can be worth.
        if facts.addresses.isEmpty { missing.append(("address", hasTelecom ? 2_000 : 9_001)) }
        if !hasTelecom { missing.append(("telecom", facts.addresses.isEmpty ? 9_000 : 2_000)) }
        if !facts.names.contains(where: { $0.given.count > 1 }) { missing.append(("name.given", model.middle.same)) }
        if facts.sex == nil { missing.append(("gender", model.sex.same)) }
        missing.sort { $0.millibits > $1.millibits }
        return missing.prefix(namedMax).map(\.name)
    }

    /// The weight of what is stated: passport and licence 10; address, e-mail, telephone or another number 4, two or more
    /// of them 5; first and family name 3; birth date 2.
    package static func weight(of facts: Demographics, identifiers: [PatientIdentifier]) -> Int {
        var weight = 0
        func isStrong(_ identifier: PatientIdentifier) -> Bool {
            identifier.system.hasPrefix(RegistrationTable.licenceSystem) || identifier.system.hasPrefix(passports)
        }
        if identifiers.contains(where: isStrong) { weight += 10 }
        let shared = [
            !facts.addresses.isEmpty, !facts.emails.isEmpty, !facts.phones.isEmpty,
            identifiers.contains { !isStrong($0) },
        ].count { $0 }
        weight += shared > 1 ? 5 : shared == 1 ? 4 : 0
        if facts.names.contains(where: { !$0.family.isEmpty && !$0.given.isEmpty }) { weight += 3 }
        if facts.birthDate != nil { weight += 2 }
        return weight
    }

    private static let passports = "http://hl7.org/fhir/sid/passport-"
}
