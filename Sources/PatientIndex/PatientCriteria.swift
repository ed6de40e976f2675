import ExchangeCore

/// A search by demographics as understood (ITI-78): every condition must hold, any of a condition's values may.
package struct PatientCriteria: Sendable {
    /// A text of a record that is searched by.
    package enum Text: Sendable {
        case family, given, address, city, state, postalCode, country, mothersMaidenName
    }

    /// How a text is compared (R4, search.html 3.1.1.5.4).
    package enum Comparison: Sendable {
        /// Begins with it, without case and accents.
        case beginning
        /// Is it, letter by letter.
        case exact
        /// Holds it anywhere, without case and accents.
        case containing
    }

    /// One condition, with the values of which any may hold.
    package enum Condition: Sendable {
        case text(Text, Comparison, [String])
        case born([DateFilter])
        case sex([AdministrativeSex])
        case active(Bool)
        /// `phone` or `email` where it was said, and the value.
        case telecom([(kind: String?, value: String)])
        case identifier([PatientIdentifier])
        case id([PatientID])
    }

    /// The conditions.
    package var conditions: [Condition] = []

    /// A search for everybody.
    package init() {}

    /// Whether a record is meant.
    package func matches(_ record: PatientRecord) -> Bool { conditions.allSatisfy { Self.holds($0, of: record) } }

    /// What leads to the records without reading all of them; nil when nothing does.
    package var lead: WordRange? {
        var best: (rank: Int, range: WordRange)?
        for condition in conditions {
            let next: (Int, WordRange)? =
                switch condition {
                case .telecom(let values) where values.count == 1:
                    values.first.map { (3, WordRange(beginning: PatientWords.telecom($0.value))) }
                case .born(let dates) where dates.count == 1 && dates[0].prefix == .eq:
                    (2, WordRange(beginning: PatientWords.birth(dates[0].date)))
                case .text(.family, let comparison, let values) where values.count == 1 && comparison != .containing:
                    (1, WordRange(beginning: PatientWords.family(values[0])))
                default: nil
                }
            if let next, next.0 > best?.rank ?? 0 { best = (rank: next.0, range: next.1) }
        }
        return best?.range
    }

    private static func holds(_ condition: Condition, of record: PatientRecord) -> Bool {
        let facts = record.demographics
        switch condition {
        case .text(let text, let comparison, let values):
            let stated = texts(text, facts)
            return values.contains { value in stated.contains { compare($0, value, comparison) } }
        case .born(let dates):
            guard let born = facts.birthDate else { return false }
            return dates.contains { $0.holds(of: born) }
        case .sex(let wanted): return facts.sex.map(wanted.contains) ?? false
        case .active(let isActive): return record.isActive == isActive
        case .telecom(let values):
            return values.contains { kind, value in
                let stated = (kind == "email" ? [] : facts.phones) + (kind == "phone" ? [] : facts.emails)
                return stated.contains { PatientWords.contact($0) == PatientWords.contact(value) }
            }
        case .identifier(let wanted): return record.identifiers.contains(where: wanted.contains)
        case .id(let ids): return ids.contains(record.id)
        }
    }

    private static func texts(_ text: Text, _ facts: Demographics) -> [String] {
        switch text {
        case .family: facts.names.map(\.family)
        case .given: facts.names.flatMap(\.given)
        case .address:
            facts.addresses.flatMap { $0.lines + [$0.city, $0.state, $0.postalCode, $0.country].compactMap { $0 } }
        case .city: facts.addresses.compactMap(\.city)
        case .state: facts.addresses.compactMap(\.state)
        case .postalCode: facts.addresses.compactMap(\.postalCode)
        case .country: facts.addresses.compactMap(\.country)
        case .mothersMaidenName: [facts.mothersMaidenName].compactMap { $0 }
        }
    }

    private static func compare(_ stated: String, _ value: String, _ comparison: Comparison) -> Bool {
        switch comparison {
        case .exact: return stated.utf8.elementsEqual(value.utf8)
        case .beginning: return PatientWords.folded(stated).utf8.starts(with: PatientWords.folded(value).utf8)
        case .containing:
            let (text, part) = (Array(PatientWords.folded(stated).utf8), Array(PatientWords.folded(value).utf8))
            guard part.count <= text.count else { return false }
            return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
        }
    }
}
