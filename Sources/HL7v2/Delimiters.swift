/// The characters that part a message, as its MSH-1 and MSH-2 name them (HL7 v2.8, 2.5.4).
package struct Delimiters: Hashable, Sendable {
    /// Between fields; MSH-1.
    package let field: UInt8
    /// Between components; the first of MSH-2.
    package let component: UInt8
    /// Between repetitions; the second of MSH-2; nil when the sender repeats nothing.
    package let repetition: UInt8?
    /// Around escape sequences; the third of MSH-2.
    package let escape: UInt8?
    /// Between subcomponents; the fourth of MSH-2.
    package let subcomponent: UInt8?
    /// At the end of text that was cut; the fifth of MSH-2, from version 2.7 on.
    package let truncation: UInt8?

    /// `|^~\&`, what nearly everyone sends.
    package static let standard = Delimiters(field: UInt8(ascii: "|"), encoding: Array(#"^~\&"#.utf8))

    /// Delimiters of known bytes.
    private init(field: UInt8, encoding: [UInt8]) {
        self.field = field
        component = encoding[0]
        repetition = encoding.count > 1 ? encoding[1] : nil
        escape = encoding.count > 2 ? encoding[2] : nil
        subcomponent = encoding.count > 3 ? encoding[3] : nil
        truncation = encoding.count > 4 ? encoding[4] : nil
    }

    /// MSH-2 as it stands in a message.
    package var encoding: [UInt8] { [component] + [repetition, escape, subcomponent, truncation].compactMap(\.self) }

    /// Reads MSH-1 and MSH-2 of a segment that begins at `start`, three letters of a name first (MSH, FHS, BHS).
    static func read(_ bytes: UnsafeRawBufferPointer, at start: Int, segment: String) throws(HL7Error) -> Delimiters {
        func refuse(_ message: String, field: Int) -> HL7Error {
            HL7Error(.dataType, message, at: HL7Position(segment, field: field))
        }
        guard start + 4 < bytes.count else {
            throw HL7Error(.requiredField, "the message ends before its delimiters", at: HL7Position(segment, field: 1))
        }
        let field = bytes[start + 3]
        guard isDelimiter(field) else {
            throw refuse("the field separator must be a printable sign, no letter, digit or quote", field: 1)
        }
        var encoding: [UInt8] = []
        var at = start + 4
        while at < bytes.count, bytes[at] != field, bytes[at] != 0x0D, bytes[at] != 0x0A {
            guard encoding.count < 5 else { throw refuse("more than five encoding characters", field: 2) }
            encoding.append(bytes[at])
            at += 1
        }
        guard !encoding.isEmpty else { throw refuse("no encoding characters", field: 2) }
        guard encoding.allSatisfy(isDelimiter) else {
            throw refuse("encoding characters must be printable signs, no letters, digits or quotes", field: 2)
        }
        guard Set(encoding).count == encoding.count else { throw refuse("encoding characters must differ", field: 2) }
        return Delimiters(field: field, encoding: encoding)
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x22: false
        default: (0x21...0x7E).contains(byte)
        }
    }
}
