/// `TS` of HL7 v3 and v2: `YYYY[MM[DD[HH[MM[SS[.f]]]]]][+ZZzz]`.
package enum HL7Time {
    /// The date or time it says, in FHIR's form; nil for what is not one, or names a day that does not exist.
    ///
    /// A time without zone is read as UTC, as `PartialDate` reads dates; missing minutes and seconds are zero, since
    /// FHIR has no way to leave them out. A zone on a bare date is dropped; fractions beyond milliseconds are cut.
    package static func read(_ text: String) -> PartialDate? {
        let bytes = Array(text.utf8)
        guard bytes.count <= 32 else { return nil }
        let digits = bytes.prefix(while: isDigit)
        guard (4...14).contains(digits.count), digits.count % 2 == 0 else { return nil }
        var rest = bytes[digits.count...]
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            guard digits.count == 14, !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count + 1)
        }
        var form: [UInt8] = []
        form.reserveCapacity(32)
        form += digits.prefix(4)
        for (from, separator) in zip([4, 6, 8, 10, 12], "--T::".utf8) {
            // A time of day is whole in FHIR, a date need not be.
            guard digits.count >= from + 2 || from > 8 && digits.count > 8 else { break }
            form.append(separator)
            if digits.count >= from + 2 { form += digits[from..<from + 2] } else { form += [zero, zero] }
        }
        if !fraction.isEmpty { form += [UInt8(ascii: ".")] + fraction.prefix(3) }
        guard addZone(rest, to: &form, isTime: digits.count > 8) else { return nil }
        return PartialDate(String(decoding: form, as: UTF8.self))
    }

    /// `+01:00` of `+0100` or `+01`, `Z` of nothing; false for what is not a zone. A date has none.
    private static func addZone(_ zone: ArraySlice<UInt8>, to form: inout [UInt8], isTime: Bool) -> Bool {
        guard let sign = zone.first else {
            if isTime { form.append(UInt8(ascii: "Z")) }
            return true
        }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), zone.count == 3 || zone.count == 5,
            zone.dropFirst().allSatisfy(isDigit)
        else { return false }
        if isTime { form += zone.prefix(3) + [UInt8(ascii: ":")] + (zone.count == 5 ? zone.suffix(2) : [zero, zero]) }
        return true
    }

    private static let zero = UInt8(ascii: "0")

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
