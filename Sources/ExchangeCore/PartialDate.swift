/// A date or time known to some precision: year, month, day, or a full instant (FHIR `dateTime`, HL7 `TS`).
///
/// Searching and consent periods ask for the interval it covers, so `2026-03` is all of March, not its first midnight.
package struct PartialDate: Hashable, Sendable, CustomStringConvertible {
    /// How much of the date is known.
    package enum Precision: UInt8, Sendable { case year, month, day, time }

    /// The FHIR form it was read from: `2026`, `2026-03`, `2026-03-02`, `2026-03-02T10:15:00+01:00`.
    package let text: String
    /// How much of it is known.
    package let precision: Precision
    /// The first millisecond it covers (dates without zone are read as UTC).
    package let start: Timestamp
    /// The first millisecond after it.
    package let end: Timestamp

    /// A full instant.
    package init(_ time: Timestamp) {
        text = time.description
        precision = .time
        start = time
        end = Timestamp(milliseconds: time.milliseconds + 1)
    }

    /// Reads FHIR `date`, `dateTime` or `instant`; nil for what is not one, or names a day that does not exist.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (4...40).contains(bytes.count), let year = Self.number(bytes, 0, 4), year >= 1 else { return nil }
        var month = 1
        var day = 1
        var precision = Precision.year
        if bytes.count > 4 {
            guard bytes.count >= 7, bytes[4] == 0x2D, let value = Self.number(bytes, 5, 2), (1...12).contains(value) else {
                return nil
            }
            month = value
            precision = .month
        }
        if bytes.count > 7 {
            guard bytes.count >= 10, bytes[7] == 0x2D, let value = Self.number(bytes, 8, 2),
                value >= 1, value <= Calendar.days(inMonth: month, of: year)
            else { return nil }
            day = value
            precision = .day
        }
        let midnight = Calendar.daysSinceEpoch(year: year, month: month, day: day) * 86_400_000
        self.text = text
        if bytes.count > 10 {
            guard let (offset, length) = Self.timeOfDay(bytes) else { return nil }
            self.precision = .time
            start = Timestamp(milliseconds: midnight + offset)
            end = Timestamp(milliseconds: midnight + offset + length)
            return
        }
        self.precision = precision
        start = Timestamp(milliseconds: midnight)
        let next: Int64 =
            switch precision {
            case .year: Calendar.daysSinceEpoch(year: year + 1, month: 1, day: 1)
            case .month: Calendar.daysSinceEpoch(year: month == 12 ? year + 1 : year, month: month % 12 + 1, day: 1)
            case .day, .time: midnight / 86_400_000 + 1
            }
        end = Timestamp(milliseconds: precision == .day ? midnight + 86_400_000 : next * 86_400_000)
    }

    package var description: String { text }

    /// Reads `Thh:mm[:ss[.fff]](Z|+hh:mm|-hh:mm)` at byte 10: milliseconds to add to midnight, and what the precision covers.
    private static func timeOfDay(_ bytes: [UInt8]) -> (offset: Int64, length: Int64)? {
        guard bytes.count >= 17, bytes[10] == 0x54, bytes[13] == 0x3A,
            let hour = number(bytes, 11, 2), hour < 24, let minute = number(bytes, 14, 2), minute < 60
        else { return nil }
        var at = 16
        var milliseconds = Int64(hour * 3600 + minute * 60) * 1000
        var length: Int64 = 60000
        if at < bytes.count, bytes[at] == 0x3A {
            guard let second = number(bytes, at + 1, 2), second <= 60 else { return nil }
            milliseconds += Int64(second) * 1000
            length = 1000
            at += 3
            if at < bytes.count, bytes[at] == 0x2E {
                at += 1
                let from = at
                var scale: Int64 = 100
                while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
                    milliseconds += Int64(bytes[at] - 0x30) * scale
                    scale /= 10
                    at += 1
                }
                guard at > from, at - from <= 9 else { return nil }
                length = 1
            }
        }
        guard at < bytes.count else { return nil }
        if bytes[at] == 0x5A { return at + 1 == bytes.count ? (milliseconds, length) : nil }
        guard bytes[at] == 0x2B || bytes[at] == 0x2D, bytes.count == at + 6, bytes[at + 3] == 0x3A,
            let hours = number(bytes, at + 1, 2), hours <= 14, let minutes = number(bytes, at + 4, 2), minutes < 60
        else { return nil }
        let zone = Int64(hours * 60 + minutes) * 60000
        return (milliseconds + (bytes[at] == 0x2B ? -zone : zone), length)
    }

    private static func number(_ bytes: [UInt8], _ from: Int, _ count: Int) -> Int? {
        guard from + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[from..<from + count] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
