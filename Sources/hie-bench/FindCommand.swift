import ArgumentParser
import ExchangeCore
import PeerTransport

/// `hie-bench find`.
struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find a random patient's 20 documents (ITI-67), consent decided and access journaled.",
        discussion: """
            Fills a node, asks over 1 and 32 connections, checks the entries of each answer; asked
            at a tenth of the documents too, it says how a find's CPU grows.
            A find is journaled before it is answered, so the floor beside it is one write
            with its sync on the same disk. Then the node is killed and started again.

            EXAMPLE
              hie-bench find --documents 100000
            """)

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        try await Self.measure(bench)
        bench.report.end()
    }

    private static let documentsOfPatient = 20

    static func measure(_ bench: Bench) async throws {
        try await bench.withNode { node in
            let (process, _) = try await node.start()
            defer { node.kill(process) }
            let patients = max(10, bench.documents(100_000) / documentsOfPatient)
            let document = BenchDocument(bytes: 256)
            let filling = Filling(bench, node)
            var ids = try await filling.fill(patients: patients / 10, each: documentsOfPatient, document: document).patients
            let few = try await cost(bench, node, process, FindWork(node: node, patients: ids, entries: documentsOfPatient))
            ids += try await filling.fill(
                patients: patients - ids.count, each: documentsOfPatient, document: document, first: ids.count).patients
            let work = FindWork(node: node, patients: ids, entries: documentsOfPatient)
            try await Asking(bench, node, process, name: "find").measure(
                work, cpuMax: 150, singleP50Max: 3, during: true)
            let many = try await cost(bench, node, process, work)
            bench.report.add(
                Figure(
                    "find.growth", Ratio(many, over: few)?.median ?? 0, "times", aim: .atMost(1.15),
                    against: "a tenth of the documents: \(Figure.digits(few.median)) us of CPU; all: \(Figure.digits(many.median)) us",
                    ratio: Ratio(many, over: few)))
            if let usage = ProcessUsage(of: process.id) {
                bench.report.add(Figure("find.peak_rss_mb", Double(usage.peakBytes) / 1e6, "MB"))
            }
            try await restart(bench, node, process, work)
        }
    }

    /// The node's CPU for a find over 32 connections, in microseconds, a value for each round.
    private static func cost(
        _ bench: Bench, _ node: BenchNode, _ process: ChildProcess, _ work: FindWork,
    ) async throws -> [Double] {
        let connections = try await node.connections(32)
        defer { for connection in connections { connection.close() } }
        _ = try await bench.loaded(node, process, work, over: connections, seconds: bench.seconds / 4, seed: 1)
        var costs: [Double] = []
        for seed in 0..<UInt64(bench.rounds) {
            let (round, cpu) = try await bench.loaded(
                node, process, work, over: connections, seconds: bench.seconds / 4, seed: seed + 20)
            costs.append(cpu / Double(round.done) * 1e6)
        }
        return costs
    }

    /// Kills the node, starts it again, and asks whether everything is still there.
    private static func restart(_ bench: Bench, _ node: BenchNode, _ process: ChildProcess, _ work: FindWork) async throws {
        node.kill(process)
        var starts: [Double] = []
        for _ in 0..<3 {
            let (again, milliseconds) = try await node.start()
            defer { node.kill(again) }
            starts.append(milliseconds)
            let connections = try await node.connections(1)
            let round = await Load.run(work, over: connections, seconds: 0.2, seed: 7)
            guard round.done > 0, round.failed == 0 else {
                throw ExchangeError(.corrupted, "after kill -9 a find was wrong: \(round.fault ?? "no answer")")
            }
        }
        bench.report.add(Figure("node.start_ms", starts.median, "ms", aim: .atMost(1000)))
    }
}
