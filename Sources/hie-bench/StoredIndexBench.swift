import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Glibc
import Logging
import PatientIndex
import Storage
import Transactions

/// A node's folder filled with registrations, and looked up in: the tables on disk, one thread, one snapshot.
struct StoredIndexBench {
    private let bench: Bench
    private let load: LoadRegistrations

    /// - Parameter persons: how many people are registered; 1.9 registrations each.
    init(_ bench: Bench, persons: Int) {
        self.bench = bench
        load = LoadRegistrations(persons: persons, seed: 17)
    }

    func run() async throws {
        guard bench.hasProgram else {
            bench.report.words("there is no hie beside this program: the node's own doors are left out")
            let folder = try BenchFolder(under: bench.options.folder ?? "/var/tmp")
            defer { folder.remove() }
            let home = NodeHome(folder.path + "/node")
            let yaml = NodeSetup.yaml(
                name: "Bench facility", community: "1.3.6.1.4.1.21367.2026.99", clients: "127.0.0.1:0", peers: "127.0.0.1:1",
                consent: "opt-out", seeds: [])
            try NodeSetup.create(home, yaml: yaml, world: .system)
            return try await rest(home)
        }
        try await bench.withNode { node in
            try await rest(node.home)
            try await MatchDoors(bench, node, load).run()
        }
    }

    /// Fills the folder of a node at rest, and looks up in it.
    private func rest(_ home: NodeHome) async throws {
        let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        let configuration = try NodeConfiguration(of: home)
        let store = try await NodeStore.open(home, configuration: configuration, world: .system, logger: logger)
        let desk = IdentityDesk(projection: store.projection, journal: store.writer, world: .system, policy: .strict)
        bench.report.words("\(load.persons) persons, \(load.count) registrations on disk in \(home.folder.path)")
        try await fill(desk)
        try await ask(store)
        try await store.close()
    }

    private func fill(_ desk: IdentityDesk) async throws {
        let stopwatch = Stopwatch()
        var load = try await PatientImport(desk)
        for place in 0..<self.load.count { try await load.take(self.load.row(place)) }
        try await load.flush()
        let seconds = stopwatch.seconds
        let isWhole = self.load.persons >= 1_000_000
        bench.report.add(Figure("match.bulk_s", seconds, "s", aim: isWhole ? .atMost(480) : nil))
        bench.report.add(Figure("match.bulk_rate", Double(self.load.count) / max(seconds, 0.001), "1/s", aim: .atLeast(3960)))
        let peak = Double(ProcessUsage(of: getpid())?.peakBytes ?? 0) / 1_048_576
        bench.report.add(Figure("match.bulk_peak_mb", peak, "MiB", aim: .atMost(1536)))
    }

    private func ask(_ store: NodeStore) async throws {
        let (load, count) = (load, bench.options.quick ? 2_000 : 10_000)
        let (times, cpu, skipped, compared, certain) = try await store.projection.persons { snapshot in
            let lookup = PersonLookup(SnapshotIndex(snapshot), policy: .strict)
            var times: [Double] = []
            var cpu = 0.0
            var (skipped, compared, certain) = (0, 0, 0)
            // The first thousand warm the cache of pages.
            for number in -1000..<count {
                let row = load.question(number + 1000)
                let (stopwatch, before) = (Stopwatch(), Stopwatch.threadSeconds)
                let packed = PackedRecord(row.demographics, identifiers: row.identifiers)
                let answer = try packed.read { try lookup.lookUp($0) }
                guard number >= 0 else { continue }
                times.append(stopwatch.milliseconds)
                cpu += Stopwatch.threadSeconds - before
                skipped += answer.effort.skippedKeys
                compared += answer.effort.compared
                if answer.persons.first?.grade == .certain { certain += 1 }
            }
            return (times.sorted(), cpu, skipped, compared, certain)
        }
        let total = times.reduce(0, +)
        bench.report.add(Figure("match.lookup_p50_ms", times[times.count / 2], "ms", aim: .atMost(0.3)))
        bench.report.add(Figure("match.lookup_p99_ms", times[times.count * 99 / 100], "ms", aim: .atMost(2)))
        bench.report.add(Figure("match.lookups_per_s", Double(times.count) * 1000 / max(total, 0.001), "1/s", aim: .atLeast(8000)))
        // What the core spent on it: the rest of the time it waited for the disk, or stood still for another of the host's guests.
        bench.report.add(Figure("match.lookup_cpu_us", cpu / Double(count) * 1e6, "us", aim: .atMost(125)))
        bench.report.words(
            "of \(count) questions \(certain) certain; \(compared / count) persons compared and \(skipped) keys skipped in all")
    }
}
