import ExchangeCore

/// A field as it is written: repetitions of components of subcomponents.
package struct WrittenField: Sendable, CustomStringConvertible {
    let repetitions: [[[String?]]]

    /// A field of one repetition, from its components.
    package init(_ components: [String?]) { repetitions = [components.map { [$0] }] }

    /// A field of several repetitions; none is an empty field.
    package init(repeating fields: [WrittenField]) { repetitions = fields.flatMap(\.repetitions) }

    private init(parts: [[String?]]) { repetitions = [parts] }

    /// Nothing of it: fields hold patient data.
    package var description: String { "<redacted>" }

    /// `CX`: an identifier whose authority is an OID, or a name where it is none.
    package static func identifier(_ identifier: PatientIdentifier, type: String = "MR") -> WrittenField {
        WrittenField(parts: [[identifier.value], [], [], authority(identifier.system), [type]])
    }

    /// `EI`: an identifier of a thing whose authority is an OID.
    package static func entity(_ value: String, of authority: OID) -> WrittenField {
        WrittenField([value, nil, authority.dotted, "ISO"])
    }

    /// `XPN`.
    package static func name(_ name: PersonName) -> WrittenField {
        WrittenField([name.family, name.given.first, further(name), name.suffix])
    }

    /// `XCN`.
    package static func person(_ name: PersonName?, _ identifier: PatientIdentifier?) -> WrittenField {
        WrittenField(parts: [
            [identifier?.value], [name?.family], [name?.given.first], [name.flatMap(further)], [name?.suffix], [], [], [],
            identifier.map { authority($0.system) } ?? [],
        ])
    }

    /// `XAD`.
    package static func address(_ address: PostalAddress) -> WrittenField {
        WrittenField([
            address.lines.first, address.lines.dropFirst().joined(separator: ", "), address.city, address.state,
            address.postalCode, address.country,
        ])
    }

    /// `TS` of a date or time.
    package static func time(_ date: PartialDate?) -> WrittenField { WrittenField([date.map(HL7Time.write)]) }

    private static func further(_ name: PersonName) -> String? {
        name.given.count > 1 ? name.given.dropFirst().joined(separator: " ") : nil
    }

    private static func authority(_ system: String) -> [String?] {
        OID(system).map { [nil, $0.dotted, "ISO"] } ?? [system]
    }
}

extension SegmentWriter {
    /// Appends a field of repetitions, components and subcomponents; empty ends are left out.
    package mutating func field(_ field: WrittenField) {
        func joined(_ parts: [[UInt8]], _ separator: UInt8?) -> [UInt8] {
            var parts = parts
            while parts.last?.isEmpty == true { parts.removeLast() }
            guard let separator else { return parts.first ?? [] }
            return Array(parts.joined(separator: [separator]))
        }
        let repetitions = field.repetitions.map { components in
            joined(
                components.map { joined($0.map { text in text.map(escaped) ?? [] }, delimiters.subcomponent) }, delimiters.component)
        }
        raw(joined(repetitions.filter { !$0.isEmpty }, delimiters.repetition))
    }
}
