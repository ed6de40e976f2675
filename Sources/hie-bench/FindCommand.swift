import ArgumentParser
import ExchangeCore
import PeerTransport

/// `hie-bench find`.
struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find a random patient's 20 documents (ITI-67), consent decided and access journaled.",
        discussion: """
            Fills a node, asks over 1 and 32 connections, checks the entries of each answer.
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
            let patients = max(1, bench.documents(100_000) / documentsOfPatient)
            let ids = try await Filling(bench, node).fill(
                patients: patients, each: documentsOfPatient, document: BenchDocument(bytes: 256)
            ).patients
            let work = FindWork(node: node, patients: ids, entries: documentsOfPatient)
            try await Asking(bench, node, process, name: "find").measure(
                work, cpuMax: 250, singleP50Max: 3, during: true)
            if let usage = ProcessUsage(of: process.id) {
                bench.report.add(Figure("find.peak_rss_mb", Double(usage.peakBytes) / 1e6, "MB"))
            }
            try await restart(bench, node, process, work)
        }
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
