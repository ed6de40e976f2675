import ExchangeCore

/// Identifiers by how far they can be trusted to name one person.
struct NormalizedIdentifiers: Sendable {
    /// Social security numbers, nine digits; those never issued are left out.
    private(set) var socialSecurity: Set<[UInt8]> = []
    /// Numbers a person has one of: two different ones are two people (Medicare, driver's licence by state).
    private(set) var single: [String: Set<String>] = [:]
    /// Everything else: record numbers of facilities, which may give one person several.
    private(set) var assigned: Set<PatientIdentifier> = []

    init(_ identifiers: [PatientIdentifier]) {
        for identifier in identifiers.prefix(32) {
            if Self.socialSecuritySystems.contains(identifier.system) {
                if let number = Self.socialSecurityNumber(identifier.value) { socialSecurity.insert(number) }
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

    private static func isSingle(_ system: String) -> Bool {
        system == "http://hl7.org/fhir/sid/us-mbi" || system == "urn:oid:2.16.840.1.113883.4.927"
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
