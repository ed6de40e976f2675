import ExchangeCore
import FHIREndpoint

/// One subject played over a row of seeds, counted and told.
struct Game {
    private let subject: ConsentCommand.Subject
    private let identity: ConnectionIdentity
    private let report: Report
    private let isTraced: Bool
    private let failsFast: Bool

    /// A game about a subject; `isTraced` tells what happens, for one seed.
    init(
        _ subject: ConsentCommand.Subject, identity: ConnectionIdentity, report: Report, isTraced: Bool, failsFast: Bool,
    ) {
        self.subject = subject
        self.identity = identity
        self.report = report
        self.isTraced = isTraced
        self.failsFast = failsFast
    }

    /// Plays the seeds and reports figures; returns how many violations there were.
    func play(_ seeds: ClosedRange<UInt64>) throws -> Int {
        let started = Report.reading()
        var violations = 0
        var answers = 0
        var telling = 0
        var played = 0
        for seed in seeds {
            let found: [String]
            do {
                let outcome = try play(seed)
                answers += outcome.answers
                telling += outcome.weight
                found = outcome.violations
            } catch {
                found = ["the simulation ended early: \(error)"]
            }
            for text in found { report.violation(seed: seed, of: subject.rawValue, text) }
            violations += found.count
            played += 1
            if failsFast, violations > 0 { break }
            report.progress("\(subject.rawValue): seed \(seed) of \(seeds.upperBound), \(violations) violations")
        }
        let name = "sim.\(subject.rawValue)"
        report.figure(
            name + ".seeds", played, violations: violations, seconds: Report.reading() - started)
        report.figure(name + ".answers", answers)
        report.figure(subject == .noninterference ? name + ".hidden" : name + ".overtaken", telling)
        return violations
    }

    private func play(_ seed: UInt64) throws -> (violations: [String], answers: Int, weight: Int) {
        let report = report
        let trace: (@Sendable (String) -> Void)? = isTraced ? { @Sendable in report.words($0) } : nil
        switch subject {
        case .noninterference:
            let outcome = try NonInterference(identity: identity, trace: trace).run(seed: seed)
            return (outcome.violations, outcome.answers, outcome.hidden)
        case .revocation:
            let outcome = try RevocationRace(identity: identity, trace: trace).run(seed: seed)
            return (outcome.violations, outcome.answers, outcome.overtaken)
        }
    }
}
