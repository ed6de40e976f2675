import ArgumentParser
import ExchangeCore
import ExchangeNode
import PeerTransport

/// `hie-bench publish`.
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Durable publishes (ITI-65, 8 KiB) over mutual TLS, beside bare append, PostgreSQL and Orthanc.",
        discussion: """
            64 connections publish one document each at a time. The floor appends 64 documents
            to a sync, and one to a sync, on the same disk in alternating rounds; PostgreSQL, where it
            is installed, takes one statement a publish, without HTTP, TLS, consent or proof; Orthanc an
            object a request over 8 connections, where it is fastest, without TLS or consent. Syncs are
            counted with strace on a round of their own, where that is installed.

            EXAMPLE
              hie-bench publish --quick
            """)

    @OptionGroup var options: BenchOptions

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        try await Self.measure(bench)
        bench.report.end()
    }

    static let documentBytes = 8 << 10

    static func measure(_ bench: Bench) async throws {
        try await bench.withNode { node in
            let process = try await emptyNode(bench, node)
            defer { node.kill(process) }
            let patients = try await node.register(bench.options.quick ? 200 : 1000)
            let work = PublishWork(node: node, patients: patients, document: BenchDocument(bytes: documentBytes))
            let connections = try await node.connections(bench.options.connections)
            _ = try await bench.loaded(node, process, work, over: connections, seconds: 1, seed: 1)
            try await rounds(bench, node, process, work, connections)
            try await syncs(bench, node, process, work, connections)
            try await bench.profiled(process, work, over: connections)
            if let usage = ProcessUsage(of: process.id) {
                bench.report.add(Figure("publish.peak_rss_mb", Double(usage.peakBytes) / 1e6, "MB"))
            }
            for connection in connections { connection.close() }
        }
    }

    /// Starts a fresh node: how long that takes, and what it holds when nobody asks anything.
    private static func emptyNode(_ bench: Bench, _ node: BenchNode) async throws -> ChildProcess {
        let (first, _) = try await node.start()
        node.stop(first)
        var starts: [Double] = []
        for _ in 0..<4 {
            let (process, milliseconds) = try await node.start()
            starts.append(milliseconds)
            node.kill(process)
        }
        let (process, milliseconds) = try await node.start()
        starts.append(milliseconds)
        bench.report.add(Figure("node.start_empty_ms", starts.median, "ms", aim: .atMost(350)))
        try await World.system.sleep(.seconds(2))
        if let usage = ProcessUsage(of: process.id) {
            bench.report.add(
                Figure("node.idle_rss_mb", Double(usage.residentBytes) / 1e6, "MB", aim: .atMost(60)))
        }
        return process
    }

    private static func rounds(
        _ bench: Bench, _ node: BenchNode, _ process: ChildProcess, _ work: PublishWork, _ connections: [HTTPConnection],
    ) async throws {
        let disk = BareDisk(folder: node.folder)
        // Not in the node's folder, which only its owner may enter: PostgreSQL steps down to a user of its own.
        let folder = try BenchFolder(under: bench.options.folder ?? "/var/tmp")
        defer { folder.remove() }
        let postgres = bench.options.quick ? nil : try PostgresPeer.started(in: folder.path, report: bench.report)
        defer { postgres?.stop() }
        let orthanc = bench.options.quick ? nil : try await OrthancPeer.started(in: folder.path, report: bench.report)
        defer { orthanc?.stop() }
        let objects = OrthancStoreWork(document: DICOMDocument(bytes: documentBytes), patients: 1000)
        var statements: [Double] = []
        var stored: [LoadRound] = []
        let orthancBefore = orthanc?.usage?.cpuSeconds ?? 0
        var ours: [LoadRound] = []
        var cpu = 0.0
        var grouped: [BareDisk.Round] = []
        var single: [BareDisk.Round] = []
        try await bench.demandIdle()
        try await bench.alternate {
            let (round, seconds) = try await bench.loaded(
                node, process, work, over: connections, seconds: bench.seconds, seed: UInt64(ours.count + 2))
            ours.append(round)
            cpu += seconds
        } _: {
            grouped.append(try disk.append(documents: 64, bytes: documentBytes, seconds: bench.seconds / 2))
            single.append(try disk.append(documents: 1, bytes: documentBytes, seconds: bench.seconds / 2))
            if let postgres { statements.append(try postgres.publish(bench.options.connections, seconds: bench.seconds)) }
            if let orthanc {
                // It closes connections that have been idle for a second.
                let connections = try await orthanc.connections(OrthancPeer.connectionCount)
                let round = await Load.run(objects, over: connections, seconds: bench.seconds, seed: UInt64(stored.count + 2))
                for connection in connections { connection.close() }
                stored.append(round)
            }
        }
        let rates = ours.map(\.rate)
        let done = ours.map(\.done).reduce(0, +)
        bench.report.add(
            Figure(
                "publish.rate", rates.median, "1/s", aim: .atLeast(1500), against: "bare-append-fsync",
                ratio: Ratio(rates, over: grouped.map(\.rate))))
        if let ratio = Ratio(rates, over: statements) {
            bench.report.add(
                Figure(
                    "publish.vs_postgres", ratio.median, "times", aim: .atLeast(1.3),
                    against: "PostgreSQL, one statement: \(Figure.digits(statements.median))/s", ratio: ratio))
        }
        if let ratio = Ratio(rates, over: stored.map(\.rate)) {
            let orthancDone = stored.map(\.done).reduce(0, +)
            let orthancCPU = ((orthanc?.usage?.cpuSeconds ?? 0) - orthancBefore) / Double(max(1, orthancDone)) * 1e6
            bench.report.add(
                Figure(
                    "publish.vs_orthanc", ratio.median, "times", aim: .atLeast(5),
                    against: "Orthanc: \(Figure.digits(stored.map(\.rate).median))/s, \(Figure.digits(orthancCPU)) us of CPU",
                    ratio: ratio))
        } else if let fault = stored.first(where: { $0.done == 0 })?.fault {
            bench.report.words("Orthanc is left out: \(fault)")
        }
        bench.report.add(Figure("publish.p50_ms", ours.milliseconds(at: 50), "ms"))
        bench.report.add(
            Figure(
                "publish.p99_ms", ours.milliseconds(at: 99), "ms", against: "bare-append-fsync",
                ratio: Ratio(ours.map { $0.milliseconds(at: 99) }, over: grouped.map(\.syncMilliseconds))))
        bench.report.add(Figure("publish.cpu_us", cpu / Double(done) * 1e6, "us", aim: .atMost(300)))
        bench.report.add(Figure("disk.append64_rate", grouped.map(\.rate).median, "1/s"))
        bench.report.add(Figure("disk.append64_sync_ms", grouped.map(\.syncMilliseconds).median, "ms"))
        bench.report.add(
            Figure(
                "disk.append1_rate", single.map(\.rate).median, "1/s", against: "publish.rate",
                ratio: Ratio(single.map(\.rate), over: rates)))
    }

    /// An extra round, not timed: strace slows what it watches.
    private static func syncs(
        _ bench: Bench, _ node: BenchNode, _ process: ChildProcess, _ work: PublishWork, _ connections: [HTTPConnection],
    ) async throws {
        guard SyncCount.isPossible else {
            return bench.report.words("publish.docs_per_sync is left out: strace is not installed")
        }
        var done = 0
        let syncs = try await SyncCount.count(process, folder: node.folder) {
            done = await Load.run(work, over: connections, seconds: 3, seed: 99).done
        }
        guard let syncs, syncs > 0 else {
            return bench.report.words("publish.docs_per_sync is left out: strace may not watch the node")
        }
        bench.report.add(
            Figure("publish.docs_per_sync", Double(done) / Double(syncs), "documents", aim: .atLeast(12)))
    }
}
