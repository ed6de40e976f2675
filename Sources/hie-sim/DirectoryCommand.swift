import ArgumentParser
import Dispatch
import DirectorySimulation
import Glibc
import Synchronization

/// `hie-sim directory`.
struct DirectoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "directory",
        abstract: "Networks of directories under every fault and attack: what must hold, and how fast it heals.",
        discussion: """
            Each seed starts its nodes, lets things go wrong, mends everything, and checks: nothing
            is held that its owner did not sign, nothing goes back, nobody well is called gone, all
            agree. Then it measures an update, a crash and a silent host. With --scale the network
            begins complete: an update under 0, 10 and 30 % dead, at up to 10,000 nodes.

            FAULTS
              kill pause partition loss clock hostile update rotate revoke leave restore

            EXAMPLE
              hie-sim directory --seeds 1000 --nodes 50
              hie-sim directory --nodes 50 --seed 17 --trace
              hie-sim directory --nodes 50 --seeds 1000 --short
              hie-sim directory --topology Topology/three-facilities.yaml --faults kill,partition
              hie-sim directory --scale --nodes 10000
            """)

    @Option(help: ArgumentHelp("How many nodes (50).", valueName: "n")) var nodes: Int?
    @Option(help: ArgumentHelp("How many seeds (1000).", valueName: "n")) var seeds: Int?
    @Option(help: ArgumentHelp("The first seed.", valueName: "seed")) var first: UInt64 = 1
    @Option(help: ArgumentHelp("How many seeds at once (as many as processors).", valueName: "n")) var jobs: Int?
    @Option(help: ArgumentHelp("Play one seed.", valueName: "seed")) var seed: UInt64?
    @Option(help: ArgumentHelp("What goes wrong, parted by commas; all, or none.", valueName: "faults"))
    var faults = "all"
    @Option(help: ArgumentHelp("Hostile nodes, 0 to 4.", valueName: "n")) var hostile = 2
    @Option(help: ArgumentHelp("Between two hosts, one way, in microseconds (1000; 20000 with --scale).", valueName: "us")) var latency: Int64?
    @Option(help: ArgumentHelp("Nodes and who asks whom first, from a topology file.", valueName: "file"))
    var topology: String?
    @Flag(help: "Measure an update, equivocation, crash and silence in a complete network.") var scale = false
    @Flag(help: "Things go wrong for 10 s instead of 20, and nothing is measured after them.") var short = false
    @Flag(help: "Tell what happens; for one seed.") var trace = false
    @Flag(help: "One JSON object a line.") var json = false
    @Flag(help: "End at the first seed that fails.") var failFast = false

    func validate() throws {
        if let nodes, !(2...10_000).contains(nodes) { throw ValidationError("--nodes is 2 to 10000.") }
        if let seeds, !(1...1_000_000).contains(seeds) { throw ValidationError("--seeds is 1 to 1000000.") }
        if let jobs, !(1...64).contains(jobs) { throw ValidationError("--jobs is 1 to 64.") }
        if !(0...4).contains(hostile) { throw ValidationError("--hostile is 0 to 4.") }
        if trace, seed == nil { throw ValidationError("--trace tells one seed; give it with --seed.") }
        _ = try chosen()
    }

    private func chosen() throws -> Set<DirectoryFault> {
        if faults == "all" { return Set(DirectoryFault.allCases) }
        if faults == "none" { return [] }
        return try Set(
            faults.split(separator: ",").map { name in
                guard let fault = DirectoryFault(rawValue: String(name)) else {
                    throw ValidationError("--faults knows no \(name).")
                }
                return fault
            })
    }

    func run() throws {
        let report = Report(asJSON: json)
        var region = DirectoryTopology(nodes: nodes ?? (scale ? 1000 : 50))
        if let topology { region = try DirectoryTopology(file: topology) }
        let cast = try Cast(nodes: region.names.count, names: region.names)
        var plan = DirectoryPlan(nodes: region.names.count, faults: try chosen())
        plan.hostile = hostile
        plan.latency = latency ?? (scale ? 20_000 : 1000)
        plan.seedsByNode = region.seeds
        if scale { return try measure(cast, plan, report) }
        let wanted = seed.map { $0...$0 } ?? first...(first + UInt64((seeds ?? 1000) - 1))
        let started = Report.reading()
        let tally = try play(wanted, cast, short ? plan.short : plan, report)
        tally.report(to: report, seconds: Report.reading() - started)
        if tally.violations > 0 { throw ExitCode.failure }
    }

    /// Plays the seeds, as many at once as there are processors: each is a world of its own.
    private func play(_ wanted: ClosedRange<UInt64>, _ cast: Cast, _ plan: DirectoryPlan, _ report: Report) throws
        -> DirectoryTally
    {
        let state = Mutex((next: wanted.lowerBound, tally: DirectoryTally()))
        let workers = min(jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), wanted.count)
        // What one remembers of texts it has read, another would wait for: each has its own.
        let casts = try (0..<workers).map { try $0 == 0 ? cast : Cast(nodes: plan.nodes, names: cast.names) }
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            while true {
                let taken = state.withLock { state -> UInt64? in
                    guard state.next <= wanted.upperBound, !(failFast && state.tally.violations > 0) else { return nil }
                    defer { state.next += 1 }
                    return state.next
                }
                guard let number = taken else { return }
                let tell: (@Sendable (String) -> Void)? = trace ? { @Sendable line in report.words(line) } : nil
                let outcome = DirectoryPlay(casts[worker], plan, tell: tell).run(seed: number)
                for text in outcome.violations { report.violation(seed: number, of: "directory", text) }
                if seed != nil { report.words("trace \(String(outcome.trace, radix: 16)), \(outcome.events) events") }
                let violations = state.withLock { state in
                    state.tally.add(outcome, of: number)
                    return state.tally.violations
                }
                report.progress("directory: seed \(number) of \(wanted.upperBound), \(violations) violations")
            }
        }
        return state.withLock { $0.tally }
    }

    private func measure(_ cast: Cast, _ plan: DirectoryPlan, _ report: Report) throws {
        let scale = DirectoryScale(cast, plan)
        scale.measure(seed: seed ?? first) { figure in
            report.figure("sim.directory.\(figure.name)", Int(figure.value.rounded()))
        }
        guard plan.nodes <= 100 else { return }
        for seconds in [23, 63, 600] {
            let healed = scale.healing(after: seconds, seed: seed ?? first)
            report.figure("sim.directory.healed_after_\(seconds)_s_ms", Int(healed.records.rounded()))
            report.figure("sim.directory.reach_healed_after_\(seconds)_s_ms", Int(healed.reach.rounded()))
        }
    }
}

/// What a row of seeds showed, together.
private struct DirectoryTally {
    var seeds = 0
    var violations = 0
    var events = 0
    /// Violations by what the issue calls them: none may happen, and each is said.
    private var counts = ["resurrections": 0, "foreign_changes": 0, "false_unreachable": 0]
    private var rows: [String: [(value: Double, seed: UInt64)]] = [:]

    mutating func add(_ outcome: DirectoryOutcome, of seed: UInt64) {
        seeds += 1
        violations += outcome.violations.count
        events += outcome.events
        for text in outcome.violations {
            let names = ["I1": "foreign_changes", "I2": "resurrections", "I5": "resurrections", "I7": "false_unreachable"]
            if let name = names[String(text.prefix(2))] { counts[name, default: 0] += 1 }
        }
        /// A short plan measures nothing.
        func measured(_ value: Double) -> Double? { value > 0 ? value : nil }
        let figures: [(String, Double?)] = [
            ("boot_ms", outcome.boot), ("healed_ms", outcome.healed), ("update_ms", measured(outcome.spread)),
            ("crash_ms", outcome.crash), ("silent_ms", outcome.silent), ("idle_bytes_per_s", measured(outcome.idleBytes)),
            ("idle_frames_per_1000_s", measured(outcome.idleFrames * 1000)),
        ]
        for (name, value) in figures { if let value { rows[name, default: []].append((value, seed)) } }
    }

    func report(to report: Report, seconds: Double) {
        report.figure("sim.directory.seeds", seeds, violations: violations, seconds: seconds)
        report.figure("sim.directory.events", events)
        for name in counts.keys.sorted() { report.figure("sim.directory.\(name)", counts[name] ?? 0) }
        for name in rows.keys.sorted() {
            let sorted = (rows[name] ?? []).sorted { ($0.value, $0.seed) < ($1.value, $1.seed) }
            guard let last = sorted.last else { continue }
            for share in [50, 99] {
                // The nearest rank.
                let place = (sorted.count * share + 99) / 100 - 1
                report.figure("sim.directory.\(name).p\(share)", Int(sorted[place].value.rounded()))
            }
            report.figure("sim.directory.\(name).max", Int(last.value.rounded()))
            report.words("sim.directory.\(name): the most at seed \(last.seed)")
        }
    }
}

/// Who takes part, and whom each asks first.
private struct DirectoryTopology {
    var names: [String]
    var seeds: [Int: [Int]]?

    init(nodes: Int) { names = (0..<nodes).map { "Facility \($0)" } }

    /// Reads the communities of a topology file: lines of the form `- name: ...` under `communities`, and their `seeds`.
    init(file: String) throws {
        guard let stream = fopen(file, "r") else { throw ValidationError("cannot read \(file)") }
        defer { fclose(stream) }
        var names: [String] = []
        var slugs: [String: Int] = [:]
        var links: [(from: Int, to: String)] = []
        var isSeeds = false
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, Int32(buffer.count), stream) != nil {
            let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let text = line.trimmingPrefix { $0 == " " }.filter { $0 != "\n" && $0 != "\"" }
            if text.hasPrefix("- name:") || text.hasPrefix("- id:") {
                names.append(String(text.drop { $0 != ":" }.dropFirst().trimmingPrefix { $0 == " " }))
                isSeeds = false
            } else if text.hasPrefix("slug:") {
                slugs[String(text.dropFirst(5).trimmingPrefix { $0 == " " })] = names.count - 1
            } else if text.hasPrefix("seeds:") {
                isSeeds = true
                let inline = text.drop { $0 != ":" }.dropFirst().filter { !"[] ".contains($0) }
                for name in inline.split(separator: ",") { links.append((names.count - 1, String(name))) }
            } else if isSeeds, text.hasPrefix("- ") {
                links.append((names.count - 1, String(text.dropFirst(2))))
            } else {
                isSeeds = false
            }
        }
        guard names.count >= 2 else { throw ValidationError("\(file) names fewer than two communities") }
        self.names = names
        guard !links.isEmpty else { return }
        var seeds: [Int: [Int]] = [:]
        for (from, to) in links where from >= 0 { if let at = slugs[to] { seeds[from, default: []].append(at) } }
        self.seeds = seeds
    }
}
