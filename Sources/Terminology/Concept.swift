/// A day of the calendar as releases write it, `20251001` or `2025-10-01`, without zone.
package struct ReleaseDay: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Year, month and day as one number: 20251001.
    package let number: UInt32

    /// Reads `YYYYMMDD` or `YYYY-MM-DD`; nil for what is none.
    package init?(_ text: String) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        guard digits.count == 8, text.utf8.count == 8 || text.utf8.count == 10, digits.allSatisfy(CodeForm.isDigit),
            let number = UInt32(String(decoding: digits, as: UTF8.self))
        else { return nil }
        self.init(number: number)
    }

    /// Nil when the number is no day.
    init?(number: UInt32) {
        let month = number / 100 % 100
        let day = number % 100
        let year = number / 10000
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        let lengths: [UInt32] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1000...9999).contains(year), (1...12).contains(month), (1...lengths[Int(month) - 1]).contains(day) else {
            return nil
        }
        self.number = number
    }

    package static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    package var description: String {
        let digits = Array(String(number))
        return "\(String(digits[0..<4]))-\(String(digits[4..<6]))-\(String(digits[6..<8]))"
    }
}

/// What a release says of one code.
package struct Concept: Hashable, Sendable {
    /// The code as the publisher writes it.
    package let code: String
    /// What it is called, the preferred name first; at least one.
    package let displays: [String]
    /// False for headings: a code below it says more and must be used instead (ICD-10-CM headers).
    package let isSelectable: Bool
    /// False when the publisher has withdrawn it, or advises against it.
    package let isActive: Bool
    /// The first day it may be used, where the release says.
    package let from: ReleaseDay?
    /// The last day, where the release says.
    package let until: ReleaseDay?

    /// A concept from its parts.
    package init(
        code: String, displays: [String], isSelectable: Bool = true, isActive: Bool = true, from: ReleaseDay? = nil,
        until: ReleaseDay? = nil,
    ) {
        self.code = code
        self.displays = displays
        self.isSelectable = isSelectable
        self.isActive = isActive
        self.from = from
        self.until = until
    }

    /// The preferred name.
    package var display: String { displays.first ?? "" }

    /// Whether it may be used on a day, going by its own dates.
    package func isValid(on day: ReleaseDay) -> Bool { (from ?? day) <= day && day <= (until ?? day) }
}
