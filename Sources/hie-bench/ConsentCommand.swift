import ArgumentParser
import ConsentEngine
import ExchangeCore
import FoundationEssentials
import Glibc

/// `hie-bench consent`.
struct ConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract: "Decide consent with the node's own evaluator, on one core, nothing else running.",
        discussion: """
            Decisions a second and p99 for 1, 10 and 100 provisions and 1, 20 and 500 documents;
            then a random patient of many; then a node of patients with a directive beside patients
            with none: memory when idle, and what a find costs more; then cedarpy and casbin on a
            like question, where a Python with them is given.

            EXAMPLE
              hie-bench consent --quick
              hie-bench consent --python venv/bin/python3 --json
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: ArgumentHelp("A Python that has cedarpy and casbin.", valueName: "file")) var python = "python3"
    @Option(help: ArgumentHelp("The script that asks them.", valueName: "file"))
    var peers = "../shared/peers/policy_peers.py"
    @Option(help: ArgumentHelp("Patients with a directive (1000000; a tenth with --quick).", valueName: "n"))
    var patients: Int?

    func validate() throws {
        if let patients, !(1000...10_000_000).contains(patients) {
            throw ValidationError("--patients is 1000 to 10000000.")
        }
    }

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        let seconds = options.seconds ?? (options.quick ? 0.2 : 1)
        let hot = Self.grid(bench, seconds: seconds)
        Self.explain(bench, seconds: seconds)
        Self.crowd(bench, patients: patients ?? (options.quick ? 100_000 : 1_000_000))
        try await ConsentOnNode.measure(bench, decisionMicroseconds: hot)
        try beside(bench, hot: hot)
        bench.report.end()
    }

    /// All sizes; the microseconds of one decision with 10 provisions and 20 documents.
    private static func grid(_ bench: Bench, seconds: Double) -> Double {
        var hot = 0.0
        for provisions in [1, 10, 100] {
            let world = ConsentWorld(provisions: provisions)
            let consent = world.compiled(number: 0)
            let wrong = world.documents(500).count { document in
                consent.decide(world.request, document: document).isPermitted != world.permits(document)
            }
            if wrong > 0 { bench.report.words("\(wrong) of 500 decisions with \(provisions) provisions were wrong") }
            for count in [1, 20, 500] {
                let documents = world.documents(count)
                let rounds = Rounds.run(seconds: seconds) {
                    if count == 1 { return consent.decide(world.request, document: documents[0]).isPermitted ? 1 : 0 }
                    return consent.decide(world.request, documents: documents).count { $0.isPermitted }
                }
                let name = "consent.p\(provisions).d\(count)"
                let each = rounds.nanoseconds / Double(count) / 1000
                let isAimed = provisions == 10
                bench.report.add(Figure(name + ".decisions_per_s", 1e6 / each, "1/s"))
                bench.report.add(
                    Figure(name + ".decision_us", each, "us", aim: isAimed ? .atMost(1) : nil))
                bench.report.add(Figure(name + ".p99_us", rounds.p99 / 1000, "us"))
                if provisions == 10, count == 20 { hot = each }
            }
            let directive = world.directive(number: 0)
            let compile = Rounds.run(seconds: seconds / 2) { world.compiled(directive).isEmpty ? 1 : 0 }
            bench.report.add(Figure("consent.p\(provisions).compile_us", compile.nanoseconds / 1000, "us"))
        }
        bench.report.add(Figure("consent.decision_us", hot, "us", aim: .atMost(1)))
        return hot
    }

    private static func explain(_ bench: Bench, seconds: Double) {
        let world = ConsentWorld(provisions: 10)
        let consent = world.compiled(number: 0)
        let document = world.documents(1)[0]
        let rounds = Rounds.run(seconds: seconds) { consent.explain(world.request, document: document).steps.count }
        bench.report.add(Figure("consent.explain_us", rounds.nanoseconds / 1000, "us"))
    }

    /// A directive for every patient, compiled and kept; each question is about a patient drawn at random.
    private static func crowd(_ bench: Bench, patients: Int) {
        let world = ConsentWorld(provisions: 3)
        let document = world.documents(1)[0]
        var figures: [(patients: Int, p99: Double)] = []
        for count in [patients / 100, patients] {
            let before = ProcessUsage(of: getpid())?.residentBytes ?? 0
            var table: [CompiledConsent] = []
            table.reserveCapacity(count)
            for number in 0..<count { table.append(world.compiled(number: number)) }
            let after = ProcessUsage(of: getpid())?.residentBytes ?? 0
            var chance = Chance(seed: 11)
            var times: [Double] = []
            for _ in 0..<200_000 {
                let consent = table[Int.random(in: 0..<count, using: &chance)]
                let watch = Stopwatch()
                let decision = consent.decide(world.request, document: document)
                times.append(Double(watch.nanoseconds))
                if !decision.isPermitted { bench.report.words("a decision about a random patient was wrong") }
            }
            times.sort()
            figures.append((count, times[times.count * 99 / 100] / 1000))
            if count == patients {
                bench.report.add(
                    Figure("consent.compiled_bytes_per_patient", Double(max(0, after - before)) / Double(count), "B"))
            }
        }
        for (count, p99) in figures.dropLast() { bench.report.add(Figure("consent.random_p99_us.\(count)", p99, "us")) }
        if let last = figures.last { bench.report.add(Figure("consent.random_p99_us", last.p99, "us", aim: .atMost(2))) }
    }

    /// The peers' own words: `name: 67.1 us`, `not installed: name`.
    private func beside(_ bench: Bench, hot: Double) throws {
        guard access(peers, R_OK) == 0 else { return bench.report.words("cedarpy and casbin are skipped: no \(peers)") }
        let log = "/tmp/hie-bench-peers-\(getpid())"
        defer { unlink(log) }
        guard let child = try? ChildProcess(python, [peers], log: log) else {
            return bench.report.words("cedarpy and casbin are skipped: no \(python)")
        }
        child.wait()
        for line in (ProcFile.text(log) ?? "").split(separator: "\n") {
            if line.hasPrefix("not installed") { bench.report.words("skipped: \(line)") }
            guard let colon = line.lastIndex(of: ":"), line.hasSuffix(" us"),
                let value = Double(line[line.index(after: colon)...].dropFirst().dropLast(3))
            else { continue }
            let name = line[..<colon]
            if name.hasPrefix("cedarpy, parsed") {
                bench.report.add(
                    Figure(
                        "consent.vs_cedar", value / hot, "x", aim: .atLeast(100), against: "cedarpy",
                        ratio: Ratio([hot], over: [value])))
            }
            if name.hasPrefix("casbin") {
                bench.report.add(Figure("consent.vs_casbin", value / hot, "x", aim: .atLeast(100), against: "casbin"))
            }
        }
    }
}

/// Times one thing over and over.
private struct Rounds {
    /// The median of one turn.
    let nanoseconds: Double
    /// The 99th percentile of one turn.
    let p99: Double

    static func run(seconds: Double, _ body: () -> Int) -> Rounds {
        var sink = 0
        for _ in 0..<200 { sink &+= body() }
        var times: [Double] = []
        let total = Stopwatch()
        while total.seconds < seconds || times.count < 100 {
            // Sixteen turns between two looks at the clock: its own cost is some 25 ns.
            let watch = Stopwatch()
            for _ in 0..<16 { sink &+= body() }
            times.append(Double(watch.nanoseconds) / 16)
        }
        times.sort()
        withExtendedLifetime(sink) {}
        return Rounds(nanoseconds: times[times.count / 2], p99: times[times.count * 99 / 100])
    }
}
