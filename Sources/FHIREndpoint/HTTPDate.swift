import ExchangeCore
import Synchronization

/// The `Date` header (RFC 9110 section 5.6.7), made once a second.
final class HTTPDate: Sendable {
    private let last = Mutex<(seconds: Int64, text: String)>((.min, ""))

    /// The date of a moment, such as `Mon, 02 Mar 2026 10:15:00 GMT`.
    func text(_ time: Timestamp) -> String {
        last.withLock { last in
            if last.seconds != time.seconds { last = (time.seconds, Self.format(time)) }
            return last.text
        }
    }

    static func format(_ time: Timestamp) -> String {
        let days = time.seconds >= 0 ? time.seconds / 86400 : (time.seconds - 86399) / 86400
        let rest = Int(time.seconds - days * 86400)
        let date = Calendar.date(daysSinceEpoch: days)
        // 1970-01-01 was a Thursday.
        let weekday = Int(((days + 4) % 7 + 7) % 7)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(weekdays[weekday]), \(two(date.day)) \(months[date.month - 1]) \(date.year) "
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
