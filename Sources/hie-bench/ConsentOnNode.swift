import ConsentEngine
import ExchangeCore
import ExchangeNode
import PeerTransport

/// What consent costs a real node: memory for patients nobody asks about, and a find with a directive beside one without.
enum ConsentOnNode {
    private static let documentsOfPatient = 20

    static func measure(_ bench: Bench, decisionMicroseconds: Double) async throws {
        try await memory(bench)
        try await find(bench, decisionMicroseconds: decisionMicroseconds)
    }

    /// The resident memory of a node that has just started, before and after every patient has a directive.
    private static func memory(_ bench: Bench) async throws {
        let count = bench.options.quick ? 5_000 : 100_000
        try await bench.withNode { node in
            let (process, _) = try await node.start()
            let patients = try await node.register(count)
            node.stop(process)
            let before = try await idle(node)
            let (again, _) = try await node.start()
            let world = ConsentWorld(provisions: 3)
            let watch = Stopwatch()
            try await node.record(try patients.map { try world.consent(of: $0) })
            bench.report.words("\(count) directives recorded in \(Figure.digits(watch.seconds)) s")
            node.stop(again)
            let after = try await idle(node)
            bench.report.add(Figure("consent.node_idle_mb", after / 1e6, "MB"))
            bench.report.add(
                Figure("consent.idle_bytes_per_patient", max(0, after - before) / Double(count), "B", aim: .atMost(300)))
        }
    }

    /// Bytes of a node that was started and asked nothing: the least of three starts.
    private static func idle(_ node: BenchNode) async throws -> Double {
        var least = Double.infinity
        for _ in 0..<3 {
            let (process, _) = try await node.start()
            defer { node.stop(process) }
            try await World.system.sleep(.seconds(1))
            if let usage = ProcessUsage(of: process.id) { least = min(least, Double(usage.residentBytes)) }
        }
        return least
    }

    /// The node's CPU for a find of 20 documents: patients with 10 provisions beside patients with none, in turns.
    private static func find(_ bench: Bench, decisionMicroseconds: Double) async throws {
        try await bench.withNode { node in
            let (process, _) = try await node.start()
            defer { node.kill(process) }
            let count = bench.documents(20_000) / documentsOfPatient
            let ids = try await Filling(bench, node).fill(
                patients: count, each: documentsOfPatient, document: BenchDocument(bytes: 256)
            ).patients
            let half = Array(ids.prefix(count / 2))
            let world = ConsentWorld(provisions: 10)
            try await node.record(try half.map { try world.consent(of: $0) })
            let with = FindWork(node: node, patients: half, entries: documentsOfPatient)
            let without = FindWork(node: node, patients: Array(ids.dropFirst(count / 2)), entries: documentsOfPatient)
            let connections = try await node.connections(32)
            for work in [with, without] {
                _ = try await bench.loaded(node, process, work, over: connections, seconds: 1, seed: 1)
            }
            try await bench.demandIdle()
            var costs: (with: [Double], without: [Double]) = ([], [])
            try await bench.alternate {
                let (round, cpu) = try await bench.loaded(
                    node, process, with, over: connections, seconds: bench.seconds / 2, seed: UInt64(costs.with.count))
                costs.with.append(cpu / Double(round.done) * 1e6)
            } _: {
                let (round, cpu) = try await bench.loaded(
                    node, process, without, over: connections, seconds: bench.seconds / 2,
                    seed: UInt64(costs.without.count))
                costs.without.append(cpu / Double(round.done) * 1e6)
            }
            for connection in connections { connection.close() }
            report(bench, costs.with, costs.without, decisionMicroseconds)
        }
    }

    private static func report(_ bench: Bench, _ with: [Double], _ without: [Double], _ decisionMicroseconds: Double) {
        bench.report.add(Figure("consent.find_cpu_us", with.median, "us"))
        bench.report.add(Figure("consent.find_without_cpu_us", without.median, "us"))
        let ratio = with.median / without.median
        bench.report.add(
            Figure(
                "consent.find_overhead_percent", (ratio - 1) * 100, "%", aim: .atMost(5), against: "no-directive",
                ratio: Ratio(with, over: without)))
        // The evaluator's own part, without reading the directive: what a profile shows of it.
        let deciding = decisionMicroseconds * Double(documentsOfPatient)
        bench.report.add(Figure("consent.find_deciding_percent", deciding / with.median * 100, "%"))
    }
}
