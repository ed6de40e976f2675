import ExchangeCore
import PeerTransport

/// Fills a node through its own front door.
struct Filling: Sendable {
    private let bench: Bench
    private let node: BenchNode

    /// Filling for a run.
    init(_ bench: Bench, _ node: BenchNode) {
        self.bench = bench
        self.node = node
    }

    /// Registers patients and publishes so many documents of each, in one Bundle a patient; `first` were filled in before.
    func fill(patients count: Int, each: Int, document: BenchDocument, first: Int = 0) async throws
        -> (patients: [String], documents: [FillWork.Filled])
    {
        let watch = Stopwatch()
        let patients = try await node.register(count, from: first)
        bench.report.words("\(count) patients registered in \(Figure.digits(watch.seconds)) s")
        let work = FillWork(node: node, document: document, count: each)
        let connections = try await node.connections(16)
        let items = patients.enumerated().map { (patient: $1, number: ($0 + first) * each + 1) }
        let round = await Load.send(work, items: items, over: connections)
        for connection in connections { connection.close() }
        guard round.failed == 0 else {
            throw ExchangeError(.unavailable, "\(round.failed) Bundles were not taken: \(round.fault ?? "")")
        }
        bench.report.words(
            "\(count * each) documents of \(document.bytes) bytes published in \(Figure.digits(round.seconds)) s")
        return (patients, work.filled)
    }
}

/// Measures questions that are journaled before they are answered: over one connection, beside the bare sync, and over 32.
struct Asking: Sendable {
    private let bench: Bench
    private let node: BenchNode
    private let process: ChildProcess
    private let name: String

    /// Measuring under a name, such as `find`.
    init(_ bench: Bench, _ node: BenchNode, _ process: ChildProcess, name: String) {
        self.bench = bench
        self.node = node
        self.process = process
        self.name = name
    }

    func measure(_ work: some Workload, cpuMax: Double?, singleP50Max: Double?, during: Bool) async throws {
        let one = try await node.connections(1)
        let many = try await node.connections(32)
        _ = try await bench.loaded(node, process, work, over: many, seconds: 1, seed: 1)
        try await bench.demandIdle()
        let disk = BareDisk(folder: node.folder)
        var single: [LoadRound] = []
        var singleCPU = 0.0
        var loaded: [LoadRound] = []
        var loadedCPU = 0.0
        var floor: [BareDisk.Round] = []
        try await bench.alternate {
            let (round, cpu) = try await bench.loaded(
                node, process, work, over: one, seconds: bench.seconds / 2, seed: UInt64(single.count + 2))
            single.append(round)
            singleCPU += cpu
            let (crowd, more) = try await bench.loaded(
                node, process, work, over: many, seconds: bench.seconds / 2, seed: UInt64(single.count + 200))
            loaded.append(crowd)
            loadedCPU += more
        } _: {
            floor.append(try disk.append(documents: 1, bytes: 1024, seconds: bench.seconds / 4))
        }
        report(single, singleCPU, loaded, loadedCPU, floor, cpuMax: cpuMax, singleP50Max: singleP50Max)
        if during { try await bench.profiled(process, work, over: bench.options.connections == 1 ? one : many) }
        for connection in one + many { connection.close() }
    }

    private func report(
        _ single: [LoadRound], _ singleCPU: Double, _ loaded: [LoadRound], _ loadedCPU: Double,
        _ floor: [BareDisk.Round], cpuMax: Double?, singleP50Max: Double?,
    ) {
        func add(_ figure: Figure) { bench.report.add(figure) }
        let syncs = floor.map(\.syncMilliseconds)
        add(
            Figure(
                "\(name).p50_ms", single.milliseconds(at: 50), "ms", aim: singleP50Max.map { .atMost($0) },
                against: "bare-fdatasync", ratio: Ratio(single.map { $0.milliseconds(at: 50) }, over: syncs)))
        add(Figure("\(name).p99_ms", single.milliseconds(at: 99), "ms"))
        add(Figure("disk.sync_ms", syncs.median, "ms"))
        let done = Double(loaded.map(\.done).reduce(0, +))
        add(Figure("\(name).cpu_us", loadedCPU / done * 1e6, "us", aim: cpuMax.map { .atMost($0) }))
        add(
            Figure(
                "\(name).single_cpu_us", singleCPU / Double(single.map(\.done).reduce(0, +)) * 1e6, "us"))
        add(Figure("\(name).rate", loaded.map(\.rate).median, "1/s"))
        add(Figure("\(name).loaded_p50_ms", loaded.milliseconds(at: 50), "ms"))
        add(Figure("\(name).loaded_p99_ms", loaded.milliseconds(at: 99), "ms"))
    }
}
