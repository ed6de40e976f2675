/// A place where the text breaks a rule of the house.
struct Finding: CustomStringConvertible, Equatable {
    let rule: Rule
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(rule.rawValue): \(message)" }
}

/// The rules, by the name they have in findings and in the list of exceptions.
enum Rule: String, CaseIterable {
    case layer, clock, randomness, sleep, unstructured, unchecked, access, printing, markup, regex, sql, tls
    case sharedClient, crash, unwrap, length, documentation, name, secret, unfinished, test
}

/// A file that may do what a rule forbids to all others, and why.
struct Exception {
    let rule: Rule
    let path: String
    let reason: String
}

/// The doors of the house: whoever owns a danger stands here, with the reason. Nothing else may.
let exceptions: [Exception] = [
    .init(.clock, "Sources/ExchangeNode/SystemWorld.swift", "opens World's clocks to the system"),
    .init(.randomness, "Sources/ExchangeNode/SystemWorld.swift", "opens World's randomness to the system"),
    .init(.sleep, "Sources/ExchangeNode/SystemWorld.swift", "opens World's waiting to the system"),
    .init(.clock, "Sources/hie-bench/Stopwatch.swift", "measures real time; that is its job"),
    .init(.printing, "Sources/hie/Terminal.swift", "the one place where hie writes to its user"),
    .init(.printing, "Sources/hie-bench/Report.swift", "the one place where hie-bench prints figures"),
    .init(.printing, "Sources/hie-sim/Report.swift", "the one place where hie-sim prints figures"),
    .init(.clock, "Sources/hie-sim/Report.swift", "says after two real seconds how far it is"),
    .init(.unstructured, "Sources/Simulation/SeededScheduler.swift", "starts the simulated world's first task"),
]

extension Exception {
    init(_ rule: Rule, _ path: String, _ reason: String) { self.init(rule: rule, path: path, reason: reason) }
}

extension [Finding] {
    /// What remains when the exceptions are taken out.
    var unexcused: [Finding] {
        filter { finding in !exceptions.contains { $0.rule == finding.rule && $0.path == finding.path } }
    }

    /// One finding a line, for a failing test.
    var listing: String { map { "\n  " + $0.description }.joined() }
}
