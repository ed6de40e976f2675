import ExchangeCore

/// What is best believed of a person, field by field, with the records that say so: a view for people to read.
///
/// Derived anew from the records whenever it is asked for; it is never matched against, so what it leaves out is lost to
/// nobody. The majority decides; later records and those that carry a number somebody had to show weigh more.
package struct GoldenRecord: Sendable, Hashable {
    /// One value and the records that say it, in order of arrival.
    package struct Stated<Value: Sendable & Hashable>: Sendable, Hashable {
        /// The value, as the latest of the records writes it.
        package let value: Value
        /// The records that say it.
        package let records: [PatientID]
        /// What it weighs beside the others, in hundredths of a record.
        package let weight: Int
    }

    /// Names, the one in use first.
    package let names: [Stated<PersonName>]
    /// Birth dates, the one to go by first; more than one is a conflict that somebody should look at.
    package let birthDates: [Stated<PartialDate>]
    /// Sexes, the one to go by first.
    package let sexes: [Stated<AdministrativeSex>]
    /// Addresses, the latest first.
    package let addresses: [Stated<PostalAddress>]
    /// Telephones, the latest first.
    package let phones: [Stated<String>]
    /// E-mail addresses, the latest first.
    package let emails: [Stated<String>]
    /// Every identifier of every record.
    package let identifiers: [Stated<PatientIdentifier>]

    /// Whether the records do not agree about the birth date.
    package var hasBirthDateConflict: Bool { birthDates.count > 1 }

    /// The view of a person's records, in order of arrival; those that are not active are left out.
    package init(_ members: [PatientRecord]) {
        let records = members.filter(\.isActive)
        let voices = records.enumerated().map { index, record in
            // Somebody looked at a card; later is nearer to the truth.
            let isShown = NormalizedIdentifiers(record.identifiers).isShown
            return Voice(record: record, weight: (isShown ? 200 : 100) + 100 * (index + 1) / records.count)
        }
        names = Self.byWeight(voices, \.demographics.names) { name in
            NormalizedName(name).map { [$0.family, $0.first, $0.givenTokens.joined(separator: [0x20]).map(\.self)] }
        }
        birthDates = Self.byWeight(voices, { $0.demographics.birthDate.map { [$0] } ?? [] }) { NormalizedPerson.date($0) }
        sexes = Self.byWeight(voices, { $0.demographics.sex.map { [$0] } ?? [] }) { $0 == .unknown ? nil : $0 }
        addresses = Self.latestFirst(voices, \.demographics.addresses) { NormalizedAddress($0) }
        phones = Self.latestFirst(voices, \.demographics.phones) { NormalizedPerson.phone($0) }
        emails = Self.latestFirst(voices, \.demographics.emails) { NormalizedPerson.email($0) }
        identifiers = Self.latestFirst(voices, \.identifiers) { $0 }
    }

    private struct Voice {
        let record: PatientRecord
        let weight: Int
    }

    private struct Heard<Value: Sendable & Hashable> {
        var stated: Stated<Value>
        var last: Int
    }

    /// Values that mean the same are one; what names nothing is left out.
    private static func heard<Value: Sendable & Hashable, Meaning: Hashable>(
        _ voices: [Voice], _ values: (PatientRecord) -> [Value], _ meaning: (Value) -> Meaning?,
    ) -> [Heard<Value>] {
        var order: [Meaning] = []
        var heard: [Meaning: Heard<Value>] = [:]
        for (index, voice) in voices.enumerated() {
            for value in values(voice.record).prefix(32) {
                guard let key = meaning(value) else { continue }
                let before = heard[key]?.stated
                if before == nil { order.append(key) }
                guard before?.records.last != voice.record.id else { continue }
                heard[key] = Heard(
                    stated: Stated(
                        value: value, records: (before?.records ?? []) + [voice.record.id],
                        weight: (before?.weight ?? 0) + voice.weight), last: index)
            }
        }
        return order.compactMap { heard[$0] }
    }

    private static func byWeight<Value: Sendable & Hashable, Meaning: Hashable>(
        _ voices: [Voice], _ values: (PatientRecord) -> [Value], _ meaning: (Value) -> Meaning?,
    ) -> [Stated<Value>] {
        heard(voices, values, meaning).sorted { ($0.stated.weight, $0.last) > ($1.stated.weight, $1.last) }.map(\.stated)
    }

    private static func latestFirst<Value: Sendable & Hashable, Meaning: Hashable>(
        _ voices: [Voice], _ values: (PatientRecord) -> [Value], _ meaning: (Value) -> Meaning?,
    ) -> [Stated<Value>] {
        heard(voices, values, meaning).sorted { ($0.last, $0.stated.weight) > ($1.last, $1.stated.weight) }.map(\.stated)
    }
}
