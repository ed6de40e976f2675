import ArgumentParser
import ExchangeCore
import FHIREndpoint

/// `hie-sim consent`.
struct ConsentCommand: ParsableCommand {
    /// What is checked.
    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case noninterference, revocation
    }

    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract: "What is denied does not show, and what is revoked does not leave.",
        discussion: """
            noninterference  two regions that differ only in documents denied to a requester answer
                             the requester alike: status, headers and bodies, byte for byte
            revocation       queries, fan-outs and revocations interleaved: after a revocation is
                             acknowledged, nothing that it forbids leaves the node

            Violations go to stderr, the seed first. Exit code 1 when there are any.

            EXAMPLE
              hie-sim consent --seeds 200 --json
              hie-sim consent --only revocation --seed 17
            """)

    @Option(help: ArgumentHelp("How many seeds each (2000 and 5000).", valueName: "n")) var seeds: Int?
    @Option(help: ArgumentHelp("The first seed.", valueName: "seed")) var first: UInt64 = 1
    @Option(help: ArgumentHelp("Play one seed and tell what happens.", valueName: "seed")) var seed: UInt64?
    @Option(help: ArgumentHelp("One of the two: noninterference or revocation.", valueName: "subject")) var only: Subject?
    @Flag(help: "One JSON object a line.") var json = false
    @Flag(help: "End at the first seed that fails.") var failFast = false

    func validate() throws {
        if let seeds, !(1...10_000_000).contains(seeds) { throw ValidationError("--seeds is 1 to 10000000.") }
        if seed != nil, seeds != nil { throw ValidationError("--seed plays one seed; leave --seeds out.") }
    }

    func run() throws {
        let report = Report(asJSON: json)
        let identity = try ConnectionIdentity.forSimulations()
        var violations = 0
        for subject in Subject.allCases where only == nil || only == subject {
            let game = Game(subject, identity: identity, report: report, isTraced: seed != nil, failsFast: failFast)
            let wanted = seed.map { $0...$0 } ?? first...(first &+ UInt64(count(of: subject) - 1))
            violations += try game.play(wanted)
        }
        if violations > 0 { throw ExitCode.failure }
    }

    private func count(of subject: Subject) -> Int {
        seeds ?? (subject == .noninterference ? 2000 : 5000)
    }
}
