import ArgumentParser
import ExchangeCore

/// `hie-sim locate`.
struct LocateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locate",
        abstract: "Every answer across communities says what it covers, whatever fails.",
        discussion: """
            Each seed is a network of two to eight other facilities and twenty questions about three
            patients, while addresses refuse, fall silent, slow down, lose requests, break off, refuse
            the asker, lie about whose documents they show, or speak nonsense; documents come and go,
            and patients change their ids. Of each answer it is checked that the receipt names every
            facility of the directory once and truly, that no document is missing unsaid, shown twice
            or of another patient, that the deadline held, and that going on with a question loses
            nothing.

            Violations go to stderr, the seed first. Exit code 1 when there are any.

            EXAMPLE
              hie-sim locate --seeds 5000 --json
              hie-sim locate --seed 17
            """)

    @Option(help: ArgumentHelp("How many seeds, of twenty questions each.", valueName: "n")) var seeds = 5000
    @Option(help: ArgumentHelp("The first seed.", valueName: "seed")) var first: UInt64 = 1
    @Option(help: ArgumentHelp("Play one seed and tell what happens.", valueName: "seed")) var seed: UInt64?
    @Flag(help: "One JSON object a line.") var json = false
    @Flag(help: "End at the first seed that fails.") var failFast = false

    func validate() throws {
        guard (1...10_000_000).contains(seeds) else { throw ValidationError("--seeds is 1 to 10000000.") }
    }

    func run() throws {
        let report = Report(asJSON: json)
        let isTraced = seed != nil
        let game = LocatorGame(trace: isTraced ? { @Sendable in report.words($0) } : nil)
        let started = Report.reading()
        var total = LocatorGame.Outcome()
        var violations = 0
        var played = 0
        for seed in seed.map({ $0...$0 }) ?? first...(first &+ UInt64(seeds - 1)) {
            let outcome: LocatorGame.Outcome
            do { outcome = try game.run(seed: seed) } catch {
                outcome = .init(violations: ["the simulation ended early: \(error)"])
            }
            for text in outcome.violations { report.violation(seed: seed, of: "locate", text) }
            violations += outcome.violations.count
            total.answers += outcome.answers
            total.gaps += outcome.gaps
            played += 1
            if failFast, violations > 0 { break }
            report.progress("locate: \(played) seeds, \(total.answers) answers, \(violations) violations")
        }
        report.figure("sim.locate.seeds", played, violations: violations, seconds: Report.reading() - started)
        report.figure("sim.locate.answers", total.answers)
        report.figure("sim.locate.gaps", total.gaps)
        if violations > 0 { throw ExitCode.failure }
    }
}
