import ExchangeCore
import Glibc
import JSON
import Simulation
import Synchronization

/// The one place that prints: figures to stdout, words about what is going on to stderr.
final class Report: Sendable {
    private let asJSON: Bool
    private let told = Mutex(Report.reading())

    /// A report; with `asJSON` a figure is one JSON object a line.
    init(asJSON: Bool) { self.asJSON = asJSON }

    /// A count, and how often what must not happen happened.
    func figure(_ name: String, _ value: Int, violations: Int? = nil, seconds: Double? = nil) {
        guard asJSON else {
            let end = violations.map { ", \($0 == 0 ? "no" : "\($0)") violation\($0 == 1 ? "" : "s")" } ?? ""
            let time = seconds.map { ", in \(Self.tenths($0)) s" } ?? ""
            return Self.write("\(name)  \(value)\(end)\(time)", to: STDOUT_FILENO)
        }
        var object: JSONObject = ["figure": .string(name), "value": .number("\(value)")]
        object["violations"] = violations.map { .number("\($0)") }
        object["seconds"] = seconds.map { .number(Self.tenths($0)) }
        Self.write(String(decoding: JSONWriter.bytes(.object(object)), as: UTF8.self), to: STDOUT_FILENO)
    }

    /// A violation: the seed first, then what was seen.
    func violation(seed: UInt64, of subject: String, _ text: String) {
        Self.write("seed \(seed): \(subject): \(text)", to: STDERR_FILENO)
    }

    /// Says something to whoever watches.
    func words(_ text: String) { Self.write(text, to: STDERR_FILENO) }

    /// Says how far it is, not more often than every two seconds.
    func progress(_ text: @autoclosure () -> String) {
        let isDue = told.withLock { told in
            let now = Self.reading()
            guard now - told >= 2 else { return false }
            told = now
            return true
        }
        if isDue { words(text()) }
    }

    /// Real seconds since some moment.
    static func reading() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func tenths(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func write(_ text: String, to file: Int32) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
        }
    }
}
