/// A field, repetition, component or subcomponent: a range of a message's bytes. Printing one prints its place alone.
package struct HL7Element: Sendable, CustomStringConvertible {
    /// What an element is, outermost first.
    package enum Level: Int, Sendable, Comparable {
        case field, repetition, component, subcomponent

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    let message: HL7Message
    let segment: Int
    let range: Range<Int>
    /// What it is.
    package let level: Level
    let field: Int
    var repetition: Int?
    var component: Int?
    var subcomponent: Int?

    /// Its bytes as they stand, escapes and all.
    package var bytes: ArraySlice<UInt8> { message.bytes[range] }

    /// Whether nothing stands there.
    package var isEmpty: Bool { range.isEmpty }

    /// Whether it says `""`: what was there is to be deleted (HL7 v2.8, 2.5.3).
    package var isNull: Bool { range.count == 2 && bytes.allSatisfy { $0 == UInt8(ascii: "\"") } }

    /// Whether something stands there that is not `""`.
    package var isValued: Bool { !isEmpty && !isNull }

    /// What it is made of, one level down: joined with `separator` they are its bytes again. A subcomponent is its own
    /// only part.
    package var parts: [HL7Element] {
        guard let next = Level(rawValue: level.rawValue + 1) else { return [self] }
        guard let separator else { return [part(1, range, next)] }
        var parts: [HL7Element] = []
        var start = range.lowerBound
        for at in range where message.bytes[at] == separator {
            parts.append(part(parts.count + 1, start..<at, next))
            start = at + 1
        }
        parts.append(part(parts.count + 1, start..<range.upperBound, next))
        return parts
    }

    /// What stands between its parts; nil when it has only one.
    package var separator: UInt8? {
        switch level {
        case .field: message.delimiters.repetition
        case .repetition: message.delimiters.component
        case .component: message.delimiters.subcomponent
        case .subcomponent: nil
        }
    }

    /// Its repetitions; none of an empty field.
    package var repetitions: [HL7Element] { isEmpty ? [] : parts }

    /// A component by HL7's number from 1, of the first repetition when this is a field; empty when it is not there.
    package func component(_ number: Int) -> HL7Element {
        let whole = level == .field ? nth(1) : self
        return whole.level == .repetition ? whole.nth(number) : number == 1 ? whole : whole.nothing
    }

    /// A subcomponent of a component, from 1; empty when it is not there.
    package func subcomponent(_ number: Int) -> HL7Element {
        level == .component ? nth(number) : number == 1 ? self : nothing
    }

    /// Its text: escapes resolved, in the message's character set; nil when empty or `""`.
    ///
    /// A field, repetition or component speaks by its first subcomponent, as HL7 asks of receivers that know fewer
    /// parts than the sender (2.5.3).
    package func text() throws(HL7Error) -> String? {
        guard isValued else { return nil }
        if level != .subcomponent { return try nth(1).text() }
        guard let escape = message.delimiters.escape, bytes.contains(escape) else {
            return try decoded(bytes)
        }
        let resolved: [UInt8]
        do {
            resolved = try EscapeSequences.resolve(bytes, message.delimiters)
        } catch {
            switch error {
            case .otherCharacterSet:
                throw refusal(.dataType, "another character set within a text is not read; send it in that of MSH-18")
            case .badHexadecimal: throw refusal(.dataType, "a hexadecimal escape sequence with other signs in it")
            }
        }
        return try decoded(resolved)
    }

    /// Its text, which must be there.
    package func requiredText(_ what: String) throws(HL7Error) -> String {
        guard let text = try text() else { throw refusal(.requiredField, "\(what) is missing") }
        return text
    }

    /// An error about this place.
    package func refusal(_ condition: HL7Error.Condition, _ message: String) -> HL7Error {
        HL7Error(condition, message, at: position)
    }

    /// Where it stands.
    package var position: HL7Position {
        let segment = message.segment(segment)
        return HL7Position(
            segment.name, segment.sequence, field: field, repetition: repetition, component: component,
            subcomponent: subcomponent)
    }

    package var description: String { position.description }

    private func decoded(_ bytes: some Collection<UInt8>) throws(HL7Error) -> String {
        guard let text = message.characterSet.decode(bytes) else {
            throw refusal(.dataType, "not text in the character set \(message.characterSet.name)")
        }
        return text
    }

    /// The part of a number from 1 without making the others.
    private func nth(_ number: Int) -> HL7Element {
        guard let next = Level(rawValue: level.rawValue + 1) else { return number == 1 ? self : nothing }
        var start = range.lowerBound
        var found = 1
        if let separator {
            for at in range where message.bytes[at] == separator {
                if found == number { return part(number, start..<at, next) }
                found += 1
                start = at + 1
            }
        }
        guard found == number else { return part(number, range.upperBound..<range.upperBound, next) }
        return part(number, start..<range.upperBound, next)
    }

    private var nothing: HL7Element {
        HL7Element(
            message: message, segment: segment, range: range.upperBound..<range.upperBound, level: level, field: field,
            repetition: repetition, component: component, subcomponent: subcomponent)
    }

    private func part(_ number: Int, _ range: Range<Int>, _ level: Level) -> HL7Element {
        var part = HL7Element(
            message: message, segment: segment, range: range, level: level, field: field, repetition: repetition,
            component: component, subcomponent: subcomponent)
        switch level {
        case .field: break
        case .repetition: part.repetition = number
        case .component: part.component = number
        case .subcomponent: part.subcomponent = number
        }
        return part
    }
}
