/// Reads one message: delimiters from its own header, every limit checked in one pass, nothing changed.
package enum MessageReader {
    /// The message in these bytes.
    ///
    /// Segments end with CR; LF and CRLF are read, too, since files are written so, but in a message whose first segment
    /// ends with CR alone an LF is text. A UTF-8 byte order mark is passed over. Where MSH-18 is empty the text is
    /// `otherwise`, or UTF-8 when that is nil, in which ASCII is contained.
    package static func read(
        _ bytes: [UInt8], limits: HL7Limits = HL7Limits(), otherwise: HL7CharacterSet? = nil,
    ) throws(HL7Error) -> HL7Message {
        guard bytes.count <= limits.messageBytesMax else {
            throw HL7Error(.segmentSequence, "the message is longer than \(limits.messageBytesMax) bytes")
        }
        var scan = Scan(limits: limits)
        let delimiters = try bytes.withUnsafeBufferPointer { buffer throws(HL7Error) in
            try scan.run(UnsafeRawBufferPointer(buffer))
        }
        var message = HL7Message(
            bytes: bytes, delimiters: delimiters, characterSet: .utf8, places: scan.places,
            fieldStarts: scan.fieldStarts)
        let set = try characterSet(of: message, otherwise: scan.hasMark ? .utf8 : otherwise)
        message = HL7Message(
            bytes: bytes, delimiters: delimiters, characterSet: set, places: scan.places, fieldStarts: scan.fieldStarts)
        if scan.isASCII { return message }
        switch set {
        case .ascii: throw foreignBytes("MSH-18 says ASCII, but other bytes are in the message")
        case .utf8:
            guard String(validating: bytes, as: UTF8.self) != nil else {
                throw foreignBytes("the bytes are not UTF-8; say in MSH-18 what they are")
            }
        case .latin1, .latin9: break
        }
        return message
    }

    /// Whether a segment of that place begins with its own delimiters.
    static func isHeader(_ bytes: [UInt8], at start: Int) -> Bool {
        bytes.withUnsafeBytes { isHeader($0, at: start) }
    }

    static func isHeader(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
        guard start + 3 < bytes.count, bytes[start + 1] == UInt8(ascii: "S") || bytes[start + 1] == UInt8(ascii: "H")
        else { return false }
        switch (bytes[start], bytes[start + 1], bytes[start + 2]) {
        case (UInt8(ascii: "M"), UInt8(ascii: "S"), UInt8(ascii: "H")): return true
        case (UInt8(ascii: "F"), UInt8(ascii: "H"), UInt8(ascii: "S")): return true
        case (UInt8(ascii: "B"), UInt8(ascii: "H"), UInt8(ascii: "S")): return true
        default: return false
        }
    }

    private static func characterSet(
        of message: HL7Message, otherwise: HL7CharacterSet?,
    ) throws(HL7Error) -> HL7CharacterSet {
        // The name of a set is ASCII whatever the set is.
        guard let field = message.first("MSH")?.field(18), field.isValued, let first = field.repetitions.first else {
            return otherwise ?? .utf8
        }
        let name = String(decoding: first.bytes, as: UTF8.self)
        if name.isEmpty { return otherwise ?? .utf8 }
        guard let set = HL7CharacterSet(name: name) else {
            throw field.refusal(
                .tableValue, "a character set that is not read here; send UNICODE UTF-8, ASCII, 8859/1 or 8859/15")
        }
        return set
    }

    private static func foreignBytes(_ message: String) -> HL7Error {
        HL7Error(.dataType, message, at: HL7Position("MSH", field: 18))
    }
}

/// The one pass over a message's bytes.
private struct Scan {
    let limits: HL7Limits
    var places: [HL7Message.SegmentPlace] = []
    var fieldStarts: [UInt32] = []
    var isASCII = true
    var hasMark = false

    init(limits: HL7Limits) { self.limits = limits }

    mutating func run(_ bytes: UnsafeRawBufferPointer) throws(HL7Error) -> Delimiters {
        var at = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        hasMark = at == 3
        guard at + 3 < bytes.count, bytes[at] == UInt8(ascii: "M"), MessageReader.isHeader(bytes, at: at) else {
            throw HL7Error(.segmentSequence, "a message begins with the segment MSH", at: HL7Position("MSH"))
        }
        let delimiters = try Delimiters.read(bytes, at: at, segment: "MSH")
        let kinds = Kinds(delimiters, lineFeedEnds: Self.lineFeedEnds(bytes))
        places.reserveCapacity(16)
        fieldStarts.reserveCapacity(bytes.count / 6)
        while at < bytes.count {
            // Empty lines between segments.
            if bytes[at] == 0x0D || bytes[at] == 0x0A {
                at += 1
                continue
            }
            at = try segment(bytes, from: at, kinds, delimiters)
        }
        return delimiters
    }

    /// Whether LF ends a segment: it does when the first line ends with it.
    private static func lineFeedEnds(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.firstIndex(where: { $0 == 0x0D || $0 == 0x0A }) else { return false }
        return bytes[first] == 0x0A || first + 1 < bytes.count && bytes[first + 1] == 0x0A
    }

    private mutating func segment(
        _ bytes: UnsafeRawBufferPointer, from start: Int, _ kinds: borrowing Kinds, _ delimiters: Delimiters,
    ) throws(HL7Error) -> Int {
        let sequence = places.count + 1
        guard sequence <= limits.segmentsMax else {
            throw HL7Error(.segmentSequence, "more than \(limits.segmentsMax) segments")
        }
        guard start + 3 <= bytes.count, Self.isName(bytes, at: start),
            start + 3 == bytes.count || bytes[start + 3] == delimiters.field || kinds[bytes[start + 3]] == .end
        else {
            throw HL7Error(
                .segmentSequence, "line \(sequence) does not begin with a segment's name of three capitals or digits")
        }
        let isHeader = MessageReader.isHeader(bytes, at: start)
        if isHeader, !places.isEmpty {
            throw HL7Error(.segmentSequence, "line \(sequence) begins another message; send a batch")
        }
        let firstField = fieldStarts.count
        var at = start + 3
        if isHeader {
            fieldStarts.append(UInt32(start + 4))
            at = start + 4 + delimiters.encoding.count
        }
        var counts = Counts()
        scanning: while at < bytes.count {
            let byte = bytes[at]
            switch kinds[byte] {
            case .text: break
            case .beyondASCII: isASCII = false
            case .field:
                fieldStarts.append(UInt32(at + 1))
                if fieldStarts.count - firstField > limits.fieldsMax {
                    throw refuse(bytes, start, fieldStarts.count - firstField, "more than \(limits.fieldsMax) fields")
                }
                counts = Counts()
            case .repetition:
                counts.nextRepetition()
                if counts.repetitions > limits.repetitionsMax {
                    throw refuse(
                        bytes, start, number(firstField, isHeader), "more than \(limits.repetitionsMax) repetitions")
                }
            case .component:
                counts.nextComponent()
                if counts.components > limits.componentsMax {
                    throw refuse(
                        bytes, start, number(firstField, isHeader), "more than \(limits.componentsMax) components")
                }
            case .subcomponent:
                counts.subcomponents += 1
                if counts.subcomponents > limits.subcomponentsMax {
                    throw refuse(
                        bytes, start, number(firstField, isHeader), "more than \(limits.subcomponentsMax) subcomponents")
                }
            case .end: break scanning
            case .forbidden:
                throw refuse(bytes, start, number(firstField, isHeader), "a control character that text cannot have")
            }
            at += 1
        }
        places.append(
            .init(
                start: UInt32(start), end: UInt32(at), firstField: UInt32(firstField),
                fieldCount: UInt32(fieldStarts.count - firstField)))
        return at
    }

    private func number(_ firstField: Int, _ isHeader: Bool) -> Int {
        fieldStarts.count - firstField + (isHeader ? 1 : 0)
    }

    private func refuse(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ field: Int, _ message: String) -> HL7Error {
        let name = String(decoding: bytes[start..<start + 3], as: UTF8.self)
        let before = places.count { place in
            (0..<3).allSatisfy { bytes[Int(place.start) + $0] == bytes[start + $0] }
        }
        return HL7Error(.dataType, message, at: HL7Position(name, before + 1, field: field))
    }

    /// A letter, then two letters or digits, all capitals.
    private static func isName(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
        guard (0x41...0x5A).contains(bytes[start]) else { return false }
        return (1...2).allSatisfy { (0x41...0x5A).contains(bytes[start + $0]) || (0x30...0x39).contains(bytes[start + $0]) }
    }

    private struct Counts {
        var repetitions = 1
        var components = 1
        var subcomponents = 1

        mutating func nextRepetition() {
            repetitions += 1
            components = 1
            subcomponents = 1
        }

        mutating func nextComponent() {
            components += 1
            subcomponents = 1
        }
    }
}

/// What each byte means in one message.
private struct Kinds: ~Copyable {
    enum Kind: UInt8 { case text, beyondASCII, field, repetition, component, subcomponent, end, forbidden }

    private let table: UnsafeMutablePointer<Kind>

    init(_ delimiters: Delimiters, lineFeedEnds: Bool) {
        table = .allocate(capacity: 256)
        table.initialize(repeating: .text, count: 128)
        (table + 128).initialize(repeating: .beyondASCII, count: 128)
        for byte in [0x00, 0x0B, 0x1C] { table[byte] = .forbidden }
        table[Int(delimiters.field)] = .field
        table[Int(delimiters.component)] = .component
        if let repetition = delimiters.repetition { table[Int(repetition)] = .repetition }
        if let subcomponent = delimiters.subcomponent { table[Int(subcomponent)] = .subcomponent }
        table[0x0D] = .end
        if lineFeedEnds { table[0x0A] = .end }
    }

    deinit { table.deallocate() }

    subscript(_ byte: UInt8) -> Kind { table[Int(byte)] }
}
