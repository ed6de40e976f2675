/// A date to compare with, and how (FHIR R4, search.html 3.1.1.4.1 and 3.1.1.4.5).
///
/// What is stated covers a range of time, and so does what is asked for: `2026-03` is all of March. `eq` holds when the one asked
/// for contains the one stated, `ap` when they overlap. `ge` and `le` also hold where both only overlap: too much, never too little.
package struct DateFilter: Hashable, Sendable {
    /// FHIR's prefixes.
    package enum Prefix: String, Sendable, CaseIterable {
        case eq, ne, gt, lt, ge, le, sa, eb, ap
    }

    /// How it is compared.
    package let prefix: Prefix
    /// What is asked for.
    package let date: PartialDate
    /// How far around the date `ap` reaches, in milliseconds; 0 for every other prefix.
    private let slack: Int64

    /// A filter asked at a moment: `ap` reaches a tenth of the gap between then and the date, as FHIR recommends.
    package init(_ prefix: Prefix, _ date: PartialDate, asked now: Timestamp) {
        self.prefix = prefix
        self.date = date
        let gap = max(date.start.milliseconds - now.milliseconds, now.milliseconds - date.end.milliseconds, 0)
        slack = prefix == .ap ? gap / 10 : 0
    }

    /// Reads `2026-03`, `ge2026-03-02`, `ap2026-03-02T10:15:00Z`; nil for what is none.
    package init?(_ text: String, asked now: Timestamp) {
        let letters = text.utf8.prefix(2).allSatisfy { (0x61...0x7A).contains($0) } ? 2 : 0
        guard let prefix = letters == 0 ? .eq : Prefix(rawValue: String(text.prefix(letters))),
            let date = PartialDate(String(text.dropFirst(letters)))
        else { return nil }
        self.init(prefix, date, asked: now)
    }

    /// The first millisecond that is asked for.
    package var start: Timestamp { Timestamp(milliseconds: date.start.milliseconds - slack) }

    /// The first millisecond after it.
    package var end: Timestamp { Timestamp(milliseconds: date.end.milliseconds + slack) }

    /// The same question is the same, whenever it is asked: how far `ap` reaches by now is not part of it.
    package static func == (left: Self, right: Self) -> Bool { left.prefix == right.prefix && left.date == right.date }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(prefix)
        hasher.combine(date)
    }

    /// Whether it holds of what lasted from a first millisecond until the first one after it; nil ends are open.
    package func holds(from first: Timestamp?, until last: Timestamp?) -> Bool {
        switch prefix {
        case .eq: isWithin(first, last)
        case .ne: !isWithin(first, last)
        case .gt: last.map { $0 > end } ?? true
        case .ge: last.map { $0 > start } ?? true
        case .lt: first.map { $0 < start } ?? true
        case .le: first.map { $0 < end } ?? true
        case .sa: first.map { $0 >= end } ?? false
        case .eb: last.map { $0 <= start } ?? false
        case .ap: (last.map { $0 > start } ?? true) && (first.map { $0 < end } ?? true)
        }
    }

    /// Whether it holds of a moment.
    package func holds(at time: Timestamp) -> Bool {
        holds(from: time, until: Timestamp(milliseconds: time.milliseconds + 1))
    }

    /// Whether it holds of a date.
    package func holds(of date: PartialDate) -> Bool { holds(from: date.start, until: date.end) }

    private func isWithin(_ first: Timestamp?, _ last: Timestamp?) -> Bool {
        guard let first, let last else { return false }
        return first >= start && last <= end
    }
}

extension [DateFilter] {
    /// Whether all of them hold of what lasted from a first millisecond until the first one after it; nil ends are open.
    package func hold(from first: Timestamp?, until last: Timestamp?) -> Bool {
        allSatisfy { $0.holds(from: first, until: last) }
    }

    /// Whether all of them hold of a moment.
    package func hold(at time: Timestamp) -> Bool { allSatisfy { $0.holds(at: time) } }

    /// Whether all of them hold of a date.
    package func hold(of date: PartialDate) -> Bool { allSatisfy { $0.holds(of: date) } }
}
