import ExchangeCore

/// What an identifier's system says about who carries it.
package enum IdentifierSystems {
    /// Whether a number goes with the person wherever they are registered (social security, Medicare, licence, passport,
    /// insurance), so that several records carry it; any other was given to one record by the facility that keeps it.
    package static func isPersonal(_ system: String) -> Bool {
        NormalizedIdentifiers.socialSecuritySystems.contains(system) || NormalizedIdentifiers.memberSystems.contains(system)
            || system == RegistrationTable.plainNumberSystem || NormalizedIdentifiers.isSingle(system)
            || system.utf8.starts(with: "http://hl7.org/fhir/sid/passport-".utf8)
    }
}

/// Identifiers by how far they can be trusted to name one person.
struct NormalizedIdentifiers: Sendable {
    /// Social security numbers, nine digits; those never issued are left out.
    private(set) var socialSecurity: Set<[UInt8]> = []
    /// Numbers a person has one of: two different ones are two people (Medicare, driver's licence by state).
    private(set) var single: [String: Set<String>] = [:]
    /// Last four digits, where that is all that was given; placeholders left out.
    private(set) var lastFour: Set<[UInt8]> = []
    /// Insurance: the family's number hashed, its last byte the dependent's number, or 255 when there is none.
    private(set) var insurance: [UInt64] = []
    /// Everything else: record numbers of facilities, which may give one person several.
    private(set) var assigned: Set<PatientIdentifier> = []

    init(_ identifiers: [PatientIdentifier]) {
        for identifier in identifiers.prefix(32) where identifier.system != RegistrationTable.rowSystem {
            if Self.socialSecuritySystems.contains(identifier.system) {
                if let number = Self.socialSecurityNumber(identifier.value) { socialSecurity.insert(number) }
                if let four = Self.lastFour(identifier.value) { lastFour.insert(four) }
            } else if identifier.system == RegistrationTable.plainNumberSystem {
                let digits = identifier.value.utf8.filter { (0x30...0x39).contains($0) }
                if (6...9).contains(digits.count), Set(digits).count > 1 { socialSecurity.insert(digits) }
            } else if Self.memberSystems.contains(identifier.system) {
                if let member = Self.member(identifier.value) { insurance.append(member) }
            } else if Self.isSingle(identifier.system) {
                single[identifier.system, default: []].insert(Self.closed(identifier.value))
            } else {
                assigned.insert(identifier)
            }
        }
    }

    static let socialSecuritySystems: Set<String> = [
        "http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1",
    ]

    /// Systems of health insurance member numbers, whichever the payer: family's number and dependent.
    static let memberSystems: Set<String> = [RegistrationTable.memberSystem]

    /// The family's part and the dependent's two digits: eleven digits end in the dependent's, nine have none.
    static func member(_ text: String) -> UInt64? {
        let value = LatinFold.fold(text).filter { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
        let digits = value.reversed().prefix { (0x30...0x39).contains($0) }.count
        guard value.count >= 5, value.count <= 40, Set(value).count > 2 else { return nil }
        let hasDependent = digits == 11
        let family = StableHash.word(hasDependent ? value.dropLast(2) : value[...]) & ~0xFF
        guard hasDependent else { return family | 0xFF }
        // Nobody is a family's twentieth dependent: a slip of the pen.
        let dependent = value.suffix(2).reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        return family | (dependent < 20 ? dependent : 0xFF)
    }

    /// Four digits that are all there is; not one digit throughout, not counted up.
    static func lastFour(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }
        guard digits.count == 4, Set(digits).count > 1 else { return nil }
        return ["1234", "6789", "4321", "9876"].contains(String(decoding: digits, as: UTF8.self)) ? nil : digits
    }

    /// Whether a number is among them that is copied from a card.
    var isShown: Bool { !socialSecurity.isEmpty || !single.isEmpty }

    /// The numbers packed: nine digits as they are, four with bit 31 set.
    var socialSecurityWords: [UInt32] {
        func number(_ digits: [UInt8]) -> UInt32 { digits.reduce(0) { $0 * 10 + UInt32($1 - 0x30) } }
        return Array(socialSecurity.map(number).sorted().prefix(6))
            + Array(lastFour.map { number($0) | 1 << 31 }.sorted().prefix(6))
    }

    /// The single identifiers packed: 16 bits of the system, 48 of the value.
    var singleWords: [UInt64] {
        single.flatMap { system, values in
            values.map { value in
                StableHash.word(system.utf8) << 48 | StableHash.word(value.utf8) >> 16
            }
        }
    }

    static func isSingle(_ system: String) -> Bool {
        system == "http://hl7.org/fhir/sid/us-mbi" || system == "urn:oid:2.16.840.1.113883.4.927"
            || system == "urn:oid:2.16.840.1.113883.4.3"
            || system.utf8.starts(with: "urn:oid:2.16.840.1.113883.4.3.".utf8)
    }

    private static func closed(_ value: String) -> String {
        String(decoding: LatinFold.fold(value).filter { $0 != 0x2D && $0 != 0x20 }, as: UTF8.self)
    }

    /// Nine digits that SSA issues: no area 000, 666 or 9xx, no group 00, no serial 0000, not one digit throughout.
    static func socialSecurityNumber(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }
        guard digits.count == 9, Set(digits).count > 1, digits[0] != 0x39 else { return nil }
        let number = String(decoding: digits, as: UTF8.self)
        if number.hasPrefix("000") || number.hasPrefix("666") || number.hasSuffix("0000") { return nil }
        if digits[3] == 0x30 && digits[4] == 0x30 { return nil }
        return ["123456789", "987654321", "078051120", "219099999"].contains(number) ? nil : digits
    }
}
