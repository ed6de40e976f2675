/// One message of HL7 v2.3 to 2.8: its bytes as they came, and where its segments and fields lie in them.
///
/// Nothing is lost or rewritten: Z-segments, empty fields, unknown segments and line breaks stay; `bytes` is what was
/// read. Fields are found when the message is read, what is within them when it is asked for. Printing one prints its
/// kind alone.
package struct HL7Message: Sendable, CustomStringConvertible {
    /// What was read.
    package let bytes: [UInt8]
    /// The characters that part it.
    package let delimiters: Delimiters
    /// The set its text is in.
    package let characterSet: HL7CharacterSet
    /// By segment: where it begins, where it ends (before its line break), and which of `fieldStarts` are its own.
    let places: [SegmentPlace]
    /// Offsets of the first byte of each field after a segment's name.
    let fieldStarts: [UInt32]

    /// Where a segment lies.
    struct SegmentPlace: Hashable, Sendable {
        let start: UInt32
        let end: UInt32
        let firstField: UInt32
        let fieldCount: UInt32
    }

    /// How many segments it has, MSH included.
    package var segmentCount: Int { places.count }

    /// A segment by its number from 0, which must be less than `segmentCount`.
    package func segment(_ number: Int) -> HL7Segment { HL7Segment(message: self, number: number) }

    /// The segments in order.
    package var segments: [HL7Segment] { places.indices.map { HL7Segment(message: self, number: $0) } }

    /// The first segment of a name of three letters.
    package func first(_ name: StaticString) -> HL7Segment? {
        for number in places.indices where isNamed(number, name) { return segment(number) }
        return nil
    }

    /// All segments of a name, in order.
    package func all(_ name: StaticString) -> [HL7Segment] {
        places.indices.filter { isNamed($0, name) }.map(segment)
    }

    private func isNamed(_ number: Int, _ name: StaticString) -> Bool {
        let start = Int(places[number].start)
        return name.utf8CodeUnitCount == 3 && bytes[start] == name.utf8Start[0]
            && bytes[start + 1] == name.utf8Start[1] && bytes[start + 2] == name.utf8Start[2]
    }

    package var description: String { "HL7 v2 message of \(segmentCount) segments" }
}

/// One segment of a message.
package struct HL7Segment: Sendable, CustomStringConvertible {
    let message: HL7Message
    /// Its number in the message, from 0.
    package let number: Int

    private var place: HL7Message.SegmentPlace { message.places[number] }

    /// Its name, such as `PID` or `ZBE`.
    package var name: String {
        let start = Int(place.start)
        return String(decoding: message.bytes[start..<start + 3], as: UTF8.self)
    }

    /// Its bytes, without the line break.
    package var bytes: ArraySlice<UInt8> { message.bytes[Int(place.start)..<Int(place.end)] }

    /// The highest field number it has, as HL7 counts: MSH-1 is the separator itself.
    package var fieldCount: Int { Int(place.fieldCount) + (isHeader ? 1 : 0) }

    /// Whether its first field is the field separator (MSH, FHS, BHS).
    var isHeader: Bool { MessageReader.isHeader(message.bytes, at: Int(place.start)) }

    /// Which of the segments of its name it is, from 1.
    package var sequence: Int {
        let name = message.bytes[Int(place.start)..<Int(place.start) + 3]
        return message.places[...number].count {
            message.bytes[Int($0.start)..<Int($0.start) + 3].elementsEqual(name)
        }
    }

    /// A field by HL7's number, from 1; empty when the segment ends before it.
    package func field(_ field: Int) -> HL7Element {
        if isHeader, field == 1 {
            let at = Int(place.start) + 3
            return HL7Element(message: message, segment: number, range: at..<at + 1, level: .subcomponent, field: 1)
        }
        let index = field - (isHeader ? 2 : 1)
        guard index >= 0, index < Int(place.fieldCount) else {
            let end = Int(place.end)
            return HL7Element(message: message, segment: number, range: end..<end, level: .field, field: field)
        }
        let at = Int(place.firstField) + index
        let start = Int(message.fieldStarts[at])
        let isLast = index + 1 == Int(place.fieldCount)
        let end = isLast ? Int(place.end) : Int(message.fieldStarts[at + 1]) - 1
        // The delimiters themselves are not parted by what they are.
        let level: HL7Element.Level = isHeader && field == 2 ? .subcomponent : .field
        return HL7Element(message: message, segment: number, range: start..<end, level: level, field: field)
    }

    /// All fields, as HL7 numbers them from 1.
    package var fields: [HL7Element] { fieldCount == 0 ? [] : (1...fieldCount).map { field($0) } }

    /// Where it stands, or one of its fields.
    package func position(field: Int? = nil) -> HL7Position { HL7Position(name, sequence, field: field) }

    package var description: String { name }
}
