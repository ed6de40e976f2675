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
        try await ask(store, in: home)
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

    /// The same tables asked twice: as the machine left them, and when their file was just read, so that nothing waits for the disk.
    private func ask(_ store: NodeStore, in home: NodeHome) async throws {
        let count = bench.options.quick ? 2_000 : 10_000
        let found = try await lookUp(store, 0..<count)
        bench.report.words("as it was found, pages that nobody had touched of late not in memory: \(found.words)")
        let stopwatch = Stopwatch()
        let bytes = try Self.readThrough(home.projection.path)
        bench.report.words("then its \(bytes >> 20) MiB were read once, \(Int(stopwatch.milliseconds)) ms")
        let times = try await lookUp(store, count..<2 * count)
        bench.report.add(Figure("match.lookup_p50_ms", times.milliseconds(at: 50), "ms", aim: .atMost(0.3)))
        bench.report.add(Figure("match.lookup_p99_ms", times.milliseconds(at: 99), "ms", aim: .atMost(2)))
        bench.report.add(Figure("match.lookups_per_s", times.rate, "1/s", aim: .atLeast(8000)))
        // What the core spent on it: the rest of the time it waited for the disk, or stood still for another of the host's guests.
        bench.report.add(Figure("match.lookup_cpu_us", times.microsecondsOfCPU, "us", aim: .atMost(125)))
        bench.report.words(
            "of \(count) questions \(times.certain) certain; \(times.compared / count) persons compared and \(times.skipped) keys "
                + "skipped in all")
    }

    /// Asks one question after another, all of one snapshot.
    private func lookUp(_ store: NodeStore, _ numbers: Range<Int>) async throws -> LookupTimes {
        let load = load
        return try await store.projection.persons { snapshot in
            let lookup = PersonLookup(SnapshotIndex(snapshot), policy: .strict)
            var times = LookupTimes()
            for number in numbers {
                let row = load.question(number)
                let (stopwatch, before) = (Stopwatch(), Stopwatch.threadSeconds)
                let packed = PackedRecord(row.demographics, identifiers: row.identifiers)
                let answer = try packed.read { try lookup.lookUp($0) }
                times.add(stopwatch.milliseconds, cpu: Stopwatch.threadSeconds - before, answer)
            }
            return times
        }
    }

    /// Reads a file from its beginning to its end; how many bytes it has.
    private static func readThrough(_ path: String) throws -> Int {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw ExchangeError(.unavailable, "cannot read \(path)") }
        defer { close(file) }
        var block = [UInt8](repeating: 0, count: 1 << 20)
        var bytes = 0
        while true {
            let count = read(file, &block, block.count)
            guard count > 0 else { return bytes }
            bytes += count
        }
    }
}

/// How long look-ups took, and what they looked at.
private struct LookupTimes {
    private var milliseconds: [Double] = []
    private var cpuSeconds = 0.0
    private(set) var skipped = 0
    private(set) var compared = 0
    private(set) var certain = 0

    mutating func add(_ time: Double, cpu: Double, _ answer: LookupAnswer<SnapshotIndex>) {
        milliseconds.append(time)
        cpuSeconds += cpu
        skipped += answer.effort.skippedKeys
        compared += answer.effort.compared
        if answer.persons.first?.grade == .certain { certain += 1 }
    }

    func milliseconds(at percent: Int) -> Double {
        let sorted = milliseconds.sorted()
        return sorted[min(sorted.count * percent / 100, sorted.count - 1)]
    }

    /// Look-ups a second, one after another.
    var rate: Double { Double(milliseconds.count) * 1000 / max(milliseconds.reduce(0, +), 0.001) }

    var microsecondsOfCPU: Double { cpuSeconds / Double(max(milliseconds.count, 1)) * 1e6 }

    var words: String {
        func text(_ value: Double) -> String { String(Double(Int(value * 1000)) / 1000) }
        return "p50 \(text(milliseconds(at: 50))) ms, p99 \(text(milliseconds(at: 99))) ms, \(Int(rate))/s at "
            + "\(Int(microsecondsOfCPU)) us of CPU"
    }
}
