/// `TS` of HL7 v3 and v2: `YYYY[MM[DD[HH[MM[SS[.f]]]]]][+ZZzz]`.
package enum HL7Time {
    /// The date or time it says, in FHIR's form; nil for what is not one, or names a day that does not exist.
    ///
    /// A time without zone is read as UTC, as `PartialDate` reads dates; missing minutes and seconds are zero, since
    /// FHIR has no way to leave them out. A zone on a bare date is dropped; fractions beyond milliseconds are cut.
    package static func read(_ text: String) -> PartialDate? {
        let bytes = Array(text.utf8)
        guard bytes.count <= 32 else { return nil }
        let digits = bytes.prefix { (0x30...0x39).contains($0) }
        guard [4, 6, 8, 10, 12, 14].contains(digits.count) else { return nil }
        var rest = bytes.dropFirst(digits.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            guard digits.count == 14, !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard let zone = zone(Array(rest)) else { return nil }
        func part(_ from: Int, _ separator: String) -> String {
            guard digits.count >= from + 2 else { return separator + "00" }
            return separator + String(decoding: digits[from..<from + 2], as: UTF8.self)
        }
        var form = String(decoding: digits.prefix(4), as: UTF8.self)
        if digits.count >= 6 { form += part(4, "-") }
        if digits.count >= 8 { form += part(6, "-") }
        if digits.count >= 10 {
            form += part(8, "T") + part(10, ":") + part(12, ":")
            if !fraction.isEmpty { form += "." + String(decoding: fraction.prefix(3), as: UTF8.self) }
            form += zone
        }
        return PartialDate(form)
    }

    /// `+01:00` of `+0100` or `+01`, `Z` of nothing; nil for what is not a zone.
    private static func zone(_ bytes: [UInt8]) -> String? {
        guard let sign = bytes.first else { return "Z" }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), bytes.count == 3 || bytes.count == 5,
            bytes.dropFirst().allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let hours = String(decoding: bytes[0..<3], as: UTF8.self)
        return hours + ":" + (bytes.count == 5 ? String(decoding: bytes[3..<5], as: UTF8.self) : "00")
    }

    /// `YYYYMMDDHHMMSS.SSS+0000`.
    package static func write(_ moment: Timestamp) -> String {
        String(decoding: moment.description.utf8.filter { isDigit($0) || $0 == UInt8(ascii: ".") }, as: UTF8.self) + "+0000"
    }

    /// A date or time to the precision it has.
    package static func write(_ date: PartialDate) -> String {
        let bytes = Array(date.text.utf8)
        let day = bytes.prefix { $0 != UInt8(ascii: "T") }
        let time = bytes.dropFirst(day.count + 1)
        let clock = time.prefix { isDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        let zone = time.dropFirst(clock.count)
        var text = day.filter(isDigit) + clock.filter { $0 != UInt8(ascii: ":") }
        if zone.first == UInt8(ascii: "Z") { text += Array("+0000".utf8) } else { text += zone.filter { $0 != UInt8(ascii: ":") } }
        return String(decoding: text, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
