import ArgumentParser
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Glibc
import PeerTransport

/// What every subject takes.
struct BenchOptions: ParsableArguments {
    @Flag(help: "End within 40 s for each subject; needs nothing installed.") var quick = false
    @Flag(help: "One JSON object a line instead of a table.") var json = false
    @Option(help: ArgumentHelp("Documents the node holds (find 100000, retrieve 10000; a tenth with --quick).", valueName: "n"))
    var documents: Int?
    @Option(help: ArgumentHelp("Writers that publish at the same time.", valueName: "n")) var connections = 64
    @Option(help: ArgumentHelp("Seconds of a round (4; 1.5 with --quick).", valueName: "s")) var seconds: Double?
    @Option(help: ArgumentHelp("Pairs of rounds (8; 4 with --quick).", valueName: "n")) var rounds: Int?
    @Option(help: ArgumentHelp("A folder on the disk to be measured; /var/tmp when not given.", valueName: "dir"))
    var folder: String?
    @Option(help: ArgumentHelp("The node's program; hie beside this one when not given.", valueName: "file"))
    var hie: String?
    @Option(
        help: ArgumentHelp("A command run with the node's process id while it is loaded, for profiling.", valueName: "command"))
    var during: String?

    func validate() throws {
        if let documents, !(20...10_000_000).contains(documents) { throw ValidationError("--documents is 20 to 10000000.") }
        guard (1...512).contains(connections) else { throw ValidationError("--connections is 1 to 512.") }
        if let seconds, !(0.1...600).contains(seconds) { throw ValidationError("--seconds is 0.1 to 600.") }
        if let rounds, !(1...100).contains(rounds) { throw ValidationError("--rounds is 1 to 100.") }
    }
}

/// One run of a subject: its options, its report, and how its rounds alternate.
struct Bench: Sendable {
    let options: BenchOptions
    let report: Report

    /// Seconds of one round.
    var seconds: Double { options.seconds ?? (options.quick ? 1.5 : 4) }
    /// Pairs of rounds.
    var rounds: Int { options.rounds ?? (options.quick ? 4 : 8) }

    /// A run, with what its figures must be read with.
    init(_ options: BenchOptions) {
        self.options = options
        report = Report(asJSON: options.json)
    }

    /// Says what the figures depend on, once a run.
    func preface() {
        #if DEBUG
            report.words("built without optimisation: the figures mean nothing")
        #endif
        report.words("client and node share this machine's \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores; loopback is no network")
    }

    /// How many documents a node is filled with.
    func documents(_ standard: Int) -> Int { options.documents ?? (options.quick ? standard / 10 : standard) }

    /// A node on the disk to be measured; removed when the body ends, its process with it.
    ///
    /// - Parameter configured: what its `node.yaml` says besides, as further lines.
    func withNode<Value: Sendable>(
        configured: String = "", _ body: (BenchNode) async throws -> Value,
    ) async throws -> Value {
        let node = try BenchNode(under: options.folder ?? "/var/tmp", program: try program(), configured: configured)
        defer { node.remove() }
        return try await body(node)
    }

    /// Whether the node's program is there.
    var hasProgram: Bool { (try? program()) != nil }

    private func program() throws(ExchangeError) -> String {
        if let named = options.hie { return named }
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = (own.lastIndex(of: "/").map { own[...$0] } ?? "") + "hie"
        guard FileManager.default.isExecutableFile(atPath: String(beside)) else {
            throw ExchangeError(.notFound, "there is no \(beside); build it with swift build -c release --product hie")
        }
        return String(beside)
    }

    /// A, B, B, A, ...: what drifts on the machine falls on both alike.
    func alternate(_ ours: () async throws -> Void, _ theirs: () async throws -> Void) async throws {
        for round in 0..<rounds {
            if round.isMultiple(of: 2) {
                try await ours()
                try await theirs()
            } else {
                try await theirs()
                try await ours()
            }
        }
    }

    /// One round of a load against a node; its node's CPU seconds beside it.
    func loaded(
        _ node: BenchNode, _ process: ChildProcess, _ work: some Workload, over connections: [HTTPConnection],
        seconds: Double, seed: UInt64,
    ) async throws(ExchangeError) -> (round: LoadRound, cpuSeconds: Double) {
        let before = ProcessUsage(of: process.id)
        let round = await Load.run(work, over: connections, seconds: seconds, seed: seed)
        guard let before, let after = ProcessUsage(of: process.id), round.done > 0 else {
            throw node.failure(process, round.fault)
        }
        if round.failed > 0 { report.words("\(round.failed) wrong answers, not counted; one was: \(round.fault ?? "")") }
        return (round, after.cpuSeconds - before.cpuSeconds)
    }

    /// Runs the command of `--during` while a load goes on, when one is given.
    func profiled(_ process: ChildProcess, _ work: some Workload, over connections: [HTTPConnection])
        async throws(ExchangeError)
    {
        guard let command = options.during else { return }
        report.words("running: \(command) \(process.id)")
        let watching = try ChildProcess("/bin/sh", ["-c", "\(command) \(process.id)"], log: "/dev/stderr")
        var seed: UInt64 = 9000
        while !watching.hasEnded {
            seed += 1
            _ = await Load.run(work, over: connections, seconds: 0.5, seed: seed)
        }
    }

    /// The share of the machine that others left us in the last half second, as a word of warning.
    func demandIdle() async throws {
        let before = HostIdle()
        try await World.system.sleep(.milliseconds(500))
        let share = HostIdle().share(since: before)
        if share < 0.5 {
            report.words(
                "the machine was only \(Int(share * 100)) % idle before the rounds: rates and latencies mean little, CPU holds")
        }
    }
}
